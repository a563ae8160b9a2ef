//! No request may take the others down: a panic becomes an answer, too many wait no line, too long is cut.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures::FutureExt;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::Semaphore;

use crate::{middleware::request::RequestId, plain, v2};

/// Largest body a request may carry.
pub const BODY: usize = 1024 * 1024;

/// Requests worked on at once; more are told to come back.
pub const AT_ONCE: usize = 512;

/// Passwords checked at once: each takes some 20 MB for a moment.
pub const HASHES_AT_ONCE: usize = 4;

/// How long an answer may take to begin. A preview asks an upstream, whose own deadlines are shorter.
const DEADLINE: Duration = Duration::from_secs(60);

/// Turns a panic into the plain error page, or the registry's envelope; the panic itself is logged with the request's id.
pub async fn catch_panic(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let registry = v2::is_below(request.uri().path());
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            tracing::error!(panic = text, "a request panicked; this is a bug in Weir");
            if registry {
                return v2::broken();
            }
            plain::page(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "This is a fault in Weir. The log has more under the request's id.",
                id.as_ref(),
            )
        }
    }
}

/// Answers 503 when as many requests as `places` are being worked on.
pub async fn load(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        tracing::warn!("turned a request away: {AT_ONCE} others are being worked on");
        let text = "Weir is working on as much as it can. Try again in a few seconds.";
        let mut response = if v2::is_below(request.uri().path()) {
            v2::busy(text)
        } else {
            let id = request.extensions().get::<RequestId>();
            plain::page(StatusCode::SERVICE_UNAVAILABLE, "Too busy", text, id)
        };
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        return response;
    };
    next.run(request).await
}

/// Cuts a request that takes too long to answer.
pub async fn deadline(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("gave up on a request after {} s", DEADLINE.as_secs());
            plain::page(
                StatusCode::GATEWAY_TIMEOUT,
                "That took too long",
                "Weir gave up waiting for an answer. Look whether it took effect before trying again.",
                id.as_ref(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Body,
        middleware::{from_fn, from_fn_with_state},
        routing::get,
    };
    use tower::ServiceExt;

    use super::*;
    use crate::middleware::request;

    async fn get_root(router: Router) -> Response {
        let request = Request::builder().uri("/").body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_panic_becomes_a_page_that_names_the_request() {
        async fn broken() -> &'static str {
            panic!("a secret of the inside")
        }
        let router = Router::new()
            .route("/", get(broken))
            .layer(from_fn(catch_panic))
            .layer(from_fn(request::identify));
        let response = get_root(router).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let id = response.headers()[request::HEADER]
            .to_str()
            .unwrap()
            .to_owned();
        let body = axum::body::to_bytes(response.into_body(), BODY)
            .await
            .unwrap();
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains(&id), "{body}");
        assert!(!body.contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn the_registry_is_told_in_its_own_form() {
        async fn broken() -> &'static str {
            panic!("a secret of the inside")
        }
        let router = |places| {
            Router::new()
                .fallback(broken)
                .layer(from_fn_with_state(Arc::new(Semaphore::new(places)), load))
                .layer(from_fn(catch_panic))
        };
        for (path, places, status, told) in [
            ("/v2/", 0, StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
            ("/v2", 1, StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
            (
                "/v2/shop/ruby/tags/list",
                1,
                StatusCode::INTERNAL_SERVER_ERROR,
                "UNKNOWN",
            ),
            (
                "/extensions/v2/a/b/signatures/c",
                0,
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
            ),
            (
                "/admin/blobs/a",
                1,
                StatusCode::INTERNAL_SERVER_ERROR,
                "UNKNOWN",
            ),
        ] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = router(places).oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
            let again = response.headers().contains_key(header::RETRY_AFTER);
            assert_eq!(again, places == 0, "{path}");
            let body = axum::body::to_bytes(response.into_body(), BODY).await;
            let body: serde_json::Value = serde_json::from_slice(&body.unwrap()).unwrap();
            assert_eq!(body["errors"][0]["code"], told, "{path}");
            assert!(!body.to_string().contains("secret"), "{body}");
        }
    }

    #[tokio::test]
    async fn one_request_too_many_is_told_to_come_back() {
        let places = Arc::new(Semaphore::new(1));
        let router = || {
            Router::new()
                .route("/", get(async || "done"))
                .layer(from_fn_with_state(Arc::clone(&places), load))
        };
        let taken = places.acquire().await.unwrap();
        let response = get_root(router()).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
        drop(taken);
        assert_eq!(get_root(router()).await.status(), StatusCode::OK);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_begins_is_cut() {
        let router = Router::new()
            .route("/", get(std::future::pending::<&'static str>))
            .layer(from_fn(deadline));
        assert_eq!(get_root(router).await.status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
