//! Import: start, again, the rest, cancel.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]
#![expect(clippy::too_many_arguments, reason = "the fields of the form")]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Makes a stream and starts its first import. Fields as on the form; `shown` and `pick` are the preview's boxes.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "streams/create", input = PostUrl)]
pub async fn create_stream(
    namespace: String,
    name: String,
    #[server(default)] source: String,
    #[server(default)] tags: String,
    #[server(default)] chosen: String,
    #[server(default)] include: String,
    #[server(default)] exclude: String,
    #[server(default)] range: String,
    #[server(default)] newest: String,
    #[server(default)] insecure: String,
    #[server(default)] scheduled: String,
    #[server(default)] pull: String,
    #[server(default)] platforms: String,
    #[server(default)] os: String,
    #[server(default)] architecture: String,
    #[server(default)] shown: String,
    #[server(default)] pick: Vec<String>,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let form = super::form::ImportForm {
        namespace,
        name,
        source,
        selection: tags,
        chosen,
        narrow: super::form::NarrowForm {
            include,
            exclude,
            range,
            newest,
            ..Default::default()
        },
        insecure: !insecure.is_empty(),
        scheduled: !scheduled.is_empty(),
        options: super::form::OptionsForm {
            pull,
            platforms,
            os,
            architecture,
        },
    }
    .picked(&shown, &pick);
    let started = start(&call, &form, true).await;
    super::guard::answer::<CreateStream>(&form.preview(true), started)
}

/// Starts an import into a stream that is there. Fields as on the form; `shown` and `pick` are the preview's boxes.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "imports/start", input = PostUrl)]
pub async fn start_import(
    namespace: String,
    name: String,
    #[server(default)] source: String,
    #[server(default)] tags: String,
    #[server(default)] chosen: String,
    #[server(default)] include: String,
    #[server(default)] exclude: String,
    #[server(default)] range: String,
    #[server(default)] newest: String,
    #[server(default)] insecure: String,
    #[server(default)] scheduled: String,
    #[server(default)] pull: String,
    #[server(default)] platforms: String,
    #[server(default)] os: String,
    #[server(default)] architecture: String,
    #[server(default)] shown: String,
    #[server(default)] pick: Vec<String>,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let form = super::form::ImportForm {
        namespace,
        name,
        source,
        selection: tags,
        chosen,
        narrow: super::form::NarrowForm {
            include,
            exclude,
            range,
            newest,
            ..Default::default()
        },
        insecure: !insecure.is_empty(),
        scheduled: !scheduled.is_empty(),
        options: super::form::OptionsForm {
            pull,
            platforms,
            os,
            architecture,
        },
    }
    .picked(&shown, &pick);
    let started = start(&call, &form, false).await;
    super::guard::answer::<StartImport>(&form.preview(false), started)
}

/// Starts the import and says where it is seen.
#[cfg(feature = "ssr")]
async fn start(
    call: &crate::context::Call,
    form: &super::form::ImportForm,
    create: bool,
) -> Result<String, ApiError> {
    let request = form.request(create)?;
    let job = call.engine.start_import(&call.actor, &request).await?;
    Ok(match job {
        Some(job) => crate::routes::job(&job),
        None => crate::routes::stream(&request.stream),
    })
}

/// Imports tags again as their specs say; `tag` holds them separated by commas, empty for all.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "imports/again", input = PostUrl)]
pub async fn import_again(
    namespace: String,
    name: String,
    #[server(default)] tag: Vec<String>,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let tags = super::form::tags(&tag.join(","))?;
    let job = call.engine.import_again(&call.actor, &stream, &tags).await;
    // One tag was asked for on its own page.
    let page = match tags.as_slice() {
        [tag] => crate::routes::tag(&stream, tag),
        _ => crate::routes::stream(&stream),
    };
    super::guard::answer::<ImportAgain>(
        &page,
        job.map(|job| crate::routes::job(&job))
            .map_err(ApiError::from),
    )
}

/// Imports what the cap left out.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "imports/rest", input = PostUrl)]
pub async fn import_left_out(namespace: String, name: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let job = call.engine.import_left_out(&call.actor, &stream).await;
    super::guard::answer::<ImportLeftOut>(
        &crate::routes::stream(&stream),
        job.map(|job| crate::routes::job(&job))
            .map_err(ApiError::from),
    )
}

/// Stops an import.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "imports/cancel", input = PostUrl)]
pub async fn cancel_import(id: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let page = crate::routes::job(&id);
    let cancelled = call.engine.cancel_job(&call.actor, &id).await;
    super::guard::answer::<CancelImport>(
        &page,
        cancelled.map(|()| page.clone()).map_err(ApiError::from),
    )
}

/// Does not try a failed tag again by itself.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "imports/stop", input = PostUrl)]
pub async fn stop_trying(namespace: String, name: String, tag: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let tag = tag
        .parse()
        .map_err(|error: model::name::NameError| ApiError::invalid("tag", error.to_string()))?;
    let page = crate::routes::tag(&stream, &tag);
    let stopped = call.engine.stop_trying(&call.actor, &stream, &tag).await;
    super::guard::answer::<StopTrying>(
        &page,
        stopped.map(|()| page.clone()).map_err(ApiError::from),
    )
}
