//! What is told when a registry cannot be read: each way has its own failure, with a hint, and what may pass is tried again.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use engine::{
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
    upstream::{Access, Config, Credentials, Failure, Image, Repository, Retry, Upstream},
};
use model::{Reference, tag::Reason};

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
async fn an_unreachable_host_is_told_with_its_address() {
    let up = TestUpstream::start().await;
    let source = up.reference("team/app");
    let host = up.host();
    up.stop().await;
    let failure = open(&source, Access::default())
        .image("1.0")
        .await
        .unwrap_err();
    assert_eq!(
        failure.message,
        format!(
            "Internal error occurred: {host}/team/app:1.0: Get \"https://{host}/v2/\": dial tcp {host}: connect: connection refused"
        )
    );
    assert!(
        failure.transient() && failure.hint.contains("port"),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_as_such() {
    let source = "no-such-host.invalid/team/app".parse().unwrap();
    let failure = open(&source, Access::default())
        .image("1.0")
        .await
        .unwrap_err();
    says(
        &failure,
        Reason::InternalError,
        &["Get \"https://no-such-host.invalid/v2/\": dial tcp: lookup"],
    );
    assert!(failure.hint.contains("host name"), "{failure:?}");
}

#[tokio::test]
async fn plain_http_needs_insecure_access() {
    let up = with_image().await;
    let host = up.host();
    let failure = repository(&up, Access::default())
        .image("1.0")
        .await
        .unwrap_err();
    assert_eq!(
        failure.message,
        format!(
            "Internal error occurred: {host}/team/app:1.0: Get \"https://{host}/v2/\": http: server gave HTTP response to HTTPS client"
        )
    );
    assert_eq!(
        failure.hint,
        "The registry speaks plain HTTP. Allow insecure connections (\"Insecure registry\" when importing, the tag's policies later) if you trust the network."
    );
    assert_eq!(
        (failure.reason, failure.retry),
        (Reason::InternalError, Retry::Never)
    );
    assert_eq!(
        up.count("GET", Route::Any),
        0,
        "nothing was asked over plain HTTP"
    );
    image(&up).await.unwrap();
}

#[tokio::test]
async fn a_list_failure_does_not_name_an_image() {
    let up = with_image().await;
    let failure = repository(&up, Access::default())
        .tags(10)
        .await
        .unwrap_err();
    assert!(
        failure
            .message
            .starts_with("Internal error occurred: Get \"https://127.0.0.1:"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_self_signed_certificate_needs_insecure_access() {
    let up = TestUpstream::builder().tls().start().await;
    up.image("team/app", "1.0", ImageKind::Docker);
    let host = up.host();
    let failure = repository(&up, Access::default())
        .image("1.0")
        .await
        .unwrap_err();
    assert_eq!(
        failure.message,
        format!(
            "Internal error occurred: {host}/team/app:1.0: Get \"https://{host}/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority"
        )
    );
    assert!(
        failure.hint.contains("certificate") && !failure.transient(),
        "{failure:?}"
    );
    image(&up).await.unwrap();
}

#[tokio::test]
async fn an_answer_over_tls_never_leads_to_plain_http() {
    let up = TestUpstream::builder().tls().start().await;
    up.fail(Route::Ping, Fault::Status(404));
    let failure = image(&up).await.unwrap_err();
    says(&failure, Reason::NotV2Registry, &["404"]);
    assert_eq!(up.count("GET", Route::Any), 1);
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_the_platforms_words() {
    for up in [
        TestUpstream::builder().basic("rig", "secret").start().await,
        TestUpstream::builder()
            .bearer_for("rig", "secret")
            .start()
            .await,
    ] {
        up.image("team/app", "1.0", ImageKind::Docker);
        let message = format!(
            "you may not have access to the container image \"{}/team/app:1.0\"",
            up.host()
        );
        let wrong = repository(&up, with_password("wrong-one"))
            .image("1.0")
            .await
            .unwrap_err();
        assert_eq!(
            (wrong.reason, &wrong.message),
            (Reason::Unauthorized, &message)
        );
        assert!(
            wrong.hint.contains("user name and password") && wrong.hint.contains("UNAUTHORIZED"),
            "{wrong:?}"
        );
        assert!(!format!("{wrong:?}").contains("wrong-one"));
        let none = image(&up).await.unwrap_err();
        assert_eq!(
            (none.reason, &none.message),
            (Reason::Unauthorized, &message)
        );
        assert!(none.hint.contains("No credential"), "{none:?}");
        repository(&up, with_password("secret"))
            .image("1.0")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_missing_repository_or_tag_is_not_found() {
    let up = with_image().await;
    let missing = open(&up.reference("team/none"), insecure())
        .image("1.0")
        .await
        .unwrap_err();
    assert_eq!(
        missing.message,
        format!(
            "dockerimage.image.openshift.io \"{}/team/none:1.0\" not found",
            up.host()
        )
    );
    says(&missing, Reason::NotFound, &[]);
    assert!(missing.hint.contains("NAME_UNKNOWN"), "{missing:?}");
    let tag = repository(&up, insecure()).head("2.0").await.unwrap_err();
    assert_eq!(
        tag.message,
        format!(
            "dockerimage.image.openshift.io \"{}/team/app:2.0\" not found",
            up.host()
        )
    );
    let list = open(&up.reference("team/none"), insecure())
        .tags(9)
        .await
        .unwrap_err();
    says(&list, Reason::NotFound, &["team/none\""]);
}

#[tokio::test]
async fn a_web_site_is_not_a_registry() {
    let (_, failure) = failure(Route::Ping, Fault::WebSite).await;
    says(
        &failure,
        Reason::NotV2Registry,
        &["does not support the v2 API", "text/html"],
    );
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_or_told_with_its_wait() {
    let up = with_image().await;
    up.fail_times(2, Route::Manifest, Fault::RateLimited(0));
    image(&up).await.unwrap();
    assert_eq!(up.count("GET", Route::Manifest), 3);
    up.fail(Route::Manifest, Fault::RateLimited(7));
    let config = Config {
        retries: 0,
        ..config()
    };
    let limited = Upstream::new(config)
        .unwrap()
        .repository(&up.reference("team/app"), insecure());
    let failure = limited.image("1.0").await.unwrap_err();
    says(
        &failure,
        Reason::InternalError,
        &["429 Too Many Requests", "TOOMANYREQUESTS"],
    );
    assert_eq!(failure.retry, Retry::After(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_registry_that_fails_twice_is_asked_a_third_time() {
    let up = with_image().await;
    up.fail_times(2, Route::Manifest, Fault::Status(500));
    image(&up).await.unwrap();
    up.fail_times(2, Route::Blob, Fault::Truncated);
    image(&up).await.unwrap();
    up.forget_requests();
    up.fail(Route::Manifest, Fault::Status(503));
    let failure = image(&up).await.unwrap_err();
    says(
        &failure,
        Reason::InternalError,
        &[
            "received unexpected HTTP status: 503 Service Unavailable",
            "TEST_FAULT",
        ],
    );
    assert!(failure.transient());
    assert_eq!(up.count("GET", Route::Manifest), 3);
    up.fail(Route::Manifest, Fault::Status(400));
    up.forget_requests();
    assert!(!image(&up).await.unwrap_err().transient());
    assert_eq!(up.count("GET", Route::Manifest), 1);
}

#[tokio::test]
async fn a_registry_that_hangs_is_given_up() {
    let up = with_image().await;
    up.fail(Route::Manifest, Fault::Hang);
    let config = Config {
        request_timeout: Duration::from_millis(100),
        ..config()
    };
    let repository = Upstream::new(config)
        .unwrap()
        .repository(&up.reference("team/app"), insecure());
    let failure = repository.image("1.0").await.unwrap_err();
    says(&failure, Reason::InternalError, &["did not arrive in time"]);
    assert!(
        failure.transient() && failure.hint.contains("too long"),
        "{failure:?}"
    );
    up.hangs(1).await;
}

#[tokio::test]
async fn a_failed_ping_is_remembered_for_one_import_only() {
    let up = with_image().await;
    let upstream = Upstream::new(config()).unwrap();
    let first = upstream.repository(&up.reference("team/app"), insecure());
    up.fail(Route::Ping, Fault::WebSite);
    let failures = [
        first.image("1.0").await.unwrap_err(),
        first.clone().image("2.0").await.unwrap_err(),
    ];
    assert!(failures[1].message.contains("does not support the v2 API"));
    assert_eq!(up.count("GET", Route::Ping), 1);
    up.heal();
    let second = upstream.repository(&up.reference("team/app"), insecure());
    second.image("1.0").await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_not_sent_again_for_every_tag() {
    for up in [
        TestUpstream::builder().basic("rig", "secret").start().await,
        TestUpstream::builder()
            .bearer_for("rig", "secret")
            .start()
            .await,
    ] {
        let tags = up.many("team/app", 10);
        let repository = repository(&up, with_password("wrong"));
        for tag in &tags {
            let failure = repository.image(tag).await.unwrap_err();
            says(
                &failure,
                Reason::Unauthorized,
                &[&format!("team/app:{tag}\"")],
            );
        }
        let sent = up
            .requests()
            .into_iter()
            .filter(|seen| seen.authorization.is_some());
        assert_eq!(sent.count(), 1);
    }
}

#[tokio::test]
async fn no_more_requests_than_configured_are_in_flight() {
    let up = TestUpstream::start().await;
    let tags = up.many("team/app", 12);
    up.fail(Route::Manifest, Fault::Hang);
    let config = Config {
        concurrency_per_host: 4,
        ..config()
    };
    let repository = Upstream::new(config)
        .unwrap()
        .repository(&up.reference("team/app"), insecure());
    let images = futures::future::join_all(tags.iter().map(|tag| repository.image(tag)));
    let meanwhile = async {
        up.hangs(4).await;
        assert_eq!(up.count("GET", Route::Manifest), 4);
        up.heal();
    };
    let (images, ()) = tokio::join!(images, meanwhile);
    assert!(images.iter().all(Result::is_ok));
}
