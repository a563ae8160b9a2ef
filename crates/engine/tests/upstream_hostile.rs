//! What a hostile registry gets: nothing that was not meant for it, and a failure that names what it tried.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use bytes::Bytes;
use engine::{
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
    upstream::{Access, Config, Credentials, Failure, Image, Repository, Upstream},
};
use model::{Reference, tag::Reason};

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn config() -> Config {
    Config {
        retry_wait: Duration::from_millis(1),
        ..Config::default()
    }
}

fn insecure() -> Access {
    Access {
        insecure: true,
        credentials: None,
    }
}

fn with_password(password: &str) -> Access {
    Access {
        insecure: true,
        credentials: Some(Credentials {
            user: "rig".to_owned(),
            password: password.to_owned(),
        }),
    }
}

fn open(source: &Reference, access: Access) -> Repository {
    Upstream::new(config()).unwrap().repository(source, access)
}

fn repository(up: &TestUpstream, access: Access) -> Repository {
    open(&up.reference("team/app"), access)
}

async fn with_image() -> TestUpstream {
    let up = TestUpstream::start().await;
    up.image("team/app", "1.0", ImageKind::Docker);
    up
}

async fn image(up: &TestUpstream) -> Result<Image, Failure> {
    repository(up, insecure()).image("1.0").await
}

/// The failure of a registry with one fault, whose message starts as messages about content do.
async fn failure(route: Route, fault: Fault) -> (TestUpstream, Failure) {
    let up = with_image().await;
    up.fail(route, fault);
    let failure = image(&up).await.unwrap_err();
    (up, failure)
}

fn says(failure: &Failure, reason: Reason, parts: &[&str]) {
    assert_eq!(failure.reason, reason, "{failure:?}");
    for part in parts {
        assert!(
            failure.message.contains(part),
            "{part} is not in {failure:?}"
        );
    }
}

#[tokio::test]
async fn content_that_does_not_match_its_digest_is_refused() {
    for (route, fault) in [
        (Route::Manifest, Fault::WrongBytes),
        (Route::Manifest, Fault::WrongDigestHeader),
        (Route::Blob, Fault::WrongBytes),
    ] {
        let (up, tagged) = failure(route, fault).await;
        says(
            &tagged,
            Reason::InternalError,
            &["content does not match digest sha256:"],
        );
        let digest = up.digest("team/app", "1.0");
        let by_digest = repository(&up, insecure()).image(digest.as_str()).await;
        match by_digest {
            // What was asked for by digest is verified against that digest; the header adds nothing.
            Ok(image) => assert_eq!(image.digest, digest),
            Err(failure) => says(
                &failure,
                Reason::InternalError,
                &["content does not match digest sha256:"],
            ),
        }
    }
}

#[tokio::test]
async fn a_huge_manifest_is_left_at_its_cap() {
    let (up, streamed) = failure(Route::Manifest, Fault::Huge).await;
    says(
        &streamed,
        Reason::InternalError,
        &["larger than 4194304 bytes"],
    );
    // What the sockets hold is sent but never taken.
    assert!(
        up.huge_bytes_sent() < 20 << 20,
        "{} bytes",
        up.huge_bytes_sent()
    );
    assert_eq!(up.count("GET", Route::Manifest), 1, "not asked for again");
    let (up, announced) = failure(Route::Manifest, Fault::HugeAnnounced).await;
    says(
        &announced,
        Reason::InternalError,
        &["larger than 4194304 bytes"],
    );
    assert!(
        up.huge_bytes_sent() < 10 << 20,
        "{} bytes",
        up.huge_bytes_sent()
    );
    let (_, config) = failure(Route::Blob, Fault::Huge).await;
    says(
        &config,
        Reason::InternalError,
        &["larger than 4194304 bytes"],
    );
}

#[tokio::test]
async fn endless_tag_lists_end() {
    let up = with_image().await;
    let repository = repository(&up, insecure());
    up.fail(Route::Tags, Fault::EndlessTags);
    let list = repository.tags(950).await.unwrap();
    assert_eq!((list.tags.len(), list.truncated), (950, true));
    assert_eq!(up.count("GET", Route::Tags), 10);
    up.fail(Route::Tags, Fault::RepeatedTags);
    says(
        &repository.tags(950).await.unwrap_err(),
        Reason::InternalError,
        &["repeats itself"],
    );
    up.fail(Route::Tags, Fault::Huge);
    says(
        &repository.tags(950).await.unwrap_err(),
        Reason::InternalError,
        &["larger than 8388608 bytes"],
    );
    let other = with_image().await;
    up.fail(
        Route::Tags,
        Fault::NextPage(format!("{}/v2/team/app/tags/list", other.origin())),
    );
    says(
        &repository.tags(950).await.unwrap_err(),
        Reason::InternalError,
        &["continues on another host"],
    );
    assert_eq!(other.count("GET", Route::Any), 0);
}

