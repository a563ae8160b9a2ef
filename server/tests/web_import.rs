//! The import form: what was written in it reaches the confirmation.

use crate::common::{TestServer, html};

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
