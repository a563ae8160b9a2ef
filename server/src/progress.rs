//! `/imports/{id}/progress`: how far an import is, for the island on its page.

use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::json;

use crate::{answer, auth::visitor::Visitor, state::AppState};

/// The routes of this file.
pub fn routes() -> Router<AppState> {
    Router::new().route("/imports/{id}/progress", get(progress))
}

async fn progress(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let Some(actor) = visitor.actor else {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({ "error": "sign in first" })),
        )
            .into_response();
    };
    match state.engine.job(&actor, &id).await {
        Ok(job) => Json(json!({
            "state": job.state.as_str(),
            "text": job.summary(state.engine.clock().now()),
            "done": job.progress.done,
            "failed": job.progress.failed,
            "total": job.progress.total,
        }))
        .into_response(),
        Err(error) => answer::json(&error),
    }
}
