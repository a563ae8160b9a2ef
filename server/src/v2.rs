//! The registry door: `/v2/` as the OCI distribution specification has it, and what OpenShift's registry has beside it:
//! `/openshift/token`, signatures below `/extensions/v2/`, `/admin/blobs/`. Wire only: a request is parsed to a
//! [`names::Route`], its token to an [`engine::Actor`], and the engine decides.
//!
//! Nothing here reads a cookie, and none of the pages' layers (sessions, forms' tokens, compression, body limit) is around
//! it: what a client gets are the bytes as they are stored.
//!
mod auth;
mod blobs;
mod body;
mod catalog;
mod error;
mod manifests;
mod names;
mod paging;
mod referrers;
mod signatures;
mod tags;
mod token;
mod uploads;

use std::time::Instant;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use engine::{Actor, Engine, Error};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use self::error::{Code, Refusal};
pub use self::names::Route;
use crate::{metrics as measure, middleware::limits, state::AppState};

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
        .route("/admin/blobs/{*path}", any(dispatch))
        .layer(from_fn(advertise));
    // Its forms are read before anything is asked of who sends them.
    let token = Router::new()
        .route("/openshift/token", get(token::get).post(token::post))
        .layer(DefaultBodyLimit::max(token::FORM))
        .layer(from_fn(limits::deadline));
    Router::new().merge(token).merge(registry).with_state(state)
}

/// Whether an address is the registry's, whose clients read refusals in its envelope.
pub fn is_below(path: &str) -> bool {
    let below = ["/v2/", "/extensions/v2/", "/admin/blobs/"];
    path == "/v2" || below.iter().any(|place| path.starts_with(place))
}

/// Too many others are asking.
pub fn busy(message: &str) -> Response {
    marked(Refusal::new(Code::Unavailable, message).into_response())
}

/// A request ended in a fault of ours.
pub fn broken() -> Response {
    marked(Refusal::new(Code::Unknown, error::FAULT).into_response())
}

/// Says on an answer which interface this is.
fn marked(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    headers.insert(SIGNATURES, HeaderValue::from_static("1"));
    response
}

/// Marks every answer.
async fn advertise(request: Request, next: Next) -> Response {
    let head = *request.method() == Method::HEAD;
    let response = marked(next.run(request).await);
    if head {
        let (parts, _) = response.into_parts();
        return Response::from_parts(parts, axum::body::Body::empty());
    }
    response
}

/// Who asks, by the token they show.
pub async fn actor(engine: &Engine, headers: &HeaderMap) -> Result<Actor, Refusal> {
    auth::actor(engine, headers).await
}

/// What the engine refused, where nothing can be missing.
#[must_use]
pub fn refused(error: &Error) -> Refusal {
    Refusal::from_engine(error, Code::NameUnknown)
}

/// A refusal with the way to a token.
pub fn challenge(state: &AppState, headers: &HeaderMap, refusal: Refusal) -> Response {
    auth::Challenge::of(&state.site, headers).refuse(headers, None, refusal)
}

/// Finds out who asks, then what for. In this order: somebody unknown learns nothing from how an address is refused.
async fn dispatch(State(state): State<AppState>, request: Request) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let query = parts.uri.query();
    let challenge = auth::Challenge::of(&state.site, &parts.headers);
    let route = names::parse(parts.uri.path(), query)
        .map_err(|refusal| names::told(refusal, &parts.method));
    let answered = async {
        let actor = auth::actor(&state.engine, &parts.headers).await?;
        let route = route.as_ref().map_err(Refusal::clone)?;
        match (&parts.method, route) {
            (&Method::GET | &Method::HEAD, Route::Base) => Ok(base()),
            (&Method::GET | &Method::HEAD, Route::Catalog) => {
                catalog::list(&state.engine, &actor, query).await
            }
            (&Method::GET | &Method::HEAD, Route::Tags(stream)) => {
                tags::list(&state.engine, &actor, stream, query).await
            }
            (&Method::GET | &Method::HEAD, Route::Manifest(stream, target)) => {
                let (engine, headers) = (&state.engine, &parts.headers);
                let sent = manifests::pull(engine, &actor, stream, target, headers).await?;
                // Who only looks whether it is the same does not pull.
                if parts.method == Method::GET && sent.status() == StatusCode::OK {
                    engine.note_pull(stream, target);
                }
                Ok(sent)
            }
            (&Method::GET, Route::Blob(stream, digest)) => {
                blobs::pull(&state.engine, &actor, stream, digest, &parts.headers).await
            }
            (&Method::HEAD, Route::Blob(stream, digest)) => {
                blobs::head(&state.engine, &actor, stream, digest).await
            }
            (&Method::PUT, Route::Manifest(stream, target)) => {
                manifests::push(&state.engine, &actor, stream, target, &parts.headers, body).await
            }
            (&Method::DELETE, Route::Manifest(stream, target)) => {
                manifests::delete(&state.engine, &actor, stream, target).await
            }
            (&Method::DELETE, Route::Blob(stream, digest)) => {
                blobs::delete(&state.engine, &actor, stream, digest).await
            }
            (&Method::POST, Route::Uploads(stream, from)) => {
                let (engine, from, headers) = (&state.engine, from.as_ref(), &parts.headers);
                uploads::begin(engine, &actor, stream, from, query, headers, body).await
            }
            (&Method::PATCH, Route::Upload(stream, id)) => {
                uploads::patch(&state.engine, &actor, stream, id, &parts.headers, body).await
            }
            (&Method::PUT, Route::Upload(stream, id)) => {
                let (engine, headers) = (&state.engine, &parts.headers);
                uploads::finish(engine, &actor, stream, id, query, headers, body).await
            }
            (&Method::GET | &Method::HEAD, Route::Upload(stream, id)) => {
                uploads::status(&state.engine, &actor, stream, id).await
            }
            (&Method::DELETE, Route::Upload(stream, id)) => {
                uploads::cancel(&state.engine, &actor, stream, id).await
            }
            (&Method::GET | &Method::HEAD, Route::Referrers(stream, subject)) => {
                referrers::list(&state.engine, &actor, stream, subject, query).await
            }
            (&Method::GET | &Method::HEAD, Route::Signatures(stream, digest)) => {
                signatures::list(&state.engine, &actor, stream, digest).await
            }
            (&Method::PUT, Route::Signatures(stream, digest)) => {
                signatures::put(&state.engine, &actor, stream, digest, body).await
            }
            (&Method::DELETE, Route::Stored(digest)) => {
                blobs::remove(&state.engine, &actor, digest).await
            }
            _ => Err(Refusal::new(
                Code::Unsupported,
                format!("{} is not done here", parts.method),
            )),
        }
    };
    let answered = answered.await;
    measure::registry_request(&parts.method, route.as_ref().ok(), started);
    match answered {
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
