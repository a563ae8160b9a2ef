//! Signing in, first set-up and the theme, as a browser without scripts sees them. The life of a session: web_session.rs.

use crate::common::{PASSWORD, TestServer, html};
use chrono::TimeDelta;
use http::StatusCode;

#[tokio::test]
async fn the_right_password_opens_the_page_asked_for() {
    let server = TestServer::start().await;
    let browser = server.browser();
    let page = browser.get("/streams?q=ruby").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location(), "/login?next=%2Fstreams%3Fq%3Druby");

    let form = browser.get(page.location()).await;
    assert_eq!(form.status, StatusCode::OK);
    assert_eq!(
        html::input_of(&form.body, "/login", "next").as_deref(),
        Some("/streams?q=ruby")
    );

    let page = browser.sign_in("editor", PASSWORD, "/streams?q=ruby").await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/streams?q=ruby")
    );
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach() {
    let server = TestServer::start().await;
    let page = server.browser().sign_in("viewer", PASSWORD, "/").await;
    let cookie = page.set_cookie("weir");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn under_https_cookies_are_secure_and_bound_to_the_host() {
    let server = TestServer::empty("https://weir.test").await;
    let token = server.engine.first_start(None).await.unwrap().unwrap();
    let browser = server.browser();
    let form = browser.get(&format!("/setup?token={token}")).await;
    assert!(form.set_cookie("__Host-weir-csrf").contains("Secure"));
    assert!(
        form.header("strict-transport-security")
            .starts_with("max-age=")
    );
    let page = browser
        .post(
            "/setup",
            &[
                ("token", &token),
                ("password", PASSWORD),
                ("csrf", &form.csrf()),
            ],
        )
        .await;
    let cookie = page.set_cookie("__Host-weir");
    assert!(
        cookie.contains("Secure") && cookie.contains("Path=/") && !cookie.contains("Domain"),
        "{cookie}"
    );

    let csrf = browser.get("/").await.csrf();
    let page = browser.post("/logout", &[("csrf", &csrf)]).await;
    let removal = page.set_cookie("__Host-weir");
    assert!(removal.contains("Max-Age=0"), "{removal}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_alike() {
    let server = TestServer::start().await;
    let browser = server.browser();
    let wrong = browser
        .sign_in("editor", "not the password", "/imports")
        .await;
    let unknown = browser
        .sign_in("nobody", "not the password", "/imports")
        .await;
    for page in [&wrong, &unknown] {
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        assert_eq!(page.location(), "/login?error=wrong&next=%2Fimports");
        assert_eq!(page.set_cookie("weir"), "");
    }
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn after_many_failures_even_the_right_password_has_to_wait() {
    let server = TestServer::start().await;
    let browser = server.browser();
    for _ in 0..12 {
        browser.sign_in("editor", "not the password", "/").await;
    }
    let page = browser.sign_in("editor", PASSWORD, "/").await;
    assert_eq!(page.location(), "/login?error=wait");
    server.clock.advance(TimeDelta::hours(1));
    let page = browser.sign_in("editor", PASSWORD, "/").await;
    assert_eq!(page.location(), "/");
}

#[tokio::test]
async fn signing_in_never_leads_to_another_site() {
    let server = TestServer::start().await;
    for next in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "evil",
        "",
    ] {
        let page = server.browser().sign_in("viewer", PASSWORD, next).await;
        assert_eq!(page.location(), "/", "{next}");
    }
}

#[tokio::test]
async fn the_setup_link_works_once() {
    let server = TestServer::empty("http://weir.test").await;
    let token = server.engine.first_start(None).await.unwrap().unwrap();
    let browser = server.browser();
    let form = browser.get(&format!("/setup?token={token}")).await;
    assert_eq!(form.status, StatusCode::OK);
    let csrf = form.csrf();

    let weak = browser
        .post(
            "/setup",
            &[("token", &token), ("password", "short"), ("csrf", &csrf)],
        )
        .await;
    assert_eq!(weak.location(), format!("/setup?error=weak&token={token}"));
    let wrong = browser
        .post(
            "/setup",
            &[("token", "guess"), ("password", PASSWORD), ("csrf", &csrf)],
        )
        .await;
    assert_eq!(wrong.location(), "/setup?error=token&token=guess");

    let done = browser
        .post(
            "/setup",
            &[("token", &token), ("password", PASSWORD), ("csrf", &csrf)],
        )
        .await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(browser.is_signed_in().await);

    let other = server.browser();
    let csrf = other.get("/login").await.csrf();
    let again = other
        .post(
            "/setup",
            &[
                ("token", &token),
                ("password", "another password"),
                ("csrf", &csrf),
            ],
        )
        .await;
    assert!(
        again.location().starts_with("/setup?error=token"),
        "{}",
        again.location()
    );
    assert!(!other.is_signed_in().await);
    assert_eq!(
        server
            .browser()
            .sign_in("admin", PASSWORD, "/")
            .await
            .location(),
        "/"
    );
}

#[tokio::test]
async fn the_theme_is_kept_in_a_cookie_and_rendered_by_the_server() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let csrf = browser.get("/").await.csrf();
    let page = browser
        .post(
            "/theme",
            &[("theme", "dark"), ("csrf", &csrf), ("next", "/streams")],
        )
        .await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/streams")
    );
    assert!(
        page.set_cookie("theme").starts_with("theme=dark; "),
        "{}",
        page.set_cookie("theme")
    );
    let page = browser.get("/streams").await;
    let tag = html::tags(&page.body)
        .into_iter()
        .find(|tag| html::name(tag) == "html")
        .unwrap();
    assert!(tag.contains("dark"), "{tag}");

    let page = browser
        .post(
            "/theme",
            &[
                ("theme", "\"><script>"),
                ("csrf", &csrf),
                ("next", "//evil"),
            ],
        )
        .await;
    assert!(page.set_cookie("theme").starts_with("theme=system; "));
    assert_eq!(page.location(), "/");
}
