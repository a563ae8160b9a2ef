//! What an engine error looks like over HTTP where no Leptos page renders it. Our own faults are logged here, once.

use app::api::ApiError;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use engine::Error;
use http::StatusCode;
use serde_json::json;

use crate::plain;

/// The status of an error.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Denied(_) => StatusCode::FORBIDDEN,
        Error::Upstream { .. } => StatusCode::BAD_GATEWAY,
        Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of what a server function answered.
#[must_use]
pub fn refusal_status(refusal: &ApiError) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// As JSON: `{"error": "…"}` with the text a person may see.
#[must_use]
pub fn json(error: &Error) -> Response {
    let text = match error {
        Error::Internal { .. } => {
            tracing::error!(%error, "a request failed");
            "a fault in Weir; its log has more".to_owned()
        }
        _ => error.to_string(),
    };
    (status(error), Json(json!({ "error": text }))).into_response()
}

/// As a plain page, for faults of ours.
#[must_use]
pub fn page(error: &Error) -> Response {
    tracing::error!(%error, "a request failed");
    plain::page(
        status(error),
        "Something went wrong",
        "The log has more under the request's id.",
        None,
    )
}

/// A form without the token of its reader.
#[must_use]
pub fn stale_form() -> Response {
    plain::page(
        StatusCode::FORBIDDEN,
        "This form is out of date",
        "Nothing was changed. You may have signed in or out since the page was made: go back, reload it and send it again.",
        None,
    )
}

/// The database does not answer.
#[must_use]
pub fn unavailable() -> Response {
    plain::page(
        StatusCode::SERVICE_UNAVAILABLE,
        "Not available",
        "Weir cannot reach its database. Try again in a moment.",
        None,
    )
}
