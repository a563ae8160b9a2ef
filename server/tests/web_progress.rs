//! `/imports/{id}/progress`: what the island on the import's page reads.

use http::StatusCode;
use serde_json::{Value, json};

use crate::common::TestServer;

#[tokio::test]
async fn progress_is_for_people_who_signed_in() {
    let server = TestServer::start().await;
    let job = server.job().await;
    let path = format!("/imports/{job}/progress");
    let page = server.browser().get(&path).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.header("content-type").starts_with("application/json"));

    let page = server.signed_in("viewer").await.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("cache-control"), "no-store");
    let said: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(said["state"], "queued");
    assert!(said["text"].as_str().unwrap().ends_with("queued"), "{said}");
    assert_eq!(said["failed"], 0);
    for number in ["done", "total"] {
        assert!(said[number].is_i64(), "{said}");
    }
}

#[tokio::test]
async fn an_import_nobody_started_is_not_found() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for id in ["none", "%00", "..%2f..", "'; drop table jobs; --"] {
        let page = browser
            .get(&format!("/imports/{}/progress", id.replace(' ', "%20")))
            .await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{id}: {}", page.body);
        let said: Value = serde_json::from_str(&page.body).unwrap();
        assert_ne!(said["error"], json!(null));
    }
}
