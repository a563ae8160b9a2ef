//! Push, as the distribution specification names it: blobs in one request and in several, mounts, and manifests.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use model::{
    Digest, StreamRef, TagName,
    tag::{Cause, TagAt},
    tagging::{Mode, TagInput, TagRequest},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384};

use crate::{
    common::{Page, TestServer},
    v2_auth::{code, token},
};

pub const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A client of the registry with somebody's token.
pub struct Client<'a> {
    server: &'a TestServer,
    bearer: String,
}

impl<'a> Client<'a> {
    pub async fn new(server: &'a TestServer, user: &str) -> Self {
        Self {
            server,
            bearer: format!("Bearer {}", token(server, user).await),
        }
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Page {
        let mut builder = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "weir.test")
            .header("authorization", &self.bearer);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        self.server.send(builder.body(body.into()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn delete(&self, path: String) -> Page {
        self.send(Method::DELETE, &path, &[], Body::empty()).await
    }

    /// Begins an upload and returns its place.
    pub async fn begin(&self, stream: &str) -> String {
        let path = format!("/v2/{stream}/blobs/uploads/");
        let page = self.send(Method::POST, &path, &[], Body::empty()).await;
        assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
        assert_eq!(page.header("range"), "0-0");
        assert!(!page.header("docker-upload-uuid").is_empty());
        page.location().to_owned()
    }

    /// Pushes a blob.
    pub async fn blob(&self, stream: &str, bytes: &'static [u8]) -> Digest {
        let digest = digest(bytes);
        let place = self.begin(stream).await;
        let put = format!("{place}?digest={digest}");
        let page = self.send(Method::PUT, &put, &[], bytes).await;
        assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
        digest
    }

    pub async fn manifest(
        &self,
        stream: &str,
        reference: &str,
        kind: &str,
        manifest: &Value,
    ) -> Page {
        let path = format!("/v2/{stream}/manifests/{reference}");
        let headers = [("content-type", kind)];
        self.send(Method::PUT, &path, &headers, manifest.to_string())
            .await
    }
}

pub fn digest(bytes: &[u8]) -> Digest {
    Digest::sha256(&Sha256::digest(bytes).into())
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": digest(bytes).as_str(), "size": bytes.len() })
}

pub const CONFIG: &[u8] = br#"{"os":"linux","architecture":"amd64","config":{"Env":["A=1"]},"rootfs":{"type":"layers","diff_ids":[]}}"#;
pub const LAYER: &[u8] = b"a layer";

/// A manifest of [`CONFIG`] and [`LAYER`].
pub fn image(annotation: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": descriptor("application/vnd.oci.image.config.v1+json", CONFIG),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", LAYER)],
        "annotations": { "note": annotation },
    })
}

/// Pushes an image with its blobs under a tag.
pub async fn push(client: &Client<'_>, stream: &str, tag: &str, manifest: &Value) -> Digest {
    client.blob(stream, CONFIG).await;
    client.blob(stream, LAYER).await;
    let page = client.manifest(stream, tag, OCI, manifest).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    let digest = digest(manifest.to_string().as_bytes());
    assert_eq!(page.header("docker-content-digest"), digest.as_str());
    assert_eq!(page.location(), format!("/v2/{stream}/manifests/{digest}"));
    digest
}

#[tokio::test]
async fn pushing_a_blob_monolithically() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    // POST, then PUT.
    let one = client.blob("shop/app", b"one").await;
    // One POST.
    let two = digest(b"two");
    let path = format!("/v2/shop/app/blobs/uploads/?digest={two}");
    let page = client.send(Method::POST, &path, &[], "two").await;
    assert_eq!(page.status, StatusCode::CREATED);
    assert_eq!(page.location(), format!("/v2/shop/app/blobs/{two}"));
    assert_eq!(page.header("docker-content-digest"), two.as_str());
    // Of another algorithm.
    let hex: String = Sha384::digest(b"three")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let three: Digest = format!("sha384:{hex}").parse().unwrap();
    let put = format!("{}?digest={three}", client.begin("shop/app").await);
    let page = client.send(Method::PUT, &put, &[], "three").await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    for (digest, bytes) in [(one, "one"), (two, "two"), (three, "three")] {
        let page = client.get(&format!("/v2/shop/app/blobs/{digest}")).await;
        assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, bytes));
    }
}

