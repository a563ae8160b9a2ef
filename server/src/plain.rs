//! The page of last resort: small, static, without Leptos, for when there is nothing better to render.

use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, header};

use crate::middleware::request::RequestId;

/// A plain page. `title` and `text` are our own words, never somebody's input.
#[must_use]
pub fn page(
    status: StatusCode,
    title: &'static str,
    text: &'static str,
    id: Option<&RequestId>,
) -> Response {
    let reference = id.map_or_else(String::new, |id| {
        format!("<p>Request <code>{id}</code></p>")
    });
    let body = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} · Weir</title></head><body><main><h1>{title}</h1><p>{text}</p>{reference}\
         <p><a href=\"/\">To the start page</a></p></main></body></html>"
    );
    (status, [(header::CACHE_CONTROL, "no-store")], Html(body)).into_response()
}
