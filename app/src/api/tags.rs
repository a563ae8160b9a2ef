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
    let form = crate::routes::tag_form_with(
        &stream,
        &[
            ("source", &source),
            ("destination", &destination),
            ("mode", &mode),
            ("preview", "1"),
        ],
    );
    let set = async {
        let request = super::form::tag_request(stream.clone(), &source, &destination, &mode)?;
        call.engine.set_tag(&call.actor, &request, &token).await?;
        Ok(crate::routes::stream(&stream))
    };
    super::guard::answer::<SetTag>(&form, set.await)
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
    let deleted = call.engine.delete_tags(&call.actor, &stream, &tags, &token);
    let pairs: Vec<_> = tags.iter().map(|tag| ("tag", tag.as_str())).collect();
    super::guard::answer::<DeleteTags>(
        &crate::routes::with_query(&crate::routes::delete_tags(&stream), &pairs),
        deleted
            .await
            .map(|_| crate::routes::stream(&stream))
            .map_err(ApiError::from),
    )
}