#[tokio::test]
async fn pushing_a_blob_in_chunks() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let place = client.begin("shop/app").await;
    let chunk = |range: &'static str, bytes: &'static str| {
        let (client, place) = (&client, place.clone());
        async move {
            let headers = [("content-range", range)];
            client.send(Method::PATCH, &place, &headers, bytes).await
        }
    };
    let page = chunk("0-3", "abcd").await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    assert_eq!(page.header("range"), "0-3");
    // Out of order: nothing is taken, and the answer says where to go on.
    for range in ["0-3", "2-5", "8-11"] {
        let page = chunk(range, "wxyz").await;
        assert_eq!(page.status, StatusCode::RANGE_NOT_SATISFIABLE, "{range}");
        assert_eq!((page.header("range"), page.location()), ("0-3", &*place));
    }
    // Of another length than it says.
    let page = chunk("4-9", "efgh").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(code(&page), "SIZE_INVALID");
    assert!(page.body.contains("4 bytes came, and 6"), "{}", page.body);
    let page = client.get(&place).await;
    assert_eq!(page.status, StatusCode::NO_CONTENT);
    assert_eq!((page.header("range"), page.location()), ("0-3", &*place));
    assert_eq!(chunk("4-7", "efgh").await.header("range"), "0-7");
    // The last chunk may come with the end.
    let digest = digest(b"abcdefghij");
    let put = format!("{place}?digest={digest}");
    let page = client
        .send(Method::PUT, &put, &[("content-range", "8-9")], "ij")
        .await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    let page = client.get(&format!("/v2/shop/app/blobs/{digest}")).await;
    assert_eq!(page.body, "abcdefghij");
    let page = client.get(&place).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "the upload is over");
    assert_eq!(code(&page), "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn an_upload_whose_bytes_are_wrong_or_that_is_given_up_leaves_nothing() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let right = digest(b"right");
    for chunks in [&["wrong"][..], &["wr", "ong"]] {
        let place = client.begin("shop/app").await;
        for chunk in chunks {
            client.send(Method::PATCH, &place, &[], *chunk).await;
        }
        let put = format!("{place}?digest={right}");
        let page = client.send(Method::PUT, &put, &[], Body::empty()).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert_eq!(code(&page), "DIGEST_INVALID");
        assert_eq!(client.get(&place).await.status, StatusCode::NOT_FOUND);
    }
    let path = format!("/v2/shop/app/blobs/uploads/?digest={right}");
    let page = client.send(Method::POST, &path, &[], "wrong").await;
    assert_eq!(code(&page), "DIGEST_INVALID");
    let place = client.begin("shop/app").await;
    client.send(Method::PATCH, &place, &[], "right").await;
    let page = client
        .send(Method::DELETE, &place, &[], Body::empty())
        .await;
    assert_eq!(page.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&place).await.status, StatusCode::NOT_FOUND);
    let page = client.get(&format!("/v2/shop/app/blobs/{right}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    for put in [
        client.begin("shop/app").await,
        format!("{}?digest=x", client.begin("shop/app").await),
        format!(
            "{}?digest=blake3:{}",
            client.begin("shop/app").await,
            "a".repeat(64)
        ),
    ] {
        let page = client.send(Method::PUT, &put, &[], "right").await;
        assert_eq!(code(&page), "DIGEST_INVALID");
    }
}

#[tokio::test]
async fn an_upload_belongs_to_its_stream() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let place = client.begin("shop/app").await;
    let other = place.replace("shop/app", "shop/other");
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let page = client.send(method.clone(), &other, &[], "x").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{method}");
    }
    assert_eq!(client.get(&place).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn mounting_a_blob_from_another_stream() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let digest = client.blob("shop/app", LAYER).await;
    let mount = |digest: &Digest, from: &str| {
        format!("/v2/shop/other/blobs/uploads/?mount={digest}&from={from}")
    };
    let path = format!("/v2/shop/other/blobs/{digest}");
    assert_eq!(client.get(&path).await.status, StatusCode::NOT_FOUND);
    // From where it is not, or what is not: an ordinary upload begins.
    for path in [
        mount(&digest, "shop/none"),
        mount(&self::digest(b"none"), "shop/app"),
        format!("/v2/shop/other/blobs/uploads/?mount={digest}"),
    ] {
        let page = client.send(Method::POST, &path, &[], Body::empty()).await;
        assert_eq!(page.status, StatusCode::ACCEPTED, "{path}");
        assert!(page.location().contains("/blobs/uploads/"));
    }
    let page = client
        .send(
            Method::POST,
            &mount(&digest, "shop/app"),
            &[],
            Body::empty(),
        )
        .await;
    assert_eq!(page.status, StatusCode::CREATED);
    assert_eq!(page.location(), path);
    assert_eq!(client.get(&path).await.body.as_bytes(), LAYER);
}

