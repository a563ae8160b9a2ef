//! Import: start, again, the rest, cancel.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Makes a stream and starts its first import. Fields as on the form.
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
    #[server(default)] insecure: String,
) -> Result<(), ApiError> {
    let form = super::form::ImportForm {
        namespace,
        name,
        source,
        selection: tags,
        chosen,
        insecure: !insecure.is_empty(),
    };
    start(form, true).await
}

/// Starts an import into a stream that is there. Fields as on the form.
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
    #[server(default)] insecure: String,
) -> Result<(), ApiError> {
    let form = super::form::ImportForm {
        namespace,
        name,
        source,
        selection: tags,
        chosen,
        insecure: !insecure.is_empty(),
    };
    start(form, false).await
}

#[cfg(feature = "ssr")]
async fn start(form: super::form::ImportForm, create: bool) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let request = form.request(create)?;
    let to = match call.engine.start_import(&call.actor, &request).await? {
        Some(job) => crate::routes::job(&job),
        None => crate::routes::stream(&request.stream),
    };
    leptos_axum::redirect(&to);
    Ok(())
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
    let job = call
        .engine
        .import_again(&call.actor, &stream, &tags)
        .await?;
    leptos_axum::redirect(&crate::routes::job(&job));
    Ok(())
}

/// Imports what the cap left out.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "imports/rest", input = PostUrl)]
pub async fn import_left_out(namespace: String, name: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let job = call.engine.import_left_out(&call.actor, &stream).await?;
    leptos_axum::redirect(&crate::routes::job(&job));
    Ok(())
}

/// Stops an import.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "imports/cancel", input = PostUrl)]
pub async fn cancel_import(id: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    call.engine.cancel_job(&call.actor, &id).await?;
    leptos_axum::redirect(&crate::routes::job(&id));
    Ok(())
}
