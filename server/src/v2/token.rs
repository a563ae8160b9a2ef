//! `/openshift/token`: hands out what a client may show at `/v2/`. An API token comes as the password and goes back as the
//! token; without one it is the word for nobody in particular.
//!
//! `service` and `scope` of docker's token protocol may be given and change nothing: a token may what its user may, and
//! each request is checked on its own.

use axum::{
    Form, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::{
    auth::{ANONYMOUS, Challenge, Shown, TOKENS_ONLY, shown, user},
    error::{Code, Refusal},
};
use crate::state::AppState;

/// Seconds a client may go without asking again.
const FRESH: u32 = 300;
/// Bytes of a form, at most.
pub const FORM: usize = 64 << 10;

/// Docker's token request.
pub async fn get(State(state): State<AppState>, headers: HeaderMap) -> Response {
    match shown(&headers) {
        Shown::Nothing => issued(ANONYMOUS),
        Shown::Token(token) => hand_out(&state, &headers, &token).await,
        Shown::Garbage => refused(
            &state,
            &headers,
            Refusal::new(Code::Unauthorized, TOKENS_ONLY),
        ),
    }
}

/// An OAuth token request, as docker sends it when it keeps an identity token.
#[derive(Deserialize)]
pub struct Request {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    refresh_token: String,
}

/// The same as an OAuth form.
pub async fn post(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<Request>,
) -> Response {
    let token = match form.grant_type.as_str() {
        "password" => &form.password,
        "refresh_token" => &form.refresh_token,
        _ => {
            let body = json!({ "error": "unsupported_grant_type",
                "error_description": "send grant_type password or refresh_token" });
            return (http::StatusCode::BAD_REQUEST, Json(body)).into_response();
        }
    };
    hand_out(&state, &headers, token).await
}

async fn hand_out(state: &AppState, headers: &HeaderMap, token: &str) -> Response {
    match user(&state.engine, token).await {
        Ok(_) => issued(token),
        Err(refusal) => refused(state, headers, refusal),
    }
}

fn issued(token: &str) -> Response {
    Json(json!({ "token": token, "access_token": token, "expires_in": FRESH })).into_response()
}

fn refused(state: &AppState, headers: &HeaderMap, refusal: Refusal) -> Response {
    Challenge::of(&state.site, headers).refuse(headers, None, refusal)
}
