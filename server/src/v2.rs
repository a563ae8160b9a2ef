//! The registry door: `/v2/` as the OCI distribution specification has it, and `/openshift/token`. Wire only: a request is
//! parsed to a [`names::Route`], its token to an [`engine::Actor`], and the engine decides.
//!
//! Nothing here reads a cookie, and none of the pages' layers (sessions, forms' tokens, compression, body limit) is around
//! it: what a client gets are the bytes as they are stored.
//!
//! So far it signs in, pulls and lists; other routes say that they are not supported.

mod auth;
mod blobs;
mod catalog;
mod error;
mod manifests;
pub mod names;
mod paging;
mod tags;
mod token;

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use serde_json::json;

use self::{
    error::{Code, Refusal},
    names::Route,
};
use crate::state::AppState;

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const SIGNATURES: HeaderName = HeaderName::from_static("x-registry-supports-signatures");

/// The routes of the door.
pub fn routes(state: AppState) -> Router {
    let registry = Router::new()
        .route("/v2", any(dispatch))
        .route("/v2/", any(dispatch))
        .route("/v2/{*path}", any(dispatch))
        .route("/extensions/v2/{*path}", any(dispatch))
        .layer(from_fn(advertise));
    Router::new()
        .route("/openshift/token", get(token::get).post(token::post))
        .merge(registry)
        .with_state(state)
}

/// Says on every answer which interface this is.
async fn advertise(request: Request, next: Next) -> Response {
    let head = *request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    headers.insert(SIGNATURES, HeaderValue::from_static("1"));
    if head {
        let (parts, _) = response.into_parts();
        return Response::from_parts(parts, axum::body::Body::empty());
    }
    response
}

/// Finds out who asks, then what for. In this order: somebody unknown learns nothing from how an address is refused.
async fn dispatch(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _body) = request.into_parts();
    let challenge = auth::Challenge::of(&state.site, &parts.headers);
    let route = names::parse(parts.uri.path(), parts.uri.query());
    let answered = async {
        let actor = auth::actor(&state.engine, &parts.headers).await?;
        let route = route.as_ref().map_err(Refusal::clone)?;
        match (&parts.method, route) {
            (&Method::GET | &Method::HEAD, Route::Base) => Ok(base()),
            (&Method::GET, Route::Catalog) => {
                catalog::list(&state.engine, &actor, parts.uri.query()).await
            }
            (&Method::GET, Route::Tags(stream)) => {
                tags::list(&state.engine, &actor, stream, parts.uri.query()).await
            }
            (&Method::GET | &Method::HEAD, Route::Manifest(stream, target)) => {
                manifests::pull(&state.engine, &actor, stream, target, &parts.headers).await
            }
            (&Method::GET, Route::Blob(stream, digest)) => {
                blobs::pull(&state.engine, &actor, stream, digest, &parts.headers).await
            }
            (&Method::HEAD, Route::Blob(stream, digest)) => {
                blobs::head(&state.engine, &actor, stream, digest).await
            }
            // Clients ask for these where the header says there may be some; none are kept yet.
            (&Method::GET, Route::Signatures(stream, _)) => {
                tags::may_list(&state.engine, &actor, stream).await?;
                Ok(Json(json!({ "signatures": [] })).into_response())
            }
            _ => Err(Refusal::new(
                Code::Unsupported,
                "this version of the registry pulls and lists; pushing is not there yet",
            )),
        }
    };
    match answered.await {
        Ok(response) => response,
        Err(refusal) => {
            let scope = route
                .as_ref()
                .ok()
                .and_then(|route| route.scope(&parts.method));
            challenge.refuse(&parts.headers, scope, refusal)
        }
    }
}

/// The login check.
fn base() -> Response {
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "application/json")],
        "{}",
    )
        .into_response()
}
