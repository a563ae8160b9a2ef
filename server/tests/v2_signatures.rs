//! Signatures of images over the registry's wire, as clients of OpenShift's registry list and add them.

use http::{Method, StatusCode};
use model::Digest;
use serde_json::{Value, json};

use crate::{
    common::{Page, TestServer},
    v2_auth::{ask, code},
    v2_push::{Client, digest, image, push},
};

/// A signature of an image, as it is sent.
pub fn signature(image: &str, name: &str) -> Value {
    // The name stands for what was signed: no two have the same content.
    let content = digest(name.as_bytes()).hex().to_owned();
    json!({ "schemaVersion": 2, "name": format!("{image}@{name}"), "type": "atomic", "content": content })
}

fn place(stream: &str, image: &Digest) -> String {
    format!("/extensions/v2/{stream}/signatures/{image}")
}

async fn put(client: &Client<'_>, path: &str, body: impl ToString) -> Page {
    client.send(Method::PUT, path, &[], body.to_string()).await
}

#[tokio::test]
async fn signatures_are_added_and_listed() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let viewer = Client::new(&server, "viewer").await;
    let signed = push(&editor, "shop/app", "1", &image("")).await;
    let path = place("shop/app", &signed);
    let page = viewer.get(&path).await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (StatusCode::OK, r#"{"signatures":[]}"#)
    );
    assert_eq!(page.header("x-registry-supports-signatures"), "1");
    let mut all = Vec::new();
    for name in ["a", "b"] {
        let body = signature(signed.as_str(), name);
        let page = put(&editor, &path, &body).await;
        assert_eq!((page.status, page.body.as_str()), (StatusCode::CREATED, ""));
        all.push(body);
    }
    let page = viewer.get(&path).await;
    let found: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(found, json!({ "signatures": all }));
    assert_eq!(page.header("content-type"), "application/json");
    // Everybody sees those of an open namespace, in their own stream only.
    push(&editor, "open/app", "1", &image("")).await;
    let open = "open".parse().unwrap();
    let console = engine::Engine::console_actor();
    server
        .engine
        .set_anonymous_pull(&console, &open, true)
        .await
        .unwrap();
    let page = ask(
        &server,
        Method::GET,
        &place("open/app", &signed),
        "Bearer anonymous",
    )
    .await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (StatusCode::OK, r#"{"signatures":[]}"#)
    );
    let page = ask(&server, Method::GET, &path, "Bearer anonymous").await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::UNAUTHORIZED, "DENIED")
    );
}

#[tokio::test]
async fn a_signature_that_cannot_be_taken_is_refused_by_its_code() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let viewer = Client::new(&server, "viewer").await;
    let signed = push(&editor, "shop/app", "1", &image("")).await;
    let other = push(&editor, "team/app", "1", &image("other")).await;
    let path = place("shop/app", &signed);
    let right = signature(signed.as_str(), "a");
    let with = |field: &str, value: Value| {
        let mut body = right.clone();
        body[field] = value;
        body.to_string()
    };
    let mut nameless = right.clone();
    nameless.as_object_mut().unwrap().remove("name");
    for body in [
        "no JSON".to_owned(),
        "{}".to_owned(),
        nameless.to_string(),
        with("schemaVersion", 1.into()),
        with("name", format!("{other}@a").into()),
        with("name", "a".into()),
        with("type", " ".into()),
        with("content", "no base64".into()),
        with("content", "".into()),
    ] {
        let page = put(&editor, &path, &body).await;
        let refused = (page.status, code(&page));
        assert_eq!(
            refused,
            (StatusCode::BAD_REQUEST, "SIGNATURE_INVALID".to_owned()),
            "{body}"
        );
    }
    let page = put(
        &editor,
        &path,
        with("content", "AAAA".repeat(20_000).into()),
    )
    .await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID")
    );
    // Who may not is told so before what they send is read.
    let page = put(&viewer, &path, "no JSON").await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::UNAUTHORIZED, "DENIED")
    );
    for (stream, image) in [
        ("shop/app", &other),
        ("shop/none", &signed),
        ("team/app", &signed),
    ] {
        let path = place(stream, image);
        for page in [
            put(&editor, &path, signature(image.as_str(), "a")).await,
            editor.get(&path).await,
        ] {
            assert_eq!(
                (page.status, code(&page).as_str()),
                (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN")
            );
        }
    }
    assert_eq!(editor.get(&path).await.body, r#"{"signatures":[]}"#);
    assert_eq!(
        put(&editor, &path, &right).await.status,
        StatusCode::CREATED
    );
    let page = put(&editor, &path, &right).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::CONFLICT, "SIGNATURE_EXISTS")
    );
    // As many as an image may have.
    for number in 1..engine::rules::signature::MOST {
        let page = put(
            &editor,
            &path,
            signature(signed.as_str(), &number.to_string()),
        )
        .await;
        assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    }
    let page = put(&editor, &path, signature(signed.as_str(), "more")).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::FORBIDDEN, "DENIED")
    );
}

#[tokio::test]
async fn the_page_of_an_image_counts_its_signatures_and_says_that_nobody_verified_them() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let signed = push(&editor, "shop/app", "1", &image("")).await;
    let viewer = server.signed_in("viewer").await;
    let path = format!("/s/shop/app/i/{signed}");
    let before = viewer.get(&path).await;
    assert_eq!(before.status, StatusCode::OK, "{}", before.body);
    assert!(!before.body.contains("Signatures"));
    for name in ["first-one", "second-one"] {
        put(
            &editor,
            &place("shop/app", &signed),
            signature(signed.as_str(), name),
        )
        .await;
    }
    let page = viewer.get(&path).await;
    for text in [
        "Signatures",
        "2, not verified here",
        "first-one",
        "second-one",
        "by editor",
    ] {
        assert!(
            page.body.replace("<!>", "").contains(text),
            "{text}: {}",
            page.body
        );
    }
}
