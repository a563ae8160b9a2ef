//! The headers of every kind of answer, and that pages keep to their own content policy.

use std::collections::HashSet;

use crate::common::{Page, TestServer, html};
use axum::body::Body;
use http::{Method, StatusCode};

const PAGES: [&str; 6] = [
    "/",
    "/streams",
    "/streams/new",
    "/imports",
    "/login",
    "/no/such/page",
];

fn nonce(page: &Page) -> String {
    let policy = page.header("content-security-policy");
    let (_, rest) = policy
        .split_once("'nonce-")
        .unwrap_or_else(|| panic!("no nonce in {policy:?}"));
    rest.split('\'').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_answer_tells_browsers_what_they_may_not_do() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for path in PAGES
        .into_iter()
        .chain(["/livez", "/pkg/none.js", "/imports/none/progress"])
    {
        let page = browser.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(name), value, "{name} of {path}");
        }
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{policy:?} of {path}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy:?} of {path}"
        );
        assert!(
            page.header("permissions-policy").contains("camera=()"),
            "{path}"
        );
        assert!(
            !page.headers.contains_key("strict-transport-security"),
            "{path}: only under https"
        );
        assert!(page.header("x-request-id").len() >= 8, "{path}");
    }
}

#[tokio::test]
async fn scripts_carry_the_nonce_of_their_answer_and_nothing_is_inline() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let mut seen = HashSet::new();
    for path in PAGES {
        let page = browser.get(path).await;
        let nonce = nonce(&page);
        assert!(nonce.len() >= 16, "{nonce}");
        assert!(seen.insert(nonce.clone()), "a nonce was used twice");
        let tags = html::tags(&page.body);
        assert!(tags.len() > 10, "{path} is no page: {}", page.body);
        for tag in tags {
            assert_ne!(html::name(tag), "style", "{path}: inline style");
            if html::name(tag) == "script" {
                assert_eq!(
                    html::attribute(tag, "nonce").as_deref(),
                    Some(nonce.as_str()),
                    "{path}: <{tag}>"
                );
            }
            for (name, value) in html::attributes(tag) {
                assert_ne!(name, "style", "{path}: <{tag}>");
                assert!(!name.starts_with("on"), "{path}: <{tag}>");
                assert!(
                    !value
                        .trim_start()
                        .to_ascii_lowercase()
                        .starts_with("javascript:"),
                    "{path}: <{tag}>"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_page_nobody_has_is_a_whole_page_with_status_404() {
    let server = TestServer::start().await;
    let page = server.signed_in("viewer").await.get("/no/such/page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("</html>"));
}

#[tokio::test]
async fn a_request_id_is_taken_over_only_if_it_is_harmless() {
    let server = TestServer::empty("http://weir.test").await;
    let browser = server.browser();
    for (given, taken) in [
        ("trace-0123456789", true),
        ("a\"b<c>d e f g h", false),
        ("x", false),
    ] {
        let request = browser
            .request(Method::GET, "/livez")
            .header("x-request-id", given);
        let page = browser.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.header("x-request-id") == given, taken, "{given}");
    }
}

#[tokio::test]
async fn text_is_compressed_for_those_who_can_read_it() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for (accepted, encoding) in [("br", "br"), ("gzip", "gzip"), ("identity", "")] {
        let request = browser
            .request(Method::GET, "/streams")
            .header("accept-encoding", accepted);
        let page = browser.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.header("content-encoding"), encoding);
        assert!(page.header("vary").contains("accept-encoding") || encoding.is_empty());
    }
}
