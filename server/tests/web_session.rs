//! How a session begins, lives and ends.

use chrono::TimeDelta;
use http::StatusCode;

use crate::common::{PASSWORD, TestServer};

#[tokio::test]
async fn signing_in_gives_a_new_session_and_ends_the_old_one() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let first = browser.cookie("weir").unwrap();
    let page = browser.sign_in("editor", PASSWORD, "/").await;
    assert_eq!(page.location(), "/");
    let second = browser.cookie("weir").unwrap();
    assert_ne!(first, second);

    let thief = server.browser();
    thief.cookies.borrow_mut().insert("weir".to_owned(), first);
    assert!(!thief.is_signed_in().await);
}

#[tokio::test]
async fn a_session_id_brought_along_is_not_taken_over() {
    let server = TestServer::start().await;
    let browser = server.browser();
    let planted = "AAAAAAAAAAAAAAAAAAAAAA";
    browser
        .cookies
        .borrow_mut()
        .insert("weir".to_owned(), planted.to_owned());
    browser.sign_in("viewer", PASSWORD, "/").await;
    assert!(browser.is_signed_in().await);
    assert_ne!(browser.cookie("weir").unwrap(), planted);
}

#[tokio::test]
async fn signing_out_ends_the_session_for_good() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let cookie = browser.cookie("weir").unwrap();
    let csrf = browser.get("/").await.csrf();
    let page = browser.post("/logout", &[("csrf", &csrf)]).await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/login")
    );
    assert_eq!(browser.cookie("weir"), None);

    let thief = server.browser();
    thief.cookies.borrow_mut().insert("weir".to_owned(), cookie);
    assert!(!thief.is_signed_in().await);
}

#[tokio::test]
async fn a_session_ends_after_twelve_idle_hours() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    server.clock.advance(TimeDelta::hours(11));
    assert!(browser.is_signed_in().await);
    server.clock.advance(TimeDelta::hours(11));
    assert!(
        browser.is_signed_in().await,
        "use must keep a session alive"
    );
    server.clock.advance(TimeDelta::hours(13));
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_much_it_is_used() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for _ in 0..15 {
        server.clock.advance(TimeDelta::hours(11));
        assert!(browser.is_signed_in().await);
    }
    server.clock.advance(TimeDelta::hours(4));
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn visitors_get_no_session() {
    let server = TestServer::start().await;
    let browser = server.browser();
    for path in ["/", "/login", "/streams", "/nowhere"] {
        browser.get(path).await;
    }
    assert_eq!(browser.cookie("weir"), None);
    let token = browser.cookie("weir-csrf").unwrap();
    browser.get("/login").await;
    assert_eq!(
        browser.cookie("weir-csrf").unwrap(),
        token,
        "one token serves every open form"
    );
}
