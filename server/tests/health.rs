//! Probes and other addresses that need nobody to sign in.

use crate::common::TestServer;
use axum::body::Body;
use http::{Method, StatusCode};

#[tokio::test]
async fn probes_answer_without_cookies_or_sign_in() {
    let server = TestServer::empty("http://weir.test").await;
    let browser = server.browser();
    for path in ["/livez", "/healthz", "/readyz"] {
        let page = browser.get(path).await;
        assert_eq!(
            (page.status, page.body.as_str()),
            (StatusCode::OK, "ok\n"),
            "{path}"
        );
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(!page.headers.contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for path in [
        "/livez",
        "/healthz",
        "/readyz",
        "/",
        "/streams",
        "/login",
        "/no/such/page",
        "/pkg/none.css",
    ] {
        let get = browser.get(path).await;
        let head = browser
            .send(
                browser
                    .request(Method::HEAD, path)
                    .body(Body::empty())
                    .unwrap(),
            )
            .await;
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body, "", "{path}");
    }
}

#[tokio::test]
async fn an_asset_that_does_not_exist_is_a_short_not_found() {
    let server = TestServer::empty("http://weir.test").await;
    let browser = server.browser();
    for path in [
        "/pkg/nothing.js",
        "/pkg/../Cargo.toml",
        "/pkg/..%2f..%2fCargo.toml",
        "/pkg/.hidden",
        "/pkg//a.css",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.body.contains("[workspace]"), "{path}");
    }
}

#[tokio::test]
async fn a_body_over_one_megabyte_is_refused() {
    let server = TestServer::empty("http://weir.test").await;
    let browser = server.browser();
    let request = browser
        .request(Method::POST, "/login")
        .header("content-length", 2 * 1024 * 1024);
    let page = browser
        .send(
            request
                .body(Body::from(vec![b'a'; 2 * 1024 * 1024]))
                .unwrap(),
        )
        .await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
}
