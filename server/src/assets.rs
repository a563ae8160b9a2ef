//! Scripts, styles and icons: inside the binary in a release, read from `target/site` in a debug build.

use axum::{
    Router,
    body::Body,
    extract::Path,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::Embed;

use crate::state::AppState;

// Tests and the engine's people need no browser half, so it may be missing.
#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
#[allow_missing = true]
struct Site;

/// The routes of this file.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/pkg/{*path}",
            get(async |Path(path): Path<String>, headers: HeaderMap| {
                file(&format!("pkg/{path}"), &headers)
            }),
        )
        .route(
            "/favicon.svg",
            get(async |headers: HeaderMap| file("favicon.svg", &headers)),
        )
        .route(
            "/robots.txt",
            get(async |headers: HeaderMap| file("robots.txt", &headers)),
        )
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    // In a debug build the path reaches the file system.
    let plain = path
        .split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']));
    let Some(file) = plain.then(|| Site::get(path)).flatten() else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    // Weak: the same file goes out compressed in several ways.
    let hash = file.metadata.sha256_hash();
    let tag: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("W/\"{tag}\"");
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|known| known.trim() == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (
            [(header::CONTENT_TYPE, content_type(path))],
            Body::from(file.data),
        )
            .into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
