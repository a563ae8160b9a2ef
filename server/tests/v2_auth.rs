//! Signing in to the registry: the challenge, the token service, and who may do what at which address.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::StreamExt;
use http::{Method, Request, StatusCode};
use model::user::Role;

use crate::common::{PASSWORD, Page, TestServer, form};

/// Sends a request as a registry client does: no cookies, no origin.
pub async fn ask(server: &TestServer, method: Method, path: &str, authorization: &str) -> Page {
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "weir.test");
    if !authorization.is_empty() {
        builder = builder.header("authorization", authorization);
    }
    server.send(builder.body(Body::empty()).unwrap()).await
}

/// A token of one of the users `viewer`, `editor`, `admin`.
pub async fn token(server: &TestServer, user: &str) -> String {
    let console = engine::Engine::console_actor();
    let life = "1d".parse().unwrap();
    let new = server
        .engine
        .create_token(&console, user, "test", life, model::token::Scope::Full)
        .await;
    new.unwrap().secret
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// The code of a refusal's one error.
pub fn code(page: &Page) -> String {
    let body: serde_json::Value = serde_json::from_str(&page.body).expect("an envelope");
    let errors = body["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 1, "{}", page.body);
    assert!(
        errors[0]["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    errors[0]["code"].as_str().expect("a code").to_owned()
}

const BASE_CHALLENGE: &str =
    "Bearer realm=\"http://weir.test/openshift/token\",service=\"weir.test\"";

#[tokio::test]
async fn without_a_token_the_base_names_the_token_service() {
    let server = TestServer::start().await;
    for path in ["/v2/", "/v2"] {
        for method in [Method::GET, Method::HEAD] {
            let page = ask(&server, method.clone(), path, "").await;
            assert_eq!(page.status, StatusCode::UNAUTHORIZED);
            assert_eq!(page.header("www-authenticate"), BASE_CHALLENGE);
            assert_eq!(
                page.header("docker-distribution-api-version"),
                "registry/2.0"
            );
            assert_eq!(page.header("x-registry-supports-signatures"), "1");
            assert_eq!(page.body.is_empty(), method == Method::HEAD);
        }
    }
    let page = ask(&server, Method::GET, "/v2/", "").await;
    assert_eq!(code(&page), "UNAUTHORIZED");
    assert_eq!(page.header("content-type"), "application/json");
    let page = ask(&server, Method::GET, "/v2/shop/ruby/tags/list", "").await;
    let expected = format!("{BASE_CHALLENGE},scope=\"repository:shop/ruby:pull\"");
    assert_eq!(page.header("www-authenticate"), expected);
}

#[tokio::test]
async fn a_token_opens_the_base_as_bearer_and_as_password() {
    let server = TestServer::start().await;
    let token = token(&server, "viewer").await;
    for authorization in [
        format!("Bearer {token}"),
        basic("any", &token),
        basic("", &token),
        "Bearer anonymous".to_owned(),
    ] {
        let page = ask(&server, Method::GET, "/v2/", &authorization).await;
        assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, "{}"));
        assert_eq!(
            page.header("docker-distribution-api-version"),
            "registry/2.0"
        );
    }
    server.clock.advance(chrono::Duration::days(2));
    let page = ask(&server, Method::GET, "/v2/", &format!("Bearer {token}")).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "expired");
}

#[tokio::test]
async fn what_is_no_token_is_told_what_one_is() {
    let server = TestServer::start().await;
    for authorization in [
        "Bearer weir_0000".to_owned(),
        "Bearer ".to_owned(),
        basic("admin", PASSWORD),
        basic("admin", ""),
        "Basic ???".to_owned(),
        "Digest x".to_owned(),
    ] {
        for path in ["/v2/", "/openshift/token"] {
            let page = ask(&server, Method::GET, path, &authorization).await;
            assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{authorization}");
            assert_eq!(
                page.header("www-authenticate"),
                "Basic realm=\"http://weir.test/openshift/token\",error=\"UNAUTHORIZED\""
            );
            assert!(page.body.contains("no valid API token"), "{}", page.body);
        }
    }
}

#[tokio::test]
async fn the_token_service_hands_out_the_password_or_the_word_anonymous() {
    let server = TestServer::start().await;
    let token = token(&server, "viewer").await;
    let query = "/openshift/token?service=weir.test&scope=repository:shop/ruby:pull";
    let handed = |page: &Page| {
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let body: serde_json::Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(body["token"], body["access_token"]);
        body["token"].as_str().unwrap().to_owned()
    };
    let page = ask(&server, Method::GET, query, "").await;
    assert_eq!(handed(&page), "anonymous");
    let page = ask(&server, Method::GET, query, &basic("ci", &token)).await;
    assert_eq!(handed(&page), token);
    for (fields, status) in [
        (
            &[
                ("grant_type", "password"),
                ("username", "x"),
                ("password", &*token),
            ][..],
            StatusCode::OK,
        ),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", &*token)],
            StatusCode::OK,
        ),
        (
            &[("grant_type", "password"), ("password", PASSWORD)],
            StatusCode::UNAUTHORIZED,
        ),
        (
            &[("grant_type", "client_credentials")],
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/openshift/token")
            .header("host", "weir.test")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields))
            .unwrap();
        let page = server.send(request).await;
        assert_eq!(page.status, status, "{fields:?}");
        if status == StatusCode::OK {
            assert_eq!(handed(&page), token);
        }
    }
}

