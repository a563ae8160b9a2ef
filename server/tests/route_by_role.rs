//! Every route, tried by everybody: what each may see and do. A route missing here fails the test.

use std::collections::BTreeSet;

use http::{HeaderValue, Method, StatusCode};

use crate::common::{Browser, TestServer, form};

const OK: u16 = 200;
/// To the sign-in page.
const AWAY: u16 = 303;
const MISSING: u16 = 404;
/// Not for this role.
const NEVER: u16 = 403;
/// Names something that cannot be deleted.
const WRONG: u16 = 400;

/// A page, an address of it (`{job}` stands for an import's id), and its status for nobody, viewer, editor and admin.
const PAGES: [(&str, &str, [u16; 4]); 39] = [
    ("/", "/", [AWAY, OK, OK, OK]),
    ("/login", "/login", [OK, OK, OK, OK]),
    ("/setup", "/setup", [OK, OK, OK, OK]),
    ("/streams", "/streams", [AWAY, OK, OK, OK]),
    ("/streams/new", "/streams/new", [AWAY, NEVER, OK, OK]),
    (
        "/streams/policies",
        "/streams/policies?all=1",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/streams/undo",
        "/streams/undo?change=99999",
        [AWAY, NEVER, MISSING, MISSING],
    ),
    ("/s/{ns}/{name}", "/s/shop/ruby", [AWAY, OK, OK, OK]),
    (
        "/s/{ns}/{name}/import",
        "/s/shop/ruby/import",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/s/{ns}/{name}/imports",
        "/s/shop/ruby/imports",
        [AWAY, OK, OK, OK],
    ),
    (
        "/s/{ns}/{name}/history",
        "/s/shop/ruby/history",
        [AWAY, OK, OK, OK],
    ),
    (
        "/s/{ns}/{name}/graph",
        "/s/shop/ruby/graph",
        [AWAY, OK, OK, OK],
    ),
    (
        "/s/{ns}/{name}/tag",
        "/s/shop/ruby/tag",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/s/{ns}/{name}/delete",
        "/s/shop/ruby/delete",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/s/{ns}/{name}/tags/delete",
        "/s/shop/ruby/tags/delete?tag=none",
        [AWAY, NEVER, WRONG, WRONG],
    ),
    (
        "/s/{ns}/{name}/tags/policies",
        "/s/shop/ruby/tags/policies?tag=none",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/s/{ns}/{name}/policy",
        "/s/shop/ruby/policy",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/s/{ns}/{name}/undo",
        "/s/shop/ruby/undo?change=99999",
        [AWAY, NEVER, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/t/{tag}/rollback",
        "/s/shop/ruby/t/none/rollback?revision=1",
        [AWAY, NEVER, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/t/{tag}/release",
        "/s/shop/ruby/t/none/release",
        [AWAY, NEVER, OK, OK],
    ),
    (
        "/s/{ns}/{name}/t/{tag}",
        "/s/shop/ruby/t/none",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/t/{tag}/history",
        "/s/shop/ruby/t/none/history",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/i/{digest}",
        "/s/shop/ruby/i/sha256:00",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    ("/imports", "/imports", [AWAY, OK, OK, OK]),
    ("/storage", "/storage", [AWAY, OK, OK, OK]),
    (
        "/s/{ns}/{name}/compare",
        "/s/shop/ruby/compare",
        [AWAY, OK, OK, OK],
    ),
    (
        "/s/{ns}/{name}/naming",
        "/s/shop/ruby/naming",
        [AWAY, OK, OK, OK],
    ),
    ("/apply", "/apply", [AWAY, NEVER, OK, OK]),
    (
        "/s/{ns}/{name}/definition",
        "/s/shop/ruby/definition",
        [AWAY, OK, OK, OK],
    ),
    (
        "/s/{ns}/{name}/t/{tag}/definition",
        "/s/shop/ruby/t/none/definition",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/i/{digest}/definition",
        "/s/shop/ruby/i/sha256:00/definition",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/describe",
        "/s/shop/ruby/describe",
        [AWAY, OK, OK, OK],
    ),
    (
        "/s/{ns}/{name}/t/{tag}/describe",
        "/s/shop/ruby/t/none/describe",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    (
        "/s/{ns}/{name}/i/{digest}/describe",
        "/s/shop/ruby/i/sha256:00/describe",
        [AWAY, MISSING, MISSING, MISSING],
    ),
    ("/policies", "/policies", [AWAY, OK, OK, OK]),
    ("/credentials", "/credentials", [AWAY, NEVER, OK, OK]),
    ("/imports/{id}", "/imports/{job}", [AWAY, OK, OK, OK]),
    ("/account/tokens", "/account/tokens", [AWAY, OK, OK, OK]),
    (
        "/n/{ns}/settings",
        "/n/shop/settings",
        [AWAY, NEVER, NEVER, OK],
    ),
];

/// A server function: its path, a form that can be read (`{job}` as above), and the least who may call it, counted in
/// [`NAMES`]. Whoever adds a function adds its row.
const FUNCTIONS: [Function; 19] = [
    (
        "/api/fn/streams/create",
        &[("namespace", "shop"), ("name", "new"), ("tags", "none")],
        EDITOR,
    ),
    (
        "/api/fn/streams/delete",
        &[
            ("namespace", "shop"),
            ("name", "ruby"),
            ("typed", "shop/ruby"),
            ("token", "none"),
        ],
        EDITOR,
    ),
    (
        "/api/fn/streams/edit",
        &[
            ("namespace", "shop"),
            ("name", "ruby"),
            ("edit", r#"{"edit":"stream-insecure","insecure":true}"#),
            ("token", "none"),
        ],
        EDITOR,
    ),
    (
        "/api/fn/streams/bulk",
        &[
            (
                "edit",
                r#"{"edit":"policies","which":{"matching":{"filter":{"namespace":null,"text":"","failed":false},"after":null}},"insecure":true,"tags":{"insecure":null,"reference_policy":null,"schedule":null}}"#,
            ),
            ("token", "none"),
        ],
        EDITOR,
    ),
    (
        "/api/fn/definitions/preview",
        &[("namespace", "shop"), ("text", "kind: ImageStream")],
        EDITOR,
    ),
    (
        "/api/fn/definitions/apply",
        &[("draft", "none"), ("token", "none")],
        EDITOR,
    ),
    (
        "/api/fn/credentials/set",
        &[
            ("namespace", "shop"),
            ("registry", "quay.io"),
            ("user", "robot"),
            ("password", "secret"),
        ],
        EDITOR,
    ),
    (
        "/api/fn/credentials/delete",
        &[("namespace", "shop"), ("registry", "quay.io")],
        EDITOR,
    ),
    (
        "/api/fn/imports/start",
        &[
            ("namespace", "shop"),
            ("name", "ruby"),
            ("source", "registry.example/ruby"),
            ("tags", "chosen"),
            ("chosen", "2.7"),
        ],
        EDITOR,
    ),
    (
        "/api/fn/imports/again",
        &[("namespace", "shop"), ("name", "ruby")],
        EDITOR,
    ),
    (
        "/api/fn/mirror/start",
        &[("namespace", "shop"), ("name", "ruby")],
        EDITOR,
    ),
    (
        "/api/fn/imports/rest",
        &[("namespace", "shop"), ("name", "ruby")],
        EDITOR,
    ),
    ("/api/fn/imports/cancel", &[("id", "{job}")], EDITOR),
    (
        "/api/fn/imports/stop",
        &[("namespace", "shop"), ("name", "ruby"), ("tag", "2.7")],
        EDITOR,
    ),
    (
        "/api/fn/tokens/create",
        &[("name", "ci"), ("expires", "30d")],
        VIEWER,
    ),
    ("/api/fn/tokens/revoke", &[("id", "none")], VIEWER),
    (
        "/api/fn/namespaces/anonymous-pull",
        &[("namespace", "shop"), ("open", "on")],
        ADMIN,
    ),
    (
        "/api/fn/tags/set",
        &[
            ("namespace", "shop"),
            ("name", "ruby"),
            (
                "form",
                r#"{"source":"2.7","destination":"latest","mode":"fixed"}"#,
            ),
            ("token", "none"),
        ],
        EDITOR,
    ),
    (
        "/api/fn/tags/delete",
        &[
            ("namespace", "shop"),
            ("name", "ruby"),
            ("tags", "2.7"),
            ("token", "none"),
        ],
        EDITOR,
    ),
];

/// Places in [`NAMES`].
const VIEWER: usize = 1;
const EDITOR: usize = 2;
const ADMIN: usize = 3;

type Function = (&'static str, &'static [(&'static str, &'static str)], usize);

/// Everybody there is, in the order of the tables.
async fn everybody(server: &TestServer) -> [Browser<'_>; 4] {
    [
        server.browser(),
        server.signed_in("viewer").await,
        server.signed_in("editor").await,
        server.signed_in("admin").await,
    ]
}

const NAMES: [&str; 4] = ["nobody", "viewer", "editor", "admin"];

#[tokio::test]
async fn every_page_opens_for_those_it_is_for() {
    let server = TestServer::start().await;
    let job = server.job().await;
    let listed: BTreeSet<String> = server::web::pages().into_iter().collect();
    let tried: BTreeSet<String> = PAGES
        .iter()
        .map(|(route, ..)| (*route).to_owned())
        .collect();
    assert_eq!(listed, tried, "a page is missing in the table, or gone");
    let everybody = everybody(&server).await;
    let mut wrong = Vec::new();
    for (_, path, expected) in PAGES {
        let path = path.replace("{job}", &job);
        for ((browser, name), expected) in everybody.iter().zip(NAMES).zip(expected) {
            let page = browser.get(&path).await;
            if page.status.as_u16() != expected {
                wrong.push(format!(
                    "{path} for {name}: {} and not {expected}",
                    page.status
                ));
            }
            if expected == AWAY {
                assert!(
                    page.location().starts_with("/login"),
                    "{path}: {}",
                    page.location()
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn pages_about_what_is_not_there_say_so() {
    let server = TestServer::start().await;
    let browser = server.signed_in("viewer").await;
    for path in [
        "/s/shop/ruby",
        "/s/shop/ruby/imports",
        "/s/NOT%20A%20NAME/x",
        "/s/shop/%2e%2e",
        "/s/shop/ruby/t/none",
        "/imports/none",
        "/imports/%00",
    ] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn nobody_can_call_a_server_function_without_signing_in() {
    let server = TestServer::start().await;
    for path in server::web::functions() {
        let browser = server.browser();
        let csrf = browser.get("/login").await.csrf();
        let page = browser.post(path, &[("csrf", &csrf)]).await;
        assert_eq!(
            (page.status.as_u16(), page.location()),
            (AWAY, "/login?error=expired"),
            "{path}"
        );
        let mut request = browser
            .request(Method::POST, path)
            .body(form(&[("csrf", &csrf)]))
            .unwrap();
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert("accept", json);
        let page = browser.send(request).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn every_server_function_is_refused_to_those_it_is_not_for() {
    let server = TestServer::start().await;
    let job = server.job().await;
    let listed: BTreeSet<&str> = server::web::functions().into_iter().collect();
    let tried: BTreeSet<&str> = FUNCTIONS.iter().map(|(path, ..)| *path).collect();
    assert_eq!(listed, tried, "a function is missing in the table, or gone");
    let mut wrong = Vec::new();
    for (at, name) in NAMES.into_iter().enumerate().skip(1) {
        let browser = server.signed_in(name).await;
        let csrf = browser.token().await;
        for (path, fields, least) in FUNCTIONS {
            let mut fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(key, value)| (*key, if *value == "{job}" { &job } else { *value }))
                .collect();
            fields.push(("csrf", &csrf));
            let mut request = browser
                .request(Method::POST, path)
                .body(form(&fields))
                .unwrap();
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert("accept", json);
            let page = browser.send(request).await;
            let refused = page.status == StatusCode::FORBIDDEN;
            if refused != (at < least) || page.status == StatusCode::INTERNAL_SERVER_ERROR {
                wrong.push(format!("{path} by {name}: {} {}", page.status, page.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
