//! Edits: rollback, hold, release, policies, undo; policies of many streams.
#![expect(
    missing_docs,
    reason = "the generated types mirror the documented functions' arguments"
)]

use leptos::{prelude::*, server_fn::codec::PostUrl};

use super::ApiError;

/// Does an edit as its preview said. `edit` is the request the preview was made of, `token` names the plan.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "streams/edit", input = PostUrl)]
pub async fn edit_stream(
    namespace: String,
    name: String,
    edit: String,
    token: String,
) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let stream = super::form::stream(&namespace, &name)?;
    let edit: model::edit::Edit = super::form::edit(&edit)?;
    let done = call
        .engine
        .edit(&call.actor, &stream, &edit, &token)
        .await
        .map(|done| crate::routes::after_edit(&stream, &edit, done.number))
        .map_err(ApiError::from);
    super::guard::answer::<EditStream>(&crate::routes::edit(&stream, &edit), done)
}

/// Changes the policies of many streams as the preview said. `edit` and `token` as above.
///
/// # Errors
/// A refusal for the page.
#[server(prefix = "/api/fn", endpoint = "streams/bulk", input = PostUrl)]
pub async fn edit_streams(edit: String, token: String) -> Result<(), ApiError> {
    let call = crate::context::call()?;
    let edit: model::edit::BulkEdit = super::form::edit(&edit)?;
    let done = call
        .engine
        .bulk(&call.actor, &edit, &token)
        .await
        .map(|done| crate::routes::after_bulk(&edit, done.number, done.next.as_ref()))
        .map_err(ApiError::from);
    super::guard::answer::<EditStreams>(&crate::routes::bulk(&edit), done)
}