#[tokio::test]
async fn pushing_a_manifest_makes_the_stream_the_tag_and_its_image() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let manifest = image("one");
    let digest = push(&client, "shop/app", "1.0", &manifest).await;
    for reference in ["1.0", digest.as_str()] {
        let page = client
            .get(&format!("/v2/shop/app/manifests/{reference}"))
            .await;
        assert_eq!(page.body, manifest.to_string(), "untouched");
        assert_eq!(page.header("content-type"), OCI);
    }
    let page = client.get("/v2/shop/app/tags/list").await;
    assert_eq!(page.body, r#"{"name":"shop/app","tags":["1.0"]}"#);
    let console = engine::Engine::console_actor();
    let stream = StreamRef::parse("shop", "app").unwrap();
    let tag: TagName = "1.0".parse().unwrap();
    let view = server.engine.tag(&console, &stream, &tag).await.unwrap();
    let head = view.row.head.expect("a head");
    assert_eq!(head.digest, digest);
    assert_eq!(
        head.reference.to_string(),
        format!("weir.test/shop/app@{digest}")
    );
    let page = model::PageRequest::default();
    let history = server.engine.history(&console, &stream, &tag, &page).await;
    let newest = history.unwrap().items.remove(0);
    assert_eq!(
        (newest.cause, newest.actor.as_str()),
        (Cause::Push, "editor")
    );
    // Again: nothing moves.
    let before = server
        .engine
        .stream(&console, &stream)
        .await
        .unwrap()
        .version;
    push(&client, "shop/app", "1.0", &manifest).await;
    let after = server
        .engine
        .stream(&console, &stream)
        .await
        .unwrap()
        .version;
    assert_eq!(before, after);
    // Another one is another revision.
    push(&client, "shop/app", "1.0", &image("two")).await;
    let history = server.engine.history(&console, &stream, &tag, &page).await;
    assert_eq!(history.unwrap().items.len(), 2);
}

#[tokio::test]
async fn a_manifest_that_is_wrong_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let missing = client.manifest("shop/app", "1", OCI, &image("")).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    assert_eq!(code(&missing), "MANIFEST_BLOB_UNKNOWN");
    client.blob("shop/app", CONFIG).await;
    client.blob("shop/app", LAYER).await;
    let mut lies = image("");
    lies["layers"][0]["size"] = 1.into();
    let mut other_type = image("");
    other_type["mediaType"] = INDEX.into();
    let mut both = image("");
    both["manifests"] = json!([]);
    for (manifest, kind) in [
        (lies, OCI),
        (other_type, OCI),
        (both, OCI),
        (json!({}), OCI),
        (json!([]), OCI),
        (
            image(""),
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ),
    ] {
        let page = client.manifest("shop/app", "1", kind, &manifest).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{manifest}");
        assert_eq!(code(&page), "MANIFEST_INVALID", "{manifest}");
    }
    let wrong = digest(b"another").to_string();
    let page = client.manifest("shop/app", &wrong, OCI, &image("")).await;
    assert_eq!(code(&page), "DIGEST_INVALID");
    let page = client.manifest("shop/app", ".1", OCI, &image("")).await;
    assert_eq!(code(&page), "TAG_INVALID");
    let huge = json!({ "schemaVersion": 2, "annotations": { "x": "x".repeat(5 << 20) } });
    let page = client.manifest("shop/app", "1", OCI, &huge).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    let page = client.get("/v2/shop/app/tags/list").await;
    assert_eq!(code(&page), "NAME_UNKNOWN", "no stream was made");
}

#[tokio::test]
async fn blobs_of_other_streams_are_not_there_for_a_manifest() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    push(&client, "shop/app", "1", &image("")).await;
    let page = client.manifest("shop/other", "1", OCI, &image("")).await;
    assert_eq!(code(&page), "MANIFEST_BLOB_UNKNOWN");
}

