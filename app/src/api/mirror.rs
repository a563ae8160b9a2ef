//! Mirroring on request.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Stores what is missing of tags' images; `tag` holds the tags, none for all of the stream.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "mirror/start", input = PostUrl)]
pub async fn start_mirror(
    namespace: String,
    name: String,
    #[server(default)] tag: Vec<String>,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let tags = super::form::tags(&tag.join(","))?;
    let job = call.engine.start_mirror(&call.actor, &stream, &tags).await;
    let page = match tags.as_slice() {
        [tag] => crate::routes::tag(&stream, tag),
        _ => crate::routes::stream(&stream),
    };
    super::guard::answer::<StartMirror>(
        &page,
        job.map(|job| crate::routes::job(&job))
            .map_err(ApiError::from),
    )
}
