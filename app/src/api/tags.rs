//! Tags: set, delete.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Sets a tag as its preview said. Fields as on the form; `token` names the plan that was confirmed.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "tags/set", input = PostUrl)]
pub async fn set_tag(
    namespace: String,
    name: String,
    source: String,
    destination: String,
    mode: String,
    token: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let request = super::form::tag_request(stream, &source, &destination, &mode)?;
    call.engine.set_tag(&call.actor, &request, &token).await?;
    leptos_axum::redirect(&crate::routes::stream(&request.stream));
    Ok(())
}

/// Deletes tags as the preview said; `tags` holds them separated by commas.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "tags/delete", input = PostUrl)]
pub async fn delete_tags(
    namespace: String,
    name: String,
    tags: String,
    token: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let tags = super::form::tags(&tags)?;
    call.engine
        .delete_tags(&call.actor, &stream, &tags, &token)
        .await?;
    leptos_axum::redirect(&crate::routes::stream(&stream));
    Ok(())
}