#[tokio::test]
async fn an_index_is_pushed_after_its_children() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    client.blob("shop/app", CONFIG).await;
    client.blob("shop/app", LAYER).await;
    let child = image("child");
    let bytes = child.to_string();
    let child_digest = digest(bytes.as_bytes());
    let page = client
        .manifest("shop/app", child_digest.as_str(), OCI, &child)
        .await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    let path = format!("/v2/shop/app/manifests/{child_digest}");
    assert_eq!(client.get(&path).await.body, bytes, "before any tag has it");
    let page = client.get("/v2/shop/app/tags/list").await;
    assert_eq!(page.body, r#"{"name":"shop/app","tags":[]}"#);
    let mut entry = descriptor(OCI, bytes.as_bytes());
    entry["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
    let page = client.manifest("shop/app", "all", INDEX, &index).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    assert_eq!(
        client.get("/v2/shop/app/manifests/all").await.body,
        index.to_string()
    );
    assert_eq!(client.get(&path).await.body, bytes);
}

#[tokio::test]
async fn only_editors_push() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let viewer = Client::new(&server, "viewer").await;
    let place = editor.begin("shop/app").await;
    let blob = digest(b"x");
    for (method, path) in [
        (Method::POST, "/v2/shop/app/blobs/uploads/".to_owned()),
        (
            Method::POST,
            format!("/v2/shop/app/blobs/uploads/?digest={blob}"),
        ),
        (Method::GET, place.clone()),
        (Method::PATCH, place.clone()),
        (Method::PUT, format!("{place}?digest={blob}")),
        (Method::DELETE, place.clone()),
        (Method::PUT, "/v2/shop/app/manifests/1".to_owned()),
        (Method::DELETE, "/v2/shop/app/manifests/1".to_owned()),
        (Method::DELETE, format!("/v2/shop/app/manifests/{blob}")),
        (Method::DELETE, format!("/v2/shop/app/blobs/{blob}")),
    ] {
        let page = viewer.send(method.clone(), &path, &[], "x").await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(code(&page), "DENIED", "{method} {path}");
        assert!(page.header("www-authenticate").starts_with("Basic "));
    }
    assert_eq!(editor.get(&place).await.header("range"), "0-0");
}

#[tokio::test]
async fn a_held_or_following_tag_is_not_pushed_to() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    push(&client, "shop/app", "1", &image("")).await;
    let console = engine::Engine::console_actor();
    let stream = StreamRef::parse("shop", "app").unwrap();
    let at = |tag: &str| TagAt::new(&stream, tag.parse().unwrap());
    let request = TagRequest::new(TagInput::Tag(at("1")), at("latest"), Mode::Follow);
    let planned = server.engine.plan_tag(&console, &request).await.unwrap();
    server
        .engine
        .set_tag(&console, &request, &planned.token)
        .await
        .unwrap();
    let page = client
        .manifest("shop/app", "latest", OCI, &image("two"))
        .await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::FORBIDDEN, "DENIED")
    );
    assert!(page.body.contains("follows"), "{}", page.body);
    // What follows moves with what is pushed.
    let digest = push(&client, "shop/app", "1", &image("two")).await;
    let page = client.get("/v2/shop/app/manifests/latest").await;
    assert_eq!(page.header("docker-content-digest"), digest.as_str());
}

#[tokio::test]
async fn abandoned_uploads_go_after_a_day() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let place = client.begin("shop/app").await;
    client.send(Method::PATCH, &place, &[], "bytes").await;
    assert_eq!(server.engine.remove_abandoned_uploads().await.unwrap(), 0);
    server.clock.advance(chrono::Duration::hours(25));
    assert_eq!(server.engine.remove_abandoned_uploads().await.unwrap(), 1);
    let page = ask(&server, &place).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

async fn ask(server: &TestServer, path: &str) -> Page {
    Client::new(server, "editor").await.get(path).await
}

#[tokio::test]
async fn a_name_that_cannot_be_is_told_so_that_clients_print_it() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    for name in ["single", "a/b/c", "shop/Bad"] {
        let sha = digest(LAYER);
        let path = format!("/v2/{name}/blobs/{sha}");
        let page = editor.send(Method::HEAD, &path, &[], Body::empty()).await;
        assert_eq!(
            page.status,
            StatusCode::NOT_FOUND,
            "clients go on to the push"
        );
        let path = format!("/v2/{name}/blobs/uploads/");
        let page = editor.send(Method::POST, &path, &[], Body::empty()).await;
        assert_eq!(
            (page.status, code(&page).as_str()),
            (StatusCode::FORBIDDEN, "DENIED")
        );
        assert!(
            page.body.contains(&format!("{name} is no repository here")),
            "{}",
            page.body
        );
        let page = editor.get(&format!("/v2/{name}/tags/list")).await;
        assert_eq!(code(&page), "NAME_INVALID");
    }
}

#[tokio::test]
async fn a_config_that_is_no_text_is_taken() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let config = editor.blob("shop/app", b"\xff no JSON").await;
    let mut manifest = image("of a client that pushes what it likes");
    manifest["config"]["digest"] = config.as_str().into();
    manifest["config"]["size"] = b"\xff no JSON".len().into();
    editor.blob("shop/app", LAYER).await;
    let page = editor.manifest("shop/app", "1", OCI, &manifest).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
}
