//! `/events`: what an open page hears, and what a deployment may do with it.

use axum::body::Body;
use http::{Method, StatusCode};

use crate::{
    common::TestServer,
    v2_push::{Client, image, push},
};

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

/// What a deployment does: it hears of changes from where it stopped, and looks which image the tag has now.
struct Deployment<'a> {
    browser: crate::common::Browser<'a>,
    client: Client<'a>,
    heard: i64,
    running: Vec<String>,
}

impl Deployment<'_> {
    async fn look(&mut self) {
        let events = self
            .browser
            .get(&format!("/events?after={}", self.heard))
            .await;
        let numbers = events
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("id: "));
        for number in numbers {
            self.heard = self.heard.max(number.parse().unwrap());
            let path = "/v2/shop/app/manifests/1";
            let page = self
                .client
                .send(Method::HEAD, path, &[], Body::empty())
                .await;
            let image = page.header("docker-content-digest").to_owned();
            if self.running.last() != Some(&image) {
                self.running.push(image);
            }
        }
    }
}

#[tokio::test]
async fn a_deployment_that_listens_takes_each_change_once() {
    let server = TestServer::start().await;
    // The stream of events ends once everything there is was told.
    server.engine.stopping().cancel();
    let client = Client::new(&server, "editor").await;
    let mut deployment = Deployment {
        browser: server.signed_in("viewer").await,
        client: Client::new(&server, "viewer").await,
        heard: 0,
        running: Vec::new(),
    };
    deployment.look().await;
    assert!(deployment.running.is_empty(), "nothing has changed yet");
    let first = push(&client, "shop/app", "1", &image("first")).await;
    deployment.look().await;
    // The same image again is no change, and neither is coming back.
    push(&client, "shop/app", "1", &image("first")).await;
    deployment.look().await;
    deployment.look().await;
    assert_eq!(deployment.running, [first.to_string()]);
    let second = push(&client, "shop/app", "1", &image("second")).await;
    let third = push(&client, "shop/app", "1", &image("third")).await;
    deployment.look().await;
    assert_ne!(second, third);
    // It missed one while it was away, and takes what the tag has now.
    assert_eq!(deployment.running, [first.to_string(), third.to_string()]);
}