#[tokio::test]
async fn a_session_of_the_pages_opens_nothing_and_a_token_opens_no_page() {
    let server = TestServer::start().await;
    let browser = server.signed_in("admin").await;
    let page = browser.get("/v2/_catalog").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.set_cookie("weir-csrf").is_empty(), "no cookies here");
    let token = token(&server, "admin").await;
    let page = ask(&server, Method::GET, "/streams", &format!("Bearer {token}")).await;
    assert!(page.location().starts_with("/login"), "{}", page.status);
}

#[tokio::test]
async fn a_token_form_that_is_large_or_never_ends_is_not_waited_for() {
    let server = TestServer::empty("http://weir.test").await;
    let post = |body: Body| {
        Request::post("/openshift/token")
            .header("host", "weir.test")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .unwrap()
    };
    let large = format!("grant_type=password&password={}", "x".repeat(70_000));
    let page = server.send(post(large.into())).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    tokio::time::pause();
    let begun = futures::stream::iter([std::io::Result::Ok("grant_type=")]);
    let endless = begun.chain(futures::stream::pending());
    let page = server.send(post(Body::from_stream(endless))).await;
    assert_eq!(page.status, StatusCode::GATEWAY_TIMEOUT);
}

/// Every address below `/v2/` with the methods it will know.
const ROUTES: [(&str, &[Method]); 8] = [
    ("tags/list", &[Method::GET, Method::HEAD]),
    (
        "manifests/2.7",
        &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE],
    ),
    (
        "manifests/{sha}",
        &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE],
    ),
    ("blobs/{sha}", &[Method::GET, Method::HEAD, Method::DELETE]),
    ("blobs/uploads/", &[Method::POST]),
    ("blobs/uploads/?mount={sha}&from=team/go", &[Method::POST]),
    (
        "blobs/uploads/01a2",
        &[Method::GET, Method::PATCH, Method::PUT, Method::DELETE],
    ),
    ("referrers/{sha}", &[Method::GET, Method::HEAD]),
];

#[tokio::test]
async fn nobody_gets_past_any_address_and_learns_nothing_there() {
    let server = TestServer::start().await;
    server.job().await;
    let sha = format!("sha256:{}", "a".repeat(64));
    for (path, methods) in ROUTES {
        for method in methods {
            let mut answers = Vec::new();
            for repository in ["shop/ruby", "shop/none", "none/none"] {
                let path = format!("/v2/{repository}/{path}").replace("{sha}", &sha);
                for authorization in ["", "Bearer weir_0000"] {
                    let page = ask(&server, method.clone(), &path, authorization).await;
                    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{method} {path}");
                    answers.push((authorization, page.body));
                }
            }
            // The same for a stream that is there and for those that are not.
            assert_eq!(answers[..2], answers[2..4], "{method} {path}");
            assert_eq!(answers[..2], answers[4..], "{method} {path}");
        }
    }
}

#[tokio::test]
async fn lists_are_for_users_and_for_everybody_only_where_a_namespace_is_open() {
    let server = TestServer::start().await;
    server.job().await;
    let admin = engine::Engine::console_actor();
    let nobody = "Bearer anonymous";
    let (tags, catalog) = ("/v2/shop/ruby/tags/list", "/v2/_catalog");
    for role in [Role::Viewer, Role::Editor, Role::Admin] {
        let bearer = format!("Bearer {}", token(&server, role.as_str()).await);
        for path in [tags, catalog] {
            let page = ask(&server, Method::GET, path, &bearer).await;
            assert_eq!(page.status, StatusCode::OK, "{path} {role:?}");
        }
    }
    // Closed, and not there: the same answer, and the way to a token.
    for path in [tags, "/v2/none/none/tags/list"] {
        let page = ask(&server, Method::GET, path, nobody).await;
        assert_eq!(
            (page.status, code(&page).as_str()),
            (StatusCode::UNAUTHORIZED, "DENIED")
        );
        assert!(page.header("www-authenticate").starts_with("Bearer realm="));
    }
    let shop = "shop".parse().unwrap();
    server
        .engine
        .set_anonymous_pull(&admin, &shop, true)
        .await
        .unwrap();
    assert_eq!(
        ask(&server, Method::GET, tags, nobody).await.status,
        StatusCode::OK
    );
    let page = ask(&server, Method::GET, "/v2/shop/none/tags/list", nobody).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::NOT_FOUND, "NAME_UNKNOWN")
    );
    let page = ask(&server, Method::GET, catalog, nobody).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::UNAUTHORIZED, "DENIED")
    );
    let page = ask(&server, Method::GET, "/v2/team/go/tags/list", nobody).await;
    assert_eq!(code(&page), "DENIED", "another namespace stays closed");
}

#[tokio::test]
async fn the_realm_is_never_a_host_of_the_clients() {
    let server = TestServer::start().await;
    let request = Request::builder()
        .uri("/v2/")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .body(Body::empty())
        .unwrap();
    let page = server.send(request).await;
    assert_eq!(page.header("www-authenticate"), BASE_CHALLENGE);
}
