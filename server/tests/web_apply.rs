//! Definitions as files: kept and previewed like those that are pasted, by those who may write, from our own form only.

use axum::body::Body;
use http::{HeaderValue, Method, StatusCode, header};

use crate::common::{Browser, Page, TestServer};

const PATH: &str = "/apply/file";
const TEXT: &str = "kind: ImageStream\napiVersion: v1\nmetadata:\n  name: häuser\n";

/// The form as a browser sends it: token, namespace, and a file.
fn multipart(csrf: &str, file: Option<(&str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in [("csrf", csrf), ("namespace", "shop"), ("text", "ignored")] {
        let part =
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((name, bytes)) = file {
        let head = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    body
}

impl Browser<'_> {
    async fn upload(&self, body: Vec<u8>, accept: &'static str) -> Page {
        // As it comes over a network: piece by piece.
        let pieces: Vec<std::io::Result<Vec<u8>>> = body
            .chunks(65_536)
            .map(|piece| Ok(piece.to_vec()))
            .collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        let mut request = self.request(Method::POST, PATH).body(body).unwrap();
        let kind = HeaderValue::from_static("multipart/form-data; boundary=x");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        let accept = HeaderValue::from_static(accept);
        request.headers_mut().insert(header::ACCEPT, accept);
        self.send(request).await
    }

    async fn choose(&self, file: Option<(&str, &[u8])>) -> Page {
        let csrf = self.token().await;
        self.upload(multipart(&csrf, file), "text/html").await
    }
}

#[tokio::test]
async fn a_file_is_previewed_like_a_text_that_is_pasted() {
    let server = TestServer::start().await;
    let browser = server.signed_in("editor").await;
    let marked = format!("\u{feff}{TEXT}");
    for text in [TEXT, &marked] {
        let page = browser.choose(Some(("app.yaml", text.as_bytes()))).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        assert!(
            page.location().starts_with("/apply?draft="),
            "{}",
            page.location()
        );
        let shown = browser.get(page.location()).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert!(
            shown.body.contains("metadata:\n  name: häuser"),
            "{}",
            shown.body
        );
        assert!(!shown.body.contains('\u{feff}'));
        assert!(
            shown.body.contains("value=\"shop\""),
            "the namespace is kept"
        );
    }
}

#[tokio::test]
async fn what_is_no_text_or_too_large_is_refused_beside_the_field() {
    let server = TestServer::start().await;
    let browser = server.signed_in("editor").await;
    let large = vec![b'#'; 1024 * 1024 + 1];
    let larger = vec![b'#'; 33 * 1024 * 1024];
    for (file, said) in [
        (None, "Choose a file"),
        (Some(("", &b""[..])), "Choose a file"),
        (
            Some(("a.yaml", &b"name: \xe4"[..])),
            "a.yaml is not text in UTF-8",
        ),
        (
            Some(("a.zip", &b"PK\0\0"[..])),
            "a.zip is not text in UTF-8",
        ),
        (Some(("a.yaml", &large[..])), "a.yaml is too large"),
        (Some(("a.yaml", &larger[..])), "The file is too large"),
    ] {
        let page = browser.choose(file).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{said}: {}", page.body);
        assert!(
            page.location().starts_with("/apply?"),
            "{}",
            page.location()
        );
        let shown = browser.get(page.location()).await;
        let error = shown
            .body
            .split("id=\"file-error\"")
            .nth(1)
            .unwrap_or_default();
        assert!(error.contains(said), "{said} in {error}");
    }
}

#[tokio::test]
async fn a_program_is_answered_with_a_status() {
    let server = TestServer::start().await;
    let browser = server.signed_in("editor").await;
    let csrf = browser.token().await;
    let page = browser
        .upload(multipart(&csrf, None), "application/json")
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.body);
    assert!(page.body.contains("\"file\""), "{}", page.body);
    let page = browser.post(PATH, &[("csrf", &csrf)]).await;
    assert_eq!(page.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let page = browser.upload(b"--x\r\nbroken".to_vec(), "text/html").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "no token is in it");
}

#[tokio::test]
async fn a_file_needs_the_token_of_somebody_who_may_write() {
    let server = TestServer::start().await;
    let file = Some(("app.yaml", TEXT.as_bytes()));
    let stranger = server.signed_in("admin").await.token().await;
    let editor = server.signed_in("editor").await;
    for token in ["", "0", &"0".repeat(64), &stranger] {
        let page = editor.upload(multipart(token, file), "text/html").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{token:?}");
    }
    let nobody = server.browser();
    let page = nobody.choose(file).await;
    assert_eq!(page.location(), "/login?error=expired");
    let viewer = server.signed_in("viewer").await;
    let csrf = viewer.token().await;
    let page = viewer
        .upload(multipart(&csrf, file), "application/json")
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let admin = server.signed_in("admin").await;
    let page = admin.choose(file).await;
    assert!(
        page.location().starts_with("/apply?draft="),
        "{}",
        page.location()
    );
}
