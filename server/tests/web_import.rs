//! The import form: what was written in it reaches the confirmation.

use model::import::{ImportRequest, Selection};

use crate::common::{TestServer, html};

#[tokio::test]
async fn a_list_that_is_asked_for_again_is_said_on_the_job_and_the_stream_and_can_be_stopped() {
    let server = TestServer::start().await;
    let request = ImportRequest {
        mode: None,
        platform: <[String; 2]>::default(),
        stream: model::StreamRef::parse("shop", "ruby").unwrap(),
        create: true,
        source: Some("127.0.0.1:1/library/ruby".parse().unwrap()),
        selection: Selection::All,
        insecure: true,
        schedule: model::policy::Schedule::Never,
        reference_policy: model::policy::ReferencePolicy::Source,
    };
    let console = engine::Engine::console_actor();
    let started = server.engine.start_import(&console, &request).await;
    let id = started.unwrap().unwrap();
    server.engine.run_jobs().await.unwrap();

    let browser = server.signed_in("editor").await;
    let job = browser.get(&format!("/imports/{id}")).await;
    for said in [
        "The first try did not get through",
        "The latest try failed",
        "try 1 failed",
        "Cancel",
    ] {
        assert!(job.body.contains(said), "{said}: {}", job.body);
    }
    let stream = browser.get("/s/shop/ruby").await;
    assert!(
        stream.body.contains("could not be listed"),
        "{}",
        stream.body
    );
    let fields = [("csrf", job.csrf()), ("id", id.clone())];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.post("/api/fn/imports/cancel", &fields).await;
    let job = browser.get(&format!("/imports/{id}")).await;
    assert!(
        job.body.contains("cancelled") && !job.body.contains("did not get through"),
        "{}",
        job.body
    );
}

#[tokio::test]
async fn what_is_written_in_the_import_form_is_confirmed_with_it() {
    let server = TestServer::start().await;
    let browser = server.signed_in("editor").await;
    let written = [
        ("namespace", "shop"),
        ("name", "php"),
        ("source", "registry.example/library/php"),
        ("tags", "none"),
        ("insecure", "on"),
        ("scheduled", "on"),
        ("pull", "local"),
        ("platforms", "legacy"),
        ("os", "linux"),
        ("architecture", "arm64"),
    ];
    let query: Vec<_> = written
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let page = browser
        .get(&format!("/streams/new?preview=1&{}", query.join("&")))
        .await;
    for (name, value) in written {
        let confirmed = html::input_of(&page.body, "/api/fn/streams/create", name);
        assert_eq!(confirmed.as_deref(), Some(value), "{name}");
    }
}
