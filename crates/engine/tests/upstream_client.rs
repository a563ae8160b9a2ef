//! What is read from a registry that behaves: every manifest kind, every way to be let in, tag lists, request counts.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use engine::{
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
    upstream::{Access, Config, Credentials, Image, Repository, Upstream},
};

fn config() -> Config {
    Config {
        retry_wait: std::time::Duration::from_millis(1),
        ..Config::default()
    }
}

fn insecure() -> Access {
    Access {
        insecure: true,
        credentials: None,
    }
}

fn credentials(password: &str) -> Option<Credentials> {
    Some(Credentials {
        user: "rig".to_owned(),
        password: password.to_owned(),
    })
}

fn repository(up: &TestUpstream) -> Repository {
    Upstream::new(config())
        .unwrap()
        .repository(&up.reference("team/app"), insecure())
}

async fn image(kind: ImageKind) -> (TestUpstream, Image) {
    let up = TestUpstream::start().await;
    let digest = up.image("team/app", "1.0", kind);
    let image = repository(&up).image("1.0").await.unwrap();
    assert_eq!(image.digest, digest);
    assert_eq!(
        Some(&image.manifest),
        up.manifest("team/app", &digest).as_ref()
    );
    (up, image)
}

#[tokio::test]
async fn a_docker_image_is_read_with_its_config() {
    let (_up, image) = image(ImageKind::Docker).await;
    assert_eq!(
        image.media_type,
        "application/vnd.docker.distribution.manifest.v2+json"
    );
    assert_eq!(
        (
            image.os.as_str(),
            image.architecture.as_str(),
            image.variant.as_str()
        ),
        ("linux", "amd64", "")
    );
    assert_eq!(image.author, "Weir tests");
    assert_eq!(
        image.created_at.unwrap().to_rfc3339(),
        "2024-05-06T07:08:09+00:00"
    );
    assert_eq!(image.layers.len(), 2);
    let config = image.config.unwrap();
    assert!(config.contains("\"WorkingDir\":\"/srv\""), "{config}");
    let layers: i64 = image.layers.iter().map(|layer| layer.size).sum();
    assert_eq!(image.size, layers + i64::try_from(config.len()).unwrap());
    assert!(image.config_digest.is_some() && image.children.is_empty());
}

