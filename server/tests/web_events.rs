//! `/events`: what an open page hears.

use axum::body::Body;
use http::{Method, StatusCode};

use crate::common::TestServer;

/// A server with one change, whose streams of events end once everything there is was told.
async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.job().await;
    server.engine.stopping().cancel();
    server
}

#[tokio::test]
async fn changes_are_told_with_their_number_and_only_of_the_stream_asked_for() {
    let server = server().await;
    let browser = server.signed_in("viewer").await;
    let number = server.engine.newest_number().await.unwrap();
    let all = browser.get("/events?after=0").await;
    assert_eq!(all.header("content-type"), "text/event-stream");
    for line in [
        "event: change".to_owned(),
        format!("id: {number}"),
        "data: shop/ruby".to_owned(),
    ] {
        assert!(all.body.contains(&line), "{line}: {}", all.body);
    }
    let one = browser.get("/events?after=0&stream=shop%2Fruby").await;
    assert_eq!(one.body, all.body);
    let other = browser.get("/events?after=0&stream=shop%2Fphp").await;
    assert_eq!((other.status, other.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_browser_that_comes_back_hears_only_what_it_missed() {
    let server = server().await;
    let browser = server.signed_in("viewer").await;
    let number = server.engine.newest_number().await.unwrap();
    for (last, heard) in [(number - 1, true), (number, false)] {
        let request = browser
            .request(Method::GET, "/events")
            .header("last-event-id", last.to_string());
        let page = browser.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(page.body.contains("shop/ruby"), heard, "after {last}");
    }
    let now = browser.get("/events").await;
    assert_eq!(now.body, "", "without a number it begins now");
}

#[tokio::test]
async fn nobody_hears_without_signing_in_and_nonsense_is_refused() {
    let server = server().await;
    let nobody = server.browser().get("/events").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    let viewer = server.signed_in("viewer").await;
    for query in ["stream=ruby", "stream=a/B/c"] {
        let page = viewer.get(&format!("/events?{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
    }
}
