//! The period of a stream's scheduled tags by forms alone: previewed, confirmed, undone; and where the server's is set.

use http::StatusCode;
use model::StreamRef;

use crate::common::{Browser, Page, TestServer, html};

/// Confirms the preview of a page; the page it leads to.
async fn confirm(browser: &Browser<'_>, page: &Page) -> Page {
    let csrf = page.csrf();
    let field = |name| html::input_of(&page.body, "/api/fn/streams/edit", name).expect("a field");
    let (namespace, name) = (field("namespace"), field("name"));
    let (edit, token) = (field("edit"), field("token"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("namespace", &namespace),
        ("name", &name),
        ("edit", &edit),
        ("token", &token),
    ];
    let answer = browser.post("/api/fn/streams/edit", &fields).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    browser.get(answer.location()).await
}

#[tokio::test]
async fn a_streams_period_is_set_and_undone_with_scripts_off() {
    let server = TestServer::start().await;
    server.job().await;
    let ruby = StreamRef::parse("shop", "ruby").unwrap();
    let period = || async {
        let actor = engine::Engine::console_actor();
        server.engine.stream(&actor, &ruby).await.unwrap().period
    };
    let browser = server.signed_in("editor").await;
    let form = "/s/shop/ruby/policy";
    let page = browser.get(form).await;
    assert!(page.body.contains("Period of scheduled tags"));

    for (own, said) in [
        ("", "Write how often"),
        ("soon", "is no period"),
        ("1s", "is no period"),
    ] {
        let refused = browser
            .get(&format!("{form}?schedule=every&own={own}"))
            .await;
        assert!(refused.body.contains(said), "{own:?}: {}", refused.body);
    }
    let preview = browser.get(&format!("{form}?schedule=every&own=5m")).await;
    assert!(
        preview.body.contains("are imported again every 5m"),
        "{}",
        preview.body
    );
    let done = confirm(&browser, &preview).await;
    assert_eq!(period().await, Some(300));
    assert!(
        done.body.contains("scheduled tags: every 5m"),
        "{}",
        done.body
    );

    let (_, rest) = done.body.split_once("/undo?change=").expect("a way back");
    let number = rest.split('"').next().unwrap();
    let undo = browser
        .get(&format!("/s/shop/ruby/undo?change={number}"))
        .await;
    confirm(&browser, &undo).await;
    assert_eq!(period().await, None);
}

#[tokio::test]
async fn the_page_of_policies_says_where_the_servers_are_set() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    let page = browser.get("/policies").await;
    for said in [
        "WEIR_ALLOWED_REGISTRIES",
        "WEIR_SCHEDULE_INTERVAL",
        "WEIR_IMPORTS_PER_MINUTE",
        "weir.toml",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
}
