//! Streams: delete.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Deletes a stream as the preview said; `typed` is its name, written by hand.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "streams/delete", input = PostUrl)]
pub async fn delete_stream(
    namespace: String,
    name: String,
    typed: String,
    token: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let deleted = if typed.trim() == stream.to_string() {
        let deleted = call.engine.delete_stream(&call.actor, &stream, &token);
        deleted.await.map_err(ApiError::from)
    } else {
        Err(ApiError::invalid(
            "typed",
            format!("type {stream} to delete it: this cannot be undone"),
        ))
    };
    super::guard::answer::<DeleteStream>(
        &crate::routes::delete_stream(&stream),
        deleted.map(|_| crate::routes::STREAMS.to_owned()),
    )
}