#[tokio::test]
async fn credentials_never_reach_a_realm_on_another_host() {
    let thief = TestUpstream::builder().tls().bearer().start().await;
    // Another name of the same machine: another host, as far as names tell.
    let realm = thief.origin().replace("127.0.0.1", "localhost") + "/token";
    let up = TestUpstream::builder().tls().start().await;
    up.image("team/app", "1.0", ImageKind::Docker);
    up.fail(Route::Ping, Fault::Realm(realm.clone()));
    let failure = repository(&up, with_password("hunter2"))
        .image("1.0")
        .await
        .unwrap_err();
    says(
        &failure,
        Reason::Unauthorized,
        &[
            "wants credentials sent to https://localhost:",
            "does not belong to it",
        ],
    );
    assert!(!format!("{failure:?}").contains("hunter2"));
    assert_eq!(
        thief.count("GET", Route::Any),
        0,
        "no request reached the other host"
    );

    // Without credentials there is nothing to steal: the token service is asked.
    repository(&up, insecure()).image("1.0").await.unwrap();
    assert_eq!(thief.count("GET", Route::Token), 1);
    assert_eq!(thief.requests()[0].authorization, None);

    // An operator may allow it.
    let allowed = Config {
        allowed_realms: vec!["localhost".to_owned()],
        ..config()
    };
    let repository = Upstream::new(allowed)
        .unwrap()
        .repository(&up.reference("team/app"), with_password("hunter2"));
    repository.image("1.0").await.unwrap();
    assert!(thief.requests()[1].authorization.is_some());
}

#[tokio::test]
async fn a_realm_over_plain_http_is_refused_where_the_registry_has_tls() {
    let (plain, up) = (
        TestUpstream::builder().bearer().start().await,
        TestUpstream::builder().tls().start().await,
    );
    up.fail(
        Route::Ping,
        Fault::Realm(format!("{}/token", plain.origin())),
    );
    for access in [insecure(), with_password("hunter2")] {
        let failure = repository(&up, access).image("1.0").await.unwrap_err();
        says(&failure, Reason::Unauthorized, &["http://127.0.0.1"]);
    }
    assert_eq!(plain.count("GET", Route::Any), 0);
}

#[tokio::test]
async fn a_realm_in_a_blocked_network_is_forbidden() {
    let (_, failure) = failure(
        Route::Ping,
        Fault::Realm("https://169.254.169.254/token".to_owned()),
    )
    .await;
    says(&failure, Reason::Forbidden, &["169.254.169.254"]);
}

#[tokio::test]
async fn a_redirect_to_the_metadata_address_is_forbidden() {
    for (url, address) in [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://2852039166/", "169.254.169.254"),
        ("http://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254"),
    ] {
        let (_, failure) = failure(Route::Blob, Fault::Redirect(url.to_owned())).await;
        says(
            &failure,
            Reason::Forbidden,
            &["redirects to", address, "in a network"],
        );
    }
}

