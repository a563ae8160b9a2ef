//! Pull, as the distribution specification names it: manifests by tag and digest, straight through from where the image
//! came from.

use engine::testing::upstream::{Fault, ImageKind, Route, TestUpstream};
use http::{Method, Request, StatusCode};
use model::{
    Digest, StreamRef,
    import::{ImportRequest, Selection},
    policy::{ReferencePolicy, Schedule},
};

use crate::{
    common::{Page, TestServer},
    v2_auth::{ask, code, token},
    v2_push::Client,
};

/// Imports tags of `team/app` of an upstream into a new stream.
pub async fn import(server: &TestServer, upstream: &TestUpstream, stream: &str, tags: &[&str]) {
    let (namespace, name) = stream.split_once('/').unwrap();
    let request = ImportRequest {
        stream: StreamRef::parse(namespace, name).unwrap(),
        create: true,
        source: Some(upstream.reference("team/app")),
        selection: Selection::Chosen(tags.iter().map(|tag| tag.parse().unwrap()).collect()),
        insecure: true,
        schedule: Schedule::Never,
        reference_policy: ReferencePolicy::Source,
        mode: None,
        platform: <[String; 2]>::default(),
    };
    let actor = engine::Engine::console_actor();
    server.engine.start_import(&actor, &request).await.unwrap();
    server.engine.run_jobs().await.unwrap();
}

async fn get(server: &TestServer, bearer: &str, path: &str, headers: &[(&str, &str)]) -> Page {
    let mut builder = Request::builder()
        .uri(path)
        .header("host", "weir.test")
        .header("authorization", bearer);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    server
        .send(builder.body(axum::body::Body::empty()).unwrap())
        .await
}

const KINDS: [(&str, ImageKind, &str); 5] = [
    (
        "docker",
        ImageKind::Docker,
        "application/vnd.docker.distribution.manifest.v2+json",
    ),
    (
        "oci",
        ImageKind::Oci,
        "application/vnd.oci.image.manifest.v1+json",
    ),
    (
        "list",
        ImageKind::DockerList,
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ),
    (
        "index",
        ImageKind::OciIndex,
        "application/vnd.oci.image.index.v1+json",
    ),
    (
        "schema1",
        ImageKind::Schema1,
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ),
];

#[tokio::test]
async fn pulling_manifests_of_every_kind_by_tag_and_by_digest() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    for (tag, kind, _) in KINDS {
        upstream.image("team/app", tag, kind);
    }
    import(&server, &upstream, "shop/app", &KINDS.map(|(tag, ..)| tag)).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    for (tag, _, media_type) in KINDS {
        let digest = upstream.digest("team/app", tag);
        let bytes = upstream.manifest("team/app", &digest).expect("its bytes");
        for reference in [tag, digest.as_str()] {
            let path = format!("/v2/shop/app/manifests/{reference}");
            let page = get(&server, &bearer, &path, &[("accept", media_type)]).await;
            assert_eq!(page.status, StatusCode::OK, "{path} {}", page.body);
            assert_eq!(page.body.as_bytes(), &bytes[..], "{path}: untouched");
            assert_eq!(page.header("content-type"), media_type);
            assert_eq!(page.header("docker-content-digest"), digest.as_str());
            assert_eq!(page.header("content-length"), bytes.len().to_string());
            assert_eq!(page.header("etag"), format!("\"{digest}\""));
            let head = ask(&server, Method::HEAD, &path, &bearer).await;
            assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
            for name in [
                "content-type",
                "content-length",
                "docker-content-digest",
                "etag",
            ] {
                assert_eq!(head.header(name), page.header(name), "{path} {name}");
            }
        }
    }
}

