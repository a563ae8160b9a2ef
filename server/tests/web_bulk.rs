//! Policies of many streams by forms alone: ticked, previewed, confirmed, undone.

use http::StatusCode;
use model::StreamRef;

use crate::common::{Browser, Page, TestServer, html};

/// Confirms the preview of a page; the page it leads to.
async fn confirm(browser: &Browser<'_>, page: &Page) -> Page {
    let csrf = page.csrf();
    let edit = html::input(&page.body, "edit").expect("what is confirmed");
    let token = html::input(&page.body, "token").expect("a token");
    let fields = [("csrf", csrf.as_str()), ("edit", &edit), ("token", &token)];
    let answer = browser.post("/api/fn/streams/bulk", &fields).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
    let to = answer.location().to_owned();
    browser.get(&to).await
}

#[tokio::test]
async fn policies_of_ticked_streams_are_set_and_undone_with_scripts_off() {
    let server = TestServer::start().await;
    server.job().await;
    let ruby = StreamRef::parse("shop", "ruby").unwrap();
    let insecure = || async {
        let actor = engine::Engine::console_actor();
        server.engine.stream(&actor, &ruby).await.unwrap().insecure
    };
    let browser = server.signed_in("editor").await;
    let list = browser.get("/streams").await;
    assert!(list.body.contains("name=\"stream[]\" value=\"shop/ruby\""));
    assert!(list.body.contains("/streams/policies?all=1"));

    let form = browser
        .get("/streams/policies?stream%5B%5D=shop%2Fruby")
        .await;
    assert!(form.body.contains("Policies of shop/ruby"), "{}", form.body);
    assert_eq!(
        html::input(&form.body, "stream").as_deref(),
        Some("shop/ruby")
    );
    let nothing = browser.get("/streams/policies?all=1&preview=1").await;
    assert!(nothing.body.contains("Choose what is to change"));

    let preview = browser
        .get("/streams/policies?stream=shop%2Fruby&preview=1&streams=yes")
        .await;
    assert!(
        preview
            .body
            .contains("1 change of policies in 1 stream will be made")
    );
    assert!(preview.body.contains("Stream connection"));
    let done = confirm(&browser, &preview).await;
    assert!(insecure().await);
    let (_, rest) = done
        .body
        .split_once("/streams/undo?change=")
        .expect("a way back");
    let number = rest.split('"').next().unwrap();

    let undo = browser.get(&format!("/streams/undo?change={number}")).await;
    confirm(&browser, &undo).await;
    assert!(!insecure().await);

    // What was confirmed once is refused the second time, on its page.
    let again = confirm(&browser, &undo).await;
    assert!(again.body.contains("changed again since"), "{}", again.body);

    let viewer = server.signed_in("viewer").await;
    let list = viewer.get("/streams").await;
    assert!(!list.body.contains("stream[]") && !list.body.contains("/streams/policies"));
}

#[tokio::test]
async fn more_streams_than_are_changed_at_once_follow_part_by_part() {
    let server = TestServer::start().await;
    let actor = engine::Engine::console_actor();
    let texts = ["a", "b", "c"].map(|name| {
        format!("kind: ImageStream\napiVersion: v1\nmetadata: {{name: {name}}}\nspec: {{}}\n")
    });
    let draft = engine::Draft {
        namespace: "team".into(),
        text: texts.join("---\n"),
    };
    let planned = server.engine.plan_definitions(&actor, &draft).await;
    let token = planned.unwrap().token;
    let applied = server.engine.apply_definitions(&actor, &draft, &token);
    applied.await.unwrap();
    let insecure = || async {
        let mut found = Vec::new();
        for name in ["a", "b", "c"] {
            let stream = StreamRef::parse("team", name).unwrap();
            found.push(
                server
                    .engine
                    .stream(&actor, &stream)
                    .await
                    .unwrap()
                    .insecure,
            );
        }
        found
    };
    let browser = server.signed_in("editor").await;
    let first = browser
        .get("/streams/policies?all=1&namespace=team&preview=1&streams=yes")
        .await;
    assert!(
        first.body.contains("This part ends with team/b"),
        "{}",
        first.body
    );
    // What is confirmed leads to the preview of the rest, with the way back.
    let second = confirm(&browser, &first).await;
    assert_eq!(insecure().await, [true, true, false]);
    assert!(
        second.body.contains("/streams/undo?change="),
        "{}",
        second.body
    );
    assert!(second.body.contains("all streams of team after team/b"));
    assert!(
        second
            .body
            .contains("1 change of policies in 1 stream will be made")
    );
    assert!(!second.body.contains("This part ends"));
    confirm(&browser, &second).await;
    assert_eq!(insecure().await, [true, true, true]);
}
