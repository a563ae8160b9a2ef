//! API tokens by form: shown once, to whom they belong; and the settings of a namespace.

use axum::body::Body;
use http::{Method, StatusCode};

use crate::common::{Browser, TestServer};

/// Makes a token by the form; the answer of the page it leads to.
async fn make(browser: &Browser<'_>, name: &str, expires: &str) -> crate::common::Page {
    let csrf = browser.get("/account/tokens").await.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("name", name),
        ("expires", expires),
    ];
    let page = browser.post("/api/fn/tokens/create", &fields).await;
    assert_eq!(page.status, StatusCode::FOUND, "{}", page.body);
    let to = page.location().to_owned();
    assert!(!to.contains("weir_"), "a token in an address: {to}");
    browser.get(&to).await
}

/// The token a page shows.
fn shown(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("id=\"new-token\">")?;
    Some(rest.split('<').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_is_shown_once_and_works_until_revoked() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let page = make(&browser, "ci", "30d").await;
    let token = shown(&page.body).expect("the new token");
    let actor = server.engine.actor_for_token(&token).await.unwrap();
    assert_eq!(actor.expect("its user").name, "viewer");

    let again = browser.get("/account/tokens").await;
    assert!(again.body.contains("ci") && !again.body.contains(&token));
    assert_eq!(browser.cookie("weir-new-token"), None, "the cookie is gone");

    let id = crate::common::html::input(&again.body, "id").expect("a row with an id");
    let stranger = server.signed_in("editor").await;
    let csrf = stranger.token().await;
    let fields = [("csrf", csrf.as_str()), ("id", &id)];
    stranger.post("/api/fn/tokens/revoke", &fields).await;
    assert!(
        server
            .engine
            .actor_for_token(&token)
            .await
            .unwrap()
            .is_some()
    );
    let csrf = browser.token().await;
    let fields = [("csrf", csrf.as_str()), ("id", &id)];
    let page = browser.post("/api/fn/tokens/revoke", &fields).await;
    assert_eq!(page.location(), "/account/tokens?said=revoked");
    assert!(
        server
            .engine
            .actor_for_token(&token)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn the_cookie_of_a_new_token_is_for_one_page_and_shows_nobody_elses() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let csrf = browser.get("/account/tokens").await.csrf();
    let fields = [
        ("csrf", csrf.as_str()),
        ("name", "ci"),
        ("expires", "never"),
    ];
    let page = browser.post("/api/fn/tokens/create", &fields).await;
    let line = page.set_cookie("weir-new-token").to_owned();
    for flag in [
        "Path=/account/tokens",
        "HttpOnly",
        "SameSite=Strict",
        "Max-Age=60",
    ] {
        assert!(line.contains(flag), "{flag}: {line}");
    }
    let cookie = line.split(';').next().unwrap();
    let other = server.signed_in("editor").await;
    let session = format!("{cookie}; weir={}", other.cookie("weir").unwrap());
    let mut request = other
        .request(Method::GET, "/account/tokens")
        .body(Body::empty())
        .unwrap();
    request
        .headers_mut()
        .insert("cookie", session.parse().unwrap());
    let page = server.send(request).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(shown(&page.body), None);
}

#[tokio::test]
async fn a_bad_form_says_what_is_allowed_and_makes_nothing() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for (name, expires, said) in [
        ("", "30d", "Say what the token is for"),
        ("ci", "soon", "Write a number with h or d"),
    ] {
        let page = make(&browser, name, expires).await;
        assert!(page.body.contains(said), "{}", page.body);
        assert_eq!(shown(&page.body), None);
    }
    let page = browser.get("/account/tokens").await;
    assert!(page.body.contains("No API tokens yet"));
}

#[tokio::test]
async fn an_administrator_opens_a_namespace_by_form() {
    let server = TestServer::start().await;
    server.job().await;
    let browser = server.signed_in("admin").await;
    let at = "/n/shop/settings";
    let shop = "shop".parse().unwrap();
    let admin = engine::Engine::console_actor();
    for (fields, open, said) in [
        (
            &[("namespace", "shop"), ("open", "on")][..],
            true,
            "everybody may pull",
        ),
        (
            &[("namespace", "shop")][..],
            false,
            "pulling needs an API token",
        ),
    ] {
        let csrf = browser.get(at).await.csrf();
        let fields: Vec<_> = fields
            .iter()
            .copied()
            .chain([("csrf", csrf.as_str())])
            .collect();
        let page = browser
            .post("/api/fn/namespaces/anonymous-pull", &fields)
            .await;
        let page = browser.get(page.location()).await;
        assert!(page.body.contains(said), "{}", page.body);
        assert_eq!(
            server.engine.anonymous_pull(&admin, &shop).await.unwrap(),
            open
        );
    }
    assert_eq!(
        browser.get("/n/none/settings").await.status,
        StatusCode::NOT_FOUND
    );
    let list = browser.get("/streams?namespace=shop").await;
    assert!(list.body.contains(at), "the list leads there");
}

#[tokio::test]
async fn a_token_made_to_pull_only_is_that_of_a_viewer_and_its_row_says_so() {
    let server = TestServer::start().await;
    let browser = server.signed_in("editor").await;
    let csrf = browser.get("/account/tokens").await.csrf();
    let fields = |scope| {
        [
            ("csrf", csrf.as_str()),
            ("name", "cluster"),
            ("expires", "30d"),
            ("scope", scope),
        ]
    };
    let refused = browser
        .post("/api/fn/tokens/create", &fields("everything"))
        .await;
    let page = browser.get(refused.location()).await;
    assert!(page.body.contains("is no scope"), "{}", page.body);
    let made = browser.post("/api/fn/tokens/create", &fields("pull")).await;
    let page = browser.get(made.location()).await;
    assert!(page.body.contains("<td data-label=\"Scope\">pull</td>"));
    let token = shown(&page.body).expect("the new token");
    let actor = server.engine.actor_for_token(&token).await.unwrap();
    assert_eq!(actor.expect("its user").role, model::user::Role::Viewer);
}
