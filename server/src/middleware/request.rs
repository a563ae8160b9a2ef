//! The request's id, its span and its one log line.

use std::{fmt, time::Instant};

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderName, HeaderValue};
use tracing::Instrument;

/// The header that carries the id, in and out.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Names one request in logs and on error pages: letters, digits, `-`, `_` and `.`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id a proxy gave, if it is one we can print anywhere.
    fn given(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?;
        let safe = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        (safe && (8..=64).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    fn new() -> Self {
        Self(engine::clock::secret::<8>())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives the request an id and logs what came of it: never the query, which may hold tokens.
pub async fn identify(mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(HEADER)
        .and_then(RequestId::given)
        .unwrap_or_else(RequestId::new);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request.id = %id);
    async move {
        let started = Instant::now();
        let mut response = next.run(request).await;
        let status = response.status().as_u16();
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Probes and assets would drown the rest.
        if path.starts_with("/pkg/") || matches!(&*path, "/livez" | "/healthz" | "/readyz") {
            tracing::debug!(%method, path, status, ms, "answered");
        } else {
            tracing::info!(%method, path, status, ms, "answered");
        }
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
    .instrument(span)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_from_outside_is_taken_only_if_it_is_harmless() {
        for (given, taken) in [
            ("0192f1c2-7a77-7b5e-9c11-aa55bb66cc77", true),
            ("trace_01.2345", true),
            ("short", false),
            ("<script>alert(1)</script>", false),
            ("two words here", false),
            (&"a".repeat(65), false),
        ] {
            let value = HeaderValue::from_str(given).unwrap();
            assert_eq!(RequestId::given(&value).is_some(), taken, "{given}");
        }
    }
}
