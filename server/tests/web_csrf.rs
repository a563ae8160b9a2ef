//! Writes another site makes a browser send, and forms without their token: refused, and nothing changes.

use crate::common::{PASSWORD, TestServer, form};
use axum::body::Body;
use http::{Method, Request, StatusCode};

/// Everything that takes a POST.
fn writes() -> Vec<String> {
    let mut paths: Vec<String> = ["/login", "/logout", "/setup", "/theme"]
        .map(str::to_owned)
        .into();
    paths.extend(server::web::functions().into_iter().map(str::to_owned));
    assert!(paths.len() > 4, "no server function is registered");
    paths
}

fn from_elsewhere(path: &str, cookie: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut builder = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "weir.test")
        .header("cookie", cookie)
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(form(&[("name", "x"), ("password", "y")]))
        .unwrap()
}

#[tokio::test]
async fn a_write_from_another_site_is_refused() {
    let server = TestServer::start().await;
    let browser = server.signed_in("admin").await;
    let cookie = format!("weir={}", browser.cookie("weir").unwrap());
    let files = [app::routes::APPLY_FILE.to_owned()];
    for path in writes().into_iter().chain(files) {
        for headers in [
            &[("origin", "http://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "http://weir.test.evil.example")],
            &[("origin", "http://weir.test:81")],
            &[("sec-fetch-site", "cross-site")],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "http://other.test"),
            ],
        ] {
            let page = server.send(from_elsewhere(&path, &cookie, headers)).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(page.set_cookie("weir").is_empty(), "{path} {headers:?}");
        }
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_form_of_somebody_signed_in_needs_the_sessions_token() {
    let server = TestServer::start().await;
    let browser = server.signed_in("admin").await;
    let stranger = server.signed_in("viewer").await.get("/").await.csrf();
    for path in writes() {
        for token in ["", "0", &"0".repeat(64), &stranger] {
            let page = browser
                .post(&path, &[("csrf", token), ("theme", "dark"), ("next", "/")])
                .await;
            let refused =
                page.status == StatusCode::FORBIDDEN || page.location().contains("error=csrf");
            assert!(
                refused,
                "{path} with {token:?}: {} {}",
                page.status,
                page.location()
            );
            assert!(page.set_cookie("theme").is_empty());
        }
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn signing_in_needs_the_token_of_the_form() {
    let server = TestServer::start().await;
    let credentials = [("name", "editor"), ("password", PASSWORD)];

    let browser = server.browser();
    let page = browser.post("/login", &credentials).await;
    assert_eq!(page.location(), "/login?error=expired");

    let browser = server.browser();
    browser.get("/login").await;
    let page = browser
        .post(
            "/login",
            &[credentials[0], credentials[1], ("csrf", &"a".repeat(64))],
        )
        .await;
    assert_eq!(page.location(), "/login?error=csrf");
    assert_eq!(browser.cookie("weir"), None);
}

#[tokio::test]
async fn the_token_of_a_visitor_is_strict_and_dies_with_signing_in() {
    let server = TestServer::start().await;
    let browser = server.browser();
    let form = browser.get("/login").await;
    let line = form.set_cookie("weir-csrf");
    for flag in ["SameSite=Strict", "HttpOnly", "Path=/"] {
        assert!(line.contains(flag), "{line}");
    }
    let before = form.csrf();
    browser.sign_in("editor", PASSWORD, "/").await;
    assert_ne!(browser.get("/").await.csrf(), before);
    let page = browser.post("/logout", &[("csrf", &before)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_server_function_takes_forms_only() {
    let server = TestServer::start().await;
    let browser = server.signed_in("admin").await;
    let csrf = browser.get("/").await.csrf();
    for path in server::web::functions() {
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/cbor",
        ] {
            let request = Request::builder()
                .method(Method::POST)
                .uri(path)
                .header("host", "weir.test")
                .header(
                    "cookie",
                    format!("weir={}", browser.cookie("weir").unwrap()),
                )
                .header("content-type", kind)
                .body(form(&[("csrf", &csrf)]))
                .unwrap();
            assert_eq!(
                server.send(request).await.status,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "{path} {kind}"
            );
        }
    }
}
