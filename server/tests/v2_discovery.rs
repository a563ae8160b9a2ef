//! Content discovery, as the distribution specification names it: listing tags, the catalog; and refusals by their codes.
//!
//! Where recorded answers of OpenShift's registry differ: its tags are unsorted and `n` is ignored; ours are sorted and
//! paged as the specification has it. A name of one or three parts is answered with a code and not with an empty body.

use engine::testing::upstream::{ImageKind, TestUpstream};
use http::{Method, StatusCode};
use serde_json::json;

use crate::{
    common::{Page, TestServer},
    v2_auth::{ask, code, token},
    v2_pull::import,
};

/// A stream with these tags, and one that could not be imported.
async fn fill(server: &TestServer, stream: &str, tags: &[&str]) {
    let upstream = TestUpstream::start().await;
    for tag in tags {
        upstream.image("team/app", tag, ImageKind::Oci);
    }
    let all: Vec<&str> = tags.iter().copied().chain(["gone"]).collect();
    import(server, &upstream, stream, &all).await;
}

fn body(page: &Page) -> serde_json::Value {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    serde_json::from_str(&page.body).unwrap()
}

/// The address of the next page.
fn next(page: &Page) -> Option<String> {
    let link = page.header("link");
    let (address, relation) = link.split_once(">; ")?;
    assert_eq!(relation, "rel=\"next\"");
    Some(address.trim_start_matches('<').to_owned())
}

#[tokio::test]
async fn listing_tags_is_sorted_and_names_only_tags_with_an_image() {
    let server = TestServer::start().await;
    fill(&server, "shop/ruby", &["latest", "2.10", "2.7", "A"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let page = ask(&server, Method::GET, "/v2/shop/ruby/tags/list", &bearer).await;
    assert_eq!(
        body(&page),
        json!({ "name": "shop/ruby", "tags": ["2.10", "2.7", "A", "latest"] })
    );
    assert_eq!(page.header("content-type"), "application/json");
    assert_eq!(next(&page), None);
}

#[tokio::test]
async fn listing_tags_by_n_and_last_links_to_the_next_page() {
    let server = TestServer::start().await;
    fill(&server, "shop/ruby", &["a", "b", "c"]).await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let at = "/v2/shop/ruby/tags/list";
    let mut path = format!("{at}?n=2");
    let mut pages = Vec::new();
    loop {
        let page = ask(&server, Method::GET, &path, &bearer).await;
        pages.push(body(&page)["tags"].clone());
        match next(&page) {
            Some(address) => path = address,
            None => break,
        }
    }
    assert_eq!(pages, [json!(["a", "b"]), json!(["c"])]);
    for (query, tags) in [
        ("n=0", json!([])),
        ("n=3", json!(["a", "b", "c"])),
        ("last=b", json!(["c"])),
        ("last=bb", json!(["c"])),
        ("last=zz", json!([])),
    ] {
        let page = ask(&server, Method::GET, &format!("{at}?{query}"), &bearer).await;
        assert_eq!(body(&page)["tags"], tags, "{query}");
        assert_eq!(next(&page), None, "{query}");
    }
    for query in ["n=x", "n=-1"] {
        let page = ask(&server, Method::GET, &format!("{at}?{query}"), &bearer).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert_eq!(code(&page), "PAGINATION_NUMBER_INVALID");
    }
}

#[tokio::test]
async fn the_catalog_pages_through_all_namespaces() {
    let server = TestServer::start().await;
    for stream in ["team/go", "shop/ruby", "shop-b/a"] {
        fill(&server, stream, &["1"]).await;
    }
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    let mut path = "/v2/_catalog?n=1".to_owned();
    let mut names = Vec::new();
    loop {
        let page = ask(&server, Method::GET, &path, &bearer).await;
        let found = body(&page)["repositories"].as_array().unwrap().clone();
        names.extend(found);
        match next(&page) {
            Some(address) => path = address,
            None => break,
        }
    }
    assert_eq!(json!(names), json!(["shop/ruby", "shop-b/a", "team/go"]));
}

#[tokio::test]
async fn refusals_carry_the_code_of_what_is_wrong() {
    let server = TestServer::start().await;
    let bearer = format!("Bearer {}", token(&server, "viewer").await);
    for (method, path, status, expected) in [
        (Method::GET, "/v2/ruby/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/a/b/c/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/Shop/ruby/tags/list", 400, "NAME_INVALID"),
        (Method::GET, "/v2/shop/none/tags/list", 404, "NAME_UNKNOWN"),
        (
            Method::GET,
            "/v2/shop/ruby/manifests/.INVALID_MANIFEST_NAME",
            404,
            "MANIFEST_UNKNOWN",
        ),
        (
            Method::PUT,
            "/v2/shop/ruby/manifests/-x",
            400,
            "TAG_INVALID",
        ),
        (
            Method::GET,
            "/v2/shop/ruby/blobs/sha256:1",
            400,
            "DIGEST_INVALID",
        ),
        (Method::POST, "/v2/_catalog", 405, "UNSUPPORTED"),
        (Method::GET, "/v2/what", 405, "UNSUPPORTED"),
    ] {
        let page = ask(&server, method, path, &bearer).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert_eq!(code(&page), expected, "{path}");
    }
    let path = "/v2/shop/ruby/manifests/-x";
    let page = ask(&server, Method::HEAD, path, &bearer).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
