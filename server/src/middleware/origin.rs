//! Refuses writes that another site makes a browser send: by `Sec-Fetch-Site` and `Origin`, before any token is read.

use axum::{body::Body, response::Response};
use http::StatusCode;
use tower_http::csrf::{ConfigError, CsrfLayer, ProtectionError};
use url::Url;

use crate::plain;

/// What a refused request gets.
pub type Refusal = fn(ProtectionError) -> Response<Body>;

/// The layer. `public_url` is trusted beside the request's own host, for proxies that change the host.
///
/// # Errors
/// When `public_url` is no origin; `config.rs` has checked it before.
pub fn layer(public_url: &Url) -> Result<CsrfLayer<Refusal>, ConfigError> {
    Ok(CsrfLayer::new()
        .add_trusted_origin(public_url.origin().ascii_serialization())?
        .with_rejection_response(refuse as Refusal))
}

fn refuse(error: ProtectionError) -> Response<Body> {
    tracing::warn!(reason = %error, "refused a write from another site");
    plain::page(
        StatusCode::FORBIDDEN,
        "Refused",
        "This request came from another site, so nothing was changed. If a proxy stands before Weir, set \
         WEIR_PUBLIC_URL to the address in the browser.",
        None,
    )
}
