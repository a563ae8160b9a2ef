//! Starting and stopping imports.
#![expect(missing_docs, reason = "the fields a server function makes of its arguments; the names are the form's")]

use leptos::prelude::*;

use super::error::ApiError;

/// Imports into a stream that exists; then the import's page.
///
/// # Errors
/// Goes back to the preview of the form with the error.
#[server(prefix = "/api/fn", endpoint = "imports/start")]
#[expect(clippy::too_many_arguments, reason = "the fields of the form")]
pub async fn start_import(
    namespace: String,
    name: String,
    #[server(default)] source: String,
    tags: String,
    #[server(default)] chosen: String,
    #[server(default)] insecure: String,
    #[server(default)] shown: String,
    #[server(default)] pick: Vec<String>,
    csrf: String,
) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let stream = super::form::stream(&namespace, &name)?;
    let fields = super::form::ImportFields { namespace, name, source, tags, chosen, insecure, shown, pick }.picked();
    let done = begin(&call, &fields, false).await;
    super::guard::answer::<StartImport>(&fields.preview(Some(&stream)), done)
}

/// Imports again what the stream's tags say: `tags` separated by commas or space, none for all; then the import's page.
///
/// # Errors
/// Goes back to the stream with the error.
#[server(prefix = "/api/fn", endpoint = "imports/again")]
pub async fn import_again(
    namespace: String,
    name: String,
    #[server(default)] tags: String,
    csrf: String,
) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let stream = super::form::stream(&namespace, &name)?;
    let done = async {
        let tags = super::form::tag_names(&tags, "tags")?;
        let job = call.engine.import_again(&call.actor, &stream, &tags).await?;
        Ok(crate::routes::job(&job))
    };
    super::guard::answer::<ImportAgain>(&crate::routes::stream(&stream), done.await)
}

/// Imports what the newest repository import left out; then the import's page.
///
/// # Errors
/// Goes back to the stream with the error.
#[server(prefix = "/api/fn", endpoint = "imports/rest")]
pub async fn import_rest(namespace: String, name: String, csrf: String) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let stream = super::form::stream(&namespace, &name)?;
    let job = call.engine.import_left_out(&call.actor, &stream).await;
    let done = job.map(|job| crate::routes::job(&job)).map_err(ApiError::from);
    super::guard::answer::<ImportRest>(&crate::routes::stream(&stream), done)
}

/// Stops an import; then its page.
///
/// # Errors
/// Goes back to the import with the error.
#[server(prefix = "/api/fn", endpoint = "imports/cancel")]
pub async fn cancel_import(id: String, csrf: String) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let page = crate::routes::job(&id);
    let cancelled = call.engine.cancel_job(&call.actor, &id).await;
    let done = cancelled.map(|()| page.clone()).map_err(ApiError::from);
    super::guard::answer::<CancelImport>(&page, done)
}

/// Starts the import of a form and says where it is seen.
#[cfg(feature = "ssr")]
pub(super) async fn begin(
    call: &crate::context::Call,
    fields: &super::form::ImportFields,
    create: bool,
) -> Result<String, ApiError> {
    let request = super::form::import(fields, create)?;
    let job = call.engine.start_import(&call.actor, &request).await?;
    Ok(job.map_or_else(|| crate::routes::stream(&request.stream), |job| crate::routes::job(&job)))
}