#[tokio::test]
async fn an_oci_image_is_read_with_its_config() {
    let (_up, image) = image(ImageKind::Oci).await;
    assert_eq!(
        image.media_type,
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(
        (image.os.as_str(), image.architecture.as_str()),
        ("linux", "amd64")
    );
    assert_eq!(
        image.layers[0].media_type,
        "application/vnd.oci.image.layer.v1.tar+gzip"
    );
}

#[tokio::test]
async fn a_manifest_list_is_read_with_its_children_and_without_a_config() {
    let (up, image) = image(ImageKind::DockerList).await;
    let platforms: Vec<String> = image
        .children
        .iter()
        .map(|child| child.platform())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64/v8"]);
    assert_eq!(
        (image.size, image.config.as_ref(), image.layers.len()),
        (0, None, 0)
    );
    let child = repository(&up)
        .image(image.children[1].digest.as_str())
        .await
        .unwrap();
    assert_eq!(
        (child.architecture.as_str(), child.variant.as_str()),
        ("arm64", "v8")
    );
    assert_eq!(
        i64::try_from(child.manifest.len()).unwrap(),
        image.children[1].size
    );
}

#[tokio::test]
async fn an_oci_index_keeps_its_attestations() {
    let (_up, image) = image(ImageKind::OciIndex).await;
    assert_eq!(image.children.len(), 3);
    assert!(image.children[2].is_attestation());
}

#[tokio::test]
async fn a_signed_schema_1_manifest_is_known_by_its_payload() {
    let (up, image) = image(ImageKind::Schema1).await;
    assert_eq!(
        image.media_type,
        "application/vnd.docker.distribution.manifest.v1+prettyjws"
    );
    assert_eq!(
        (image.os.as_str(), image.architecture.as_str()),
        ("linux", "amd64")
    );
    let sizes: Vec<i64> = image.layers.iter().map(|layer| layer.size).collect();
    assert_eq!(
        sizes,
        [22, 0, 44],
        "base first, the step without content stays"
    );
    assert_eq!((image.size, image.config_digest), (66, None));
    let config: serde_json::Value = serde_json::from_str(&image.config.unwrap()).unwrap();
    assert_eq!(config["config"]["Cmd"][0], "serve");
    assert_eq!(config["history"][0]["created_by"], "/bin/sh -c ADD base");
    assert_eq!(config["history"][1]["empty_layer"], true);
    assert!(config.get("id").is_none() && config.get("parent").is_none());
    let by_digest = repository(&up).image(image.digest.as_str()).await.unwrap();
    assert_eq!(by_digest.digest, image.digest);
}

#[tokio::test]
async fn an_unsigned_schema_1_manifest_is_known_by_its_bytes() {
    let (_up, image) = image(ImageKind::Schema1Unsigned).await;
    assert_eq!(
        image.media_type,
        "application/vnd.docker.distribution.manifest.v1+json"
    );
    assert_eq!(image.layers.len(), 3);
}

#[tokio::test]
async fn an_artifact_with_the_empty_config_costs_no_second_request() {
    let (up, image) = image(ImageKind::Artifact).await;
    assert_eq!(image.config.as_deref(), Some("{}"));
    assert_eq!((image.os.as_str(), image.layers.len()), ("", 1));
    assert_eq!(up.count("GET", Route::Blob), 0);
}

#[tokio::test]
async fn a_head_names_the_digest_without_a_body() {
    let up = TestUpstream::start().await;
    let digest = up.image("team/app", "1.0", ImageKind::Oci);
    let repository = repository(&up);
    assert_eq!(repository.head("1.0").await.unwrap(), Some(digest.clone()));
    let moved = up.move_tag("team/app", "1.0");
    assert_ne!(moved, digest);
    assert_eq!(repository.head("1.0").await.unwrap(), Some(moved));
    up.fail(Route::Manifest, Fault::NoDigestHeader);
    assert_eq!(repository.head("1.0").await.unwrap(), None);
    assert_eq!(
        (
            up.count("GET", Route::Manifest),
            up.count("HEAD", Route::Manifest)
        ),
        (0, 3)
    );
}

#[tokio::test]
async fn many_tags_cost_one_ping_and_two_requests_each() {
    let up = TestUpstream::start().await;
    let tags = up.many("team/app", 40);
    let repository = repository(&up);
    let images = futures::future::join_all(tags.iter().map(|tag| repository.image(tag))).await;
    assert!(images.iter().all(Result::is_ok));
    assert_eq!(up.count("GET", Route::Ping), 1);
    assert_eq!(
        (
            up.count("GET", Route::Manifest),
            up.count("GET", Route::Blob)
        ),
        (40, 40)
    );
    assert_eq!(up.count("GET", Route::Any), 81);
}

#[tokio::test]
async fn one_token_serves_a_whole_import() {
    let up = TestUpstream::builder()
        .bearer_for("rig", "secret")
        .token_life(300)
        .start()
        .await;
    let tags = up.many("team/app", 20);
    let access = Access {
        insecure: true,
        credentials: credentials("secret"),
    };
    let repository = Upstream::new(config())
        .unwrap()
        .repository(&up.reference("team/app"), access);
    let images = futures::future::join_all(tags.iter().map(|tag| repository.image(tag))).await;
    assert!(images.iter().all(Result::is_ok));
    assert_eq!(
        (up.count("GET", Route::Token), up.count("GET", Route::Ping)),
        (1, 1)
    );
    let seen = up.requests();
    let token = seen.iter().find(|seen| seen.route == Route::Token).unwrap();
    assert!(
        token.path.contains("service=test")
            && token.path.contains("scope=repository%3Ateam%2Fapp%3Apull"),
        "{}",
        token.path
    );
    assert!(token.authorization.as_ref().unwrap().starts_with("Basic "));
    assert!(
        seen.iter()
            .filter(|seen| seen.route == Route::Manifest)
            .all(|seen| seen.authorization.as_deref() == Some("Bearer token-1"))
    );
}

#[tokio::test]
async fn a_token_refused_midway_is_renewed_once() {
    let up = TestUpstream::builder()
        .bearer()
        .token_life(300)
        .start()
        .await;
    up.many("team/app", 2);
    let repository = repository(&up);
    repository.image("0000").await.unwrap();
    up.revoke_tokens();
    repository.image("0001").await.unwrap();
    assert_eq!(up.count("GET", Route::Token), 2);
    up.fail(Route::Manifest, Fault::Status(401));
    up.forget_requests();
    repository.image("0001").await.unwrap_err();
    assert_eq!(
        (
            up.count("GET", Route::Token),
            up.count("GET", Route::Manifest)
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn anonymous_tokens_are_fetched_without_credentials() {
    let up = TestUpstream::builder().bearer().start().await;
    up.image("team/app", "1.0", ImageKind::Docker);
    repository(&up).image("1.0").await.unwrap();
    let seen = up.requests();
    let token = seen.iter().find(|seen| seen.route == Route::Token).unwrap();
    assert_eq!(token.authorization, None);
}

#[tokio::test]
async fn basic_credentials_open_a_registry() {
    let up = TestUpstream::builder().basic("rig", "secret").start().await;
    up.image("team/app", "1.0", ImageKind::Docker);
    let access = Access {
        insecure: true,
        credentials: credentials("secret"),
    };
    let repository = Upstream::new(config())
        .unwrap()
        .repository(&up.reference("team/app"), access);
    repository.image("1.0").await.unwrap();
    assert_eq!(repository.tags(10).await.unwrap().tags, ["1.0"]);
    assert_eq!(up.count("GET", Route::Any), 4, "{:?}", up.requests());
}

#[tokio::test]
async fn a_configured_authority_makes_tls_trusted() {
    let up = TestUpstream::builder().tls().start().await;
    up.image("team/app", "1.0", ImageKind::Docker);
    let config = Config {
        upstream_ca: up.certificate().into_iter().collect(),
        ..config()
    };
    let repository = Upstream::new(config)
        .unwrap()
        .repository(&up.reference("team/app"), Access::default());
    repository.image("1.0").await.unwrap();
}

#[tokio::test]
async fn tags_come_whole_or_in_pages() {
    let names: Vec<String> = (0..25).map(|number| format!("{number:04}")).collect();
    for page in [None, Some(10), Some(25), Some(5)] {
        let mut builder = TestUpstream::builder();
        if let Some(size) = page {
            builder = builder.page_size(size);
        }
        let up = builder.start().await;
        up.many("team/app", 25);
        let repository = repository(&up);
        let all = repository.tags(usize::MAX).await.unwrap();
        assert_eq!((all.tags, all.truncated), (names.clone(), false));
        let exact = repository.tags(25).await.unwrap();
        assert_eq!((exact.tags.len(), exact.truncated), (25, false));
        let some = repository.tags(7).await.unwrap();
        assert_eq!((some.tags.as_slice(), some.truncated), (&names[..7], true));
    }
}

#[tokio::test]
async fn what_is_neither_a_tag_nor_a_digest_is_never_sent() {
    let up = TestUpstream::start().await;
    for bad in ["", "../../x", "a/b", "a b", "1.0?x=1", "sha256:abc"] {
        let failure = repository(&up).image(bad).await.unwrap_err();
        assert_eq!(failure.reason.as_str(), "Invalid", "{bad}");
    }
    assert_eq!(up.count("GET", Route::Any), 0);
}

#[tokio::test]
async fn passwords_are_not_printed() {
    let access = Access {
        insecure: false,
        credentials: credentials("hunter2"),
    };
    assert!(!format!("{access:?}").contains("hunter2"));
}
