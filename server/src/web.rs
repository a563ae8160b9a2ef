//! Pages and server functions: hands Leptos the engine, the visitor and the content policy of the page.

use app::{
    api::ApiError,
    context::RequestContext,
    pages::shell::{App, shell},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::from_fn,
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, Method, StatusCode, header};
use leptos::{
    context::provide_context, nonce::use_nonce, prelude::expect_context, server_fn,
    server_fn::error::SERVER_FN_ERROR_HEADER,
};
use leptos_axum::{
    LeptosRoutes, ResponseOptions, generate_route_list, handle_server_fns_with_context,
    render_app_async_with_context,
};

use crate::{
    answer,
    auth::visitor::{self, Visitor},
    middleware::{headers::page_policy, limits, request::RequestId},
    state::AppState,
};

/// Pages for people who are not signed in. All others lead to the sign-in page.
const OPEN: [&str; 2] = ["/login", "/setup"];

/// The routes of this file; unknown addresses get a page that says so.
pub fn routes() -> Router<AppState> {
    let (open, closed) = generate_route_list(App)
        .into_iter()
        .partition(|page| OPEN.contains(&page.path()));
    let closed = Router::new()
        .leptos_routes_with_handler(closed, page)
        .route("/api/fn/{*function}", post(function))
        .route_layer(from_fn(visitor::require));
    Router::new()
        .leptos_routes_with_handler(open, page)
        .merge(closed)
        .fallback(missing)
}

/// The addresses of the pages, as the router writes them: `/s/{ns}/{name}`.
#[must_use]
pub fn pages() -> Vec<String> {
    generate_route_list(App)
        .iter()
        .map(|page| page.path().to_owned())
        .collect()
}

/// The paths of the server functions.
#[must_use]
pub fn functions() -> Vec<&'static str> {
    server_fn::axum::server_fn_paths()
        .map(|(path, _)| path)
        .collect()
}

async fn page(State(state): State<AppState>, visitor: Visitor, request: Request) -> Response {
    let context = context(&state, visitor, request.extensions().get());
    let options = state.leptos;
    let provide = move || {
        provide_context(context.clone());
        // Leptos has made the nonce of this page by now.
        if let Some(policy) = use_nonce().and_then(|nonce| page_policy(&nonce)) {
            expect_context::<ResponseOptions>()
                .insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    };
    let dots = has_dots(request.uri().path());
    let mut response =
        render_app_async_with_context(provide, move || shell(options.clone()))(request).await;
    if dots && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Whether a segment is `.` or `..`, however written: the pages' router resolves them as browsers do and finds no page,
/// where ours has matched one.
fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

/// An address nobody has. Only looking is met with a page.
async fn missing(state: State<AppState>, visitor: Visitor, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::NOT_FOUND, "no such address\n").into_response();
    }
    let mut response = page(state, visitor, request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Calls a server function, once the form has proved to be ours.
async fn function(State(state): State<AppState>, visitor: Visitor, request: Request) -> Response {
    if !functions().contains(&request.uri().path()) {
        return (StatusCode::NOT_FOUND, "no such function\n").into_response();
    }
    if !is_form(request.headers()) {
        return (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send a form: application/x-www-form-urlencoded\n",
        )
            .into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, limits::BODY).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the form is too large\n").into_response();
    };
    let token = url::form_urlencoded::parse(&bytes).find(|(name, _)| name == "csrf");
    if !token.is_some_and(|(_, token)| visitor.owns(&token)) {
        return answer::stale_form();
    }
    let context = context(&state, visitor, parts.extensions.get());
    let request = Request::from_parts(parts, Body::from(bytes));
    let response =
        handle_server_fns_with_context(move || provide_context(context.clone()), request)
            .await
            .into_response();
    with_real_status(response).await
}

/// Leptos answers every refusal with 500, unless it sends a browser back to the form. Programs get the status that fits.
async fn with_real_status(response: Response) -> Response {
    let refused = response.headers().contains_key(SERVER_FN_ERROR_HEADER);
    if !refused || response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, limits::BODY).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Ok(refusal) = serde_json::from_slice::<ApiError>(&bytes) {
        parts.status = answer::refusal_status(&refusal);
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

fn context(state: &AppState, visitor: Visitor, id: Option<&RequestId>) -> RequestContext {
    RequestContext {
        engine: state.engine.clone(),
        actor: visitor.actor,
        csrf: visitor.csrf,
        secure: state.site.secure,
        theme: visitor.theme.to_owned(),
        request_id: id.map(ToString::to_string).unwrap_or_default(),
    }
}