#[tokio::test]
async fn pulling_a_child_of_an_index_by_its_digest() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    let index = upstream.image("team/app", "index", ImageKind::OciIndex);
    import(&server, &upstream, "shop/app", &["index"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let path = format!("/v2/shop/app/manifests/{index}");
    let page = get(&server, &bearer, &path, &[]).await;
    let body: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    let children = body["manifests"].as_array().unwrap();
    assert!(children.len() > 1);
    for child in children {
        let digest = child["digest"].as_str().unwrap();
        let path = format!("/v2/shop/app/manifests/{digest}");
        let page = get(&server, &bearer, &path, &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header("docker-content-digest"), digest);
    }
}

#[tokio::test]
async fn a_manifest_the_client_has_or_does_not_take_is_not_sent() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    let digest = upstream.image("team/app", "1", ImageKind::Oci);
    import(&server, &upstream, "shop/app", &["1"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let path = "/v2/shop/app/manifests/1";
    for tag in [
        format!("\"{digest}\""),
        digest.to_string(),
        format!("\"x\", W/\"{digest}\""),
    ] {
        let page = get(&server, &bearer, path, &[("if-none-match", &tag)]).await;
        assert_eq!(
            (page.status, page.body.as_str()),
            (StatusCode::NOT_MODIFIED, ""),
            "{tag}"
        );
        assert_eq!(page.header("etag"), format!("\"{digest}\""));
    }
    let page = get(
        &server,
        &bearer,
        path,
        &[("if-none-match", "\"sha256:other\"")],
    )
    .await;
    assert_eq!(page.status, StatusCode::OK);
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    let page = get(&server, &bearer, path, &[("accept", list)]).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN")
    );
    assert!(page.body.contains("does not accept"), "{}", page.body);
}

#[tokio::test]
async fn only_what_the_stream_holds_and_only_by_those_who_may() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    let ours = upstream.image("team/app", "1", ImageKind::Oci);
    let other = upstream.image("team/app", "2", ImageKind::Docker);
    import(&server, &upstream, "shop/app", &["1"]).await;
    import(&server, &upstream, "team/go", &["2"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let at = |stream: &str, reference: &str| format!("/v2/{stream}/manifests/{reference}");
    let unknown: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
    for path in [
        at("shop/app", "none"),
        at("shop/app", other.as_str()),
        at("shop/app", unknown.as_str()),
        at("shop/none", "1"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            upstream.forget_requests();
            let page = ask(&server, method.clone(), &path, &bearer).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{method} {path}");
            if method == Method::GET {
                assert_eq!(code(&page), "MANIFEST_UNKNOWN", "{path}");
            }
            assert_eq!(upstream.requests().len(), 0, "{path}: nobody is asked");
        }
    }
    let nobody = "Bearer anonymous";
    let path = at("shop/app", ours.as_str());
    assert_eq!(
        ask(&server, Method::GET, &path, nobody).await.status,
        StatusCode::UNAUTHORIZED
    );
    let (admin, shop) = (engine::Engine::console_actor(), "shop".parse().unwrap());
    server
        .engine
        .set_anonymous_pull(&admin, &shop, true)
        .await
        .unwrap();
    assert_eq!(
        ask(&server, Method::GET, &path, nobody).await.status,
        StatusCode::OK
    );
    let path = at("team/go", other.as_str());
    assert_eq!(
        ask(&server, Method::GET, &path, nobody).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_the_upstream_says_reaches_the_client_and_wrong_bytes_never_do() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    upstream.image("team/app", "1", ImageKind::Oci);
    import(&server, &upstream, "shop/app", &["1"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    for fault in [Fault::Status(403), Fault::WrongBytes] {
        upstream.fail(Route::Manifest, fault);
        let page = get(&server, &bearer, "/v2/shop/app/manifests/1", &[]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{}", page.body);
        assert_eq!(code(&page), "OPENSHIFT_PULLTHROUGH_MANIFEST");
        upstream.heal();
    }
    let page = get(&server, &bearer, "/v2/shop/app/manifests/1", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_registry_that_is_asked_too_often_is_passed_on_as_that() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    let image = upstream.image("team/app", "1", ImageKind::Oci);
    import(&server, &upstream, "shop/app", &["1"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    // Nothing was pulled yet, so nothing is kept.
    let manifest = upstream.manifest("team/app", &image).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let layer = &manifest["layers"][0];
    let size = layer["size"].as_u64().unwrap();
    let blob = format!("/v2/shop/app/blobs/{}", layer["digest"].as_str().unwrap());
    upstream.fail(Route::Any, Fault::RateLimited(0));
    for path in [&blob, &format!("/v2/shop/app/manifests/{image}")] {
        let page = ask(&server, Method::GET, path, &bearer).await;
        assert_eq!(
            (page.status, code(&page).as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            "{path}"
        );
        let head = ask(&server, Method::HEAD, path, &bearer).await;
        assert_eq!(head.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    upstream.heal();
    let page = ask(&server, Method::GET, &blob, &bearer).await;
    assert_eq!(
        (page.status, page.header("content-length")),
        (StatusCode::OK, &*size.to_string())
    );
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_a_fault_of_ours_with_an_envelope() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let uploads = server.engine.config().data.join("blobs/uploads");
    std::fs::create_dir_all(uploads.parent().unwrap()).unwrap();
    std::fs::write(&uploads, "").unwrap();
    let place = client.begin("shop/app").await;
    let page = client.send(Method::PATCH, &place, &[], "bytes").await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN")
    );
    std::fs::remove_file(uploads).unwrap();
    let page = client.send(Method::PATCH, &place, &[], "bytes").await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
}

/// The layer of an image, by its manifest.
async fn layer(server: &TestServer, bearer: &str, tag: &str) -> (String, u64) {
    let path = format!("/v2/shop/app/manifests/{tag}");
    let page = get(server, bearer, &path, &[]).await;
    let body: serde_json::Value = serde_json::from_str(&page.body).unwrap();
    let layer = &body["layers"][0];
    let digest = layer["digest"].as_str().unwrap().to_owned();
    (digest, layer["size"].as_u64().unwrap())
}

#[tokio::test]
async fn pulling_blobs_whole_by_range_and_by_head() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    upstream.image("team/app", "1", ImageKind::Oci);
    import(&server, &upstream, "shop/app", &["1"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let (digest, size) = layer(&server, &bearer, "1").await;
    let path = format!("/v2/shop/app/blobs/{digest}");
    let head = ask(&server, Method::HEAD, &path, &bearer).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    // The first comes through, the second from the disk.
    for _ in 0..2 {
        let page = get(&server, &bearer, &path, &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        for name in [
            "content-length",
            "docker-content-digest",
            "etag",
            "content-type",
            "accept-ranges",
        ] {
            assert_eq!(page.header(name), head.header(name), "{name}");
        }
        assert_eq!(page.header("content-length"), size.to_string());
        assert_eq!(page.header("docker-content-digest"), digest);
    }
    for (range, status, part) in [
        ("bytes=0-0", 206, format!("bytes 0-0/{size}")),
        ("bytes=1-", 206, format!("bytes 1-{}/{size}", size - 1)),
        (
            "bytes=-2",
            206,
            format!("bytes {}-{}/{size}", size - 2, size - 1),
        ),
        ("bytes=999999999-", 416, String::new()),
        ("bytes=500-0", 416, String::new()),
        ("bytes=1-0", 416, String::new()),
        ("lines=1-2", 200, String::new()),
    ] {
        let page = get(&server, &bearer, &path, &[("range", range)]).await;
        assert_eq!(page.status.as_u16(), status, "{range} {}", page.body);
        assert_eq!(page.header("content-range"), part, "{range}");
        if status == 416 {
            assert_eq!(code(&page), "RANGE_INVALID");
        }
    }
    let tag = format!("\"{digest}\"");
    let page = get(&server, &bearer, &path, &[("if-none-match", &tag)]).await;
    assert_eq!(
        (page.status, page.body.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
}

#[tokio::test]
async fn a_blob_is_read_where_an_image_has_it_and_by_those_who_may() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    upstream.image("team/app", "1", ImageKind::Oci);
    import(&server, &upstream, "shop/app", &["1"]).await;
    server.job().await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let (digest, _) = layer(&server, &bearer, "1").await;
    let at = |stream: &str| format!("/v2/{stream}/blobs/{digest}");
    // It lies on the disk now; that serves no other stream.
    assert_eq!(
        get(&server, &bearer, &at("shop/app"), &[]).await.status,
        StatusCode::OK
    );
    let validator = format!("\"{digest}\"");
    for stream in ["shop/ruby", "shop/none"] {
        for headers in [
            &[][..],
            &[("range", "bytes=0-0")],
            &[("if-none-match", &*validator)],
        ] {
            let page = get(&server, &bearer, &at(stream), headers).await;
            assert_eq!(
                (page.status, code(&page).as_str()),
                (StatusCode::NOT_FOUND, "BLOB_UNKNOWN")
            );
        }
        let head = ask(&server, Method::HEAD, &at(stream), &bearer).await;
        assert_eq!(head.status, StatusCode::NOT_FOUND);
    }
    let nobody = "Bearer anonymous";
    for method in [Method::GET, Method::HEAD] {
        let page = ask(&server, method, &at("shop/app"), nobody).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    }
    let (admin, shop) = (engine::Engine::console_actor(), "shop".parse().unwrap());
    server
        .engine
        .set_anonymous_pull(&admin, &shop, true)
        .await
        .unwrap();
    for method in [Method::GET, Method::HEAD] {
        let page = ask(&server, method, &at("shop/app"), nobody).await;
        assert_eq!(page.status, StatusCode::OK);
    }
}
