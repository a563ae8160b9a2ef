//! `/metrics`: for those with a token, and without names of what is in the registry.

use engine::testing::upstream::{ImageKind, TestUpstream};
use http::{Method, StatusCode};

use crate::{
    common::TestServer,
    v2_auth::{ask, token},
    v2_pull::import,
};

#[tokio::test]
async fn metrics_are_for_those_who_show_a_token() {
    let server = TestServer::start().await;
    for authorization in ["", "Bearer anonymous", "Bearer weir_0000"] {
        for path in ["/metrics", "/extensions/v2/metrics"] {
            let page = ask(&server, Method::GET, path, authorization).await;
            assert_eq!(
                page.status,
                StatusCode::UNAUTHORIZED,
                "{path} {authorization}"
            );
            assert!(!page.body.contains("weir_http"), "{path} {authorization}");
        }
    }
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    for path in ["/metrics", "/extensions/v2/metrics"] {
        let page = ask(&server, Method::GET, path, &bearer).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            page.header("content-type")
                .starts_with("text/plain; version=0.0.4")
        );
    }
}

#[tokio::test]
async fn requests_jobs_storage_and_other_registries_are_measured_by_host_alone() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    upstream.image("team/app", "confidential-tag", ImageKind::Docker);
    import(
        &server,
        &upstream,
        "shop/confidential-stream",
        &["confidential-tag"],
    )
    .await;
    server.job().await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let path = "/v2/shop/confidential-stream/manifests/confidential-tag";
    assert_eq!(
        ask(&server, Method::GET, path, &bearer).await.status,
        StatusCode::OK
    );
    let page = ask(&server, Method::GET, "/metrics", &bearer).await;
    let host = upstream.host();
    for line in [
        "weir_http_requests_total{code=\"200\",method=\"get\"}",
        "weir_http_request_duration_seconds_bucket{method=\"get\",le=\"0.001\"}",
        "weir_http_in_flight_requests ",
        "weir_request_duration_seconds_count{operation=\"manifest.pull\"}",
        &format!(
            "weir_pullthrough_repository_duration_seconds_count{{registry=\"{host}\",operation=\"manifest\"}}"
        ),
        "weir_storage_duration_seconds_count{operation=\"store\"}",
        "weir_jobs{kind=\"import\",state=\"queued\"} 1",
        "weir_imported_tags_total{result=\"imported\"}",
        "weir_jobs_ended_total{state=\"succeeded\"}",
    ] {
        assert!(
            page.body.lines().any(|shown| shown.starts_with(line)),
            "{line}\n{}",
            page.body
        );
    }
    for secret in ["confidential", "shop", "viewer", "team/app"] {
        assert!(!page.body.contains(secret), "{secret}");
    }
}