#[tokio::test]
async fn blocked_addresses_are_refused_before_anything_is_sent() {
    let up = with_image().await;
    for (host, blocked) in [("127.0.0.1", "127.0.0.0/8"), ("localhost", "127.0.0.0/8")] {
        let port = up.host().rsplit(':').next().unwrap().to_owned();
        let source: Reference = format!("{host}:{port}/team/app").parse().unwrap();
        let config = Config {
            blocked_networks: vec![blocked.parse().unwrap(), "::1/128".parse().unwrap()],
            ..config()
        };
        let failure = Upstream::new(config)
            .unwrap()
            .repository(&source, insecure())
            .image("1.0")
            .await
            .unwrap_err();
        says(
            &failure,
            Reason::Forbidden,
            &[host, "is blocked", "does not connect to"],
        );
    }
    let config = Config {
        allow_private: false,
        ..config()
    };
    let failure = Upstream::new(config)
        .unwrap()
        .repository(&up.reference("team/app"), insecure())
        .image("1.0")
        .await
        .unwrap_err();
    says(&failure, Reason::Forbidden, &["127.0.0.1"]);
    assert_eq!(up.count("GET", Route::Any), 0);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_followed_without_authorization() {
    let (up, store) = (
        TestUpstream::builder().basic("rig", "secret").start().await,
        with_image().await,
    );
    up.image("team/app", "1.0", ImageKind::Docker);
    up.fail(
        Route::Blob,
        Fault::Redirect(format!("{}{{path}}?signature=abc", store.origin())),
    );
    repository(&up, with_password("secret"))
        .image("1.0")
        .await
        .unwrap();
    let seen = store.requests();
    assert_eq!((seen.len(), &seen[0].authorization), (1, &None));
    store.fail(Route::Blob, Fault::Status(403));
    let failure = repository(&up, with_password("secret"))
        .image("1.0")
        .await
        .unwrap_err();
    assert!(
        !format!("{failure:?}").contains("signature=abc"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn redirects_that_do_not_end_or_leave_http_are_refused() {
    let up = with_image().await;
    up.fail(
        Route::Blob,
        Fault::Redirect(format!("{}{{path}}", up.origin())),
    );
    says(
        &image(&up).await.unwrap_err(),
        Reason::InternalError,
        &["stopped after 5 redirects"],
    );
    assert_eq!(up.count("GET", Route::Blob), 6);
    for (url, part) in [
        ("file:///etc/passwd", "other than HTTP"),
        ("http://user:word@127.0.0.1:1/", "carries a user name"),
    ] {
        up.fail(Route::Blob, Fault::Redirect(url.to_owned()));
        let failure = image(&up).await.unwrap_err();
        says(&failure, Reason::InternalError, &[part]);
        assert!(!failure.message.contains("word@"));
    }
    let (secure, plain) = (
        TestUpstream::builder().tls().start().await,
        with_image().await,
    );
    secure.image("team/app", "1.0", ImageKind::Docker);
    secure.fail(
        Route::Blob,
        Fault::Redirect(format!("{}{{path}}", plain.origin())),
    );
    let config = Config {
        upstream_ca: secure.certificate().into_iter().collect(),
        ..config()
    };
    let strict = Upstream::new(config)
        .unwrap()
        .repository(&secure.reference("team/app"), Access::default());
    says(
        &strict.image("1.0").await.unwrap_err(),
        Reason::InternalError,
        &["leaves TLS"],
    );
    assert_eq!(plain.count("GET", Route::Any), 0);
}

#[tokio::test]
async fn manifests_that_are_not_what_they_say_are_refused() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let descriptor = format!("{{\"mediaType\":\"m\",\"size\":2,\"digest\":\"{digest}\"}}");
    let both = format!(
        "{{\"schemaVersion\":2,\"manifests\":[],\"layers\":[{descriptor}],\"config\":{descriptor}}}"
    );
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let other_type = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{docker}\",\"layers\":[],\"config\":{descriptor}}}"
    );
    let too_many = format!(
        "{{\"schemaVersion\":2,\"manifests\":[{}]}}",
        vec![descriptor.as_str(); 1_001].join(",")
    );
    let negative = format!(
        "{{\"schemaVersion\":2,\"layers\":[],\"config\":{}}}",
        descriptor.replace(":2,", ":-2,")
    );
    for (media_type, body, part) in [
        (
            OCI_MANIFEST,
            "{\"schemaVersion\": 2, ",
            "the manifest is not valid",
        ),
        (OCI_MANIFEST, "", "the manifest is not valid"),
        (OCI_MANIFEST, "[]", "the manifest is not valid"),
        (OCI_MANIFEST, "{}", "schemaVersion 2"),
        (OCI_MANIFEST, "{\"schemaVersion\":2}", "has no config"),
        (OCI_INDEX, "{\"schemaVersion\":2}", "has no manifests"),
        (OCI_INDEX, both.as_str(), "an index and an image at once"),
        (OCI_MANIFEST, both.as_str(), "an index and an image at once"),
        (
            OCI_MANIFEST,
            other_type.as_str(),
            "calls itself application/vnd.docker",
        ),
        (OCI_INDEX, too_many.as_str(), "more than 1000"),
        (OCI_MANIFEST, negative.as_str(), "negative size"),
        (
            "application/json",
            "{\"schemaVersion\":2,\"mediaType\":\"x/y\"}",
            "x/y is not supported",
        ),
    ] {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let (_, failure) = failure(Route::Manifest, Fault::Body(media_type, body)).await;
        says(&failure, Reason::InternalError, &[part]);
        assert!(!failure.transient(), "{failure:?}");
    }
}
