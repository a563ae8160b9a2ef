//! Setting and deleting tags.
#![expect(missing_docs, reason = "the fields a server function makes of its arguments; the names are the form's")]

use leptos::prelude::*;

use super::error::ApiError;

/// Sets a tag as the plan that `token` confirms; then the stream's page.
///
/// # Errors
/// Goes back to the preview of the form with the error.
#[server(prefix = "/api/fn", endpoint = "tags/set")]
pub async fn set_tag(
    namespace: String,
    name: String,
    source: String,
    destination: String,
    #[server(default)] mode: String,
    token: String,
    csrf: String,
) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let stream = super::form::stream(&namespace, &name)?;
    let values =
        [("source", source.as_str()), ("destination", &destination), ("mode", &mode), ("preview", "1")];
    let form = crate::routes::tag_form_with(&stream, &values);
    let done = async {
        let request = super::form::tag(stream.clone(), &source, &destination, &mode)?;
        call.engine.set_tag(&call.actor, &request, &token).await?;
        Ok(crate::routes::stream(&stream))
    };
    super::guard::answer::<SetTag>(&form, done.await)
}

/// Deletes tags (separated by commas or space) as the plan that `token` confirms; then the stream's page.
///
/// # Errors
/// Goes back to the preview with the error.
#[server(prefix = "/api/fn", endpoint = "tags/delete")]
pub async fn delete_tags(
    namespace: String,
    name: String,
    tags: String,
    token: String,
    csrf: String,
) -> Result<(), ApiError> {
    let call = super::guard::authorised(&csrf)?;
    let stream = super::form::stream(&namespace, &name)?;
    let tags = super::form::tag_names(&tags, "tags")?;
    let deleted = call.engine.delete_tags(&call.actor, &stream, &tags, &token).await;
    let done = deleted.map(|_| crate::routes::stream(&stream)).map_err(ApiError::from);
    super::guard::answer::<DeleteTags>(&crate::routes::delete_tags(&stream, &tags), done)
}
