//! Settings of a namespace.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Lets everybody pull from a namespace when `open` is ticked, or no longer.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "namespaces/anonymous-pull", input = PostUrl)]
pub async fn set_anonymous_pull(
    namespace: String,
    #[server(default)] open: Option<String>,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let namespace: model::Namespace = namespace
        .parse()
        .map_err(|error: model::name::NameError| ApiError::NotFound(error.to_string()))?;
    let form = crate::routes::namespace_settings(&namespace);
    let set = call
        .engine
        .set_anonymous_pull(&call.actor, &namespace, open.is_some())
        .await;
    let done = set
        .map(|()| crate::routes::with_query(&form, &[("done", "1")]))
        .map_err(ApiError::from);
    super::guard::answer::<SetAnonymousPull>(&form, done)
}
