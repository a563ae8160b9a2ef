//! Making and deleting streams.
#![expect(missing_docs, reason = "the fields a server function makes of its arguments; the names are the form's")]

use leptos::prelude::*;

use super::error::ApiError;

/// Makes a stream and imports into it; then the import's page, or the stream's if nothing is imported.
///
/// # Errors
/// Goes back to the preview of the form with the error.
#[server(prefix = "/api/fn", endpoint = "streams/create")]
#[expect(clippy::too_many_arguments, reason = "the fields of the form")]
pub async fn create_stream(
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
    let fields = super::form::ImportFields { namespace, name, source, tags, chosen, insecure, shown, pick }.picked();
    let done = super::imports::begin(&call, &fields, true).await;
    super::guard::answer::<CreateStream>(&fields.preview(None), done)
}

/// Deletes a stream whose name was typed as `confirm`; then the stream list.
///
/// # Errors
/// Goes back to the preview with the error.
#[server(prefix = "/api/fn", endpoint = "streams/delete")]
pub async fn delete_stream(
    namespace: String,
    name: String,
    #[server(default)] confirm: String,
    token: String,
    csrf: String,
) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let stream = super::form::stream(&namespace, &name)?;
    let done = if confirm.trim() == stream.name.as_str() || confirm.trim() == stream.to_string() {
        let deleted = call.engine.delete_stream(&call.actor, &stream, &token).await;
        deleted.map(|_| crate::routes::streams()).map_err(ApiError::from)
    } else {
        Err(ApiError::invalid("confirm", format!("type {} to delete the stream; nothing was deleted", stream.name)))
    };
    super::guard::answer::<DeleteStream>(&crate::routes::delete_stream(&stream), done)
}
