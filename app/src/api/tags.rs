//! Tags: set, delete.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Sets tags as their preview said. `form` is what was written in the form of the stream, as JSON; `token` names the
/// plan that was confirmed.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "tags/set", input = PostUrl)]
pub async fn set_tag(
    namespace: String,
    name: String,
    form: String,
    token: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let form = super::form::TagForm::from_field(&form)?;
    let set = async {
        let request = form.request(&stream)?;
        call.engine.set_tag(&call.actor, &request, &token).await?;
        // Where the effect is: the form's own stream if a tag of it was set, else that of the first one.
        let own = request.destinations.iter().any(|at| at.stream == stream);
        let shown = request.destinations.first().filter(|_| !own);
        Ok(crate::routes::stream(
            shown.map_or(&stream, |at| &at.stream),
        ))
    };
    super::guard::answer::<SetTag>(&form.preview(&stream), set.await)
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
