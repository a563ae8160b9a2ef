//! Definitions: preview, apply.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Keeps the text and goes to its preview. Fields as on the form.
///
/// # Errors
/// A refusal for the form.
#[server(prefix = "/api/fn", endpoint = "definitions/preview", input = PostUrl)]
pub async fn preview_definitions(
    #[server(default)] namespace: String,
    #[server(default)] text: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let draft = engine::Draft { namespace, text };
    let saved = call.engine.save_draft(&call.actor, &draft).await;
    super::guard::answer::<PreviewDefinitions>(
        crate::routes::APPLY,
        saved
            .map(|id| crate::routes::draft(&id) + "#preview")
            .map_err(ApiError::from),
    )
}

/// Applies the text as its preview said.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "definitions/apply", input = PostUrl)]
pub async fn apply_definitions(draft: String, token: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let page = crate::routes::draft(&draft);
    let applied = async {
        let draft = call.engine.draft(&call.actor, &draft).await?;
        let streams = call
            .engine
            .apply_definitions(&call.actor, &draft, &token)
            .await?;
        Ok(match streams.as_slice() {
            [one] => crate::routes::stream(one),
            _ => crate::routes::STREAMS.to_owned(),
        })
    };
    super::guard::answer::<ApplyDefinitions>(&page, applied.await)
}
