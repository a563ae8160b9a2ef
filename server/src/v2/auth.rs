//! Who asks, and what somebody who may not is told to do.
//!
//! A token comes as `Bearer`, or as the password of `Basic` with any user name. `Bearer anonymous` is nobody in
//! particular. Names and passwords of users are not taken: a token can be revoked and says what used it.

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::{Actor, Engine};
use http::{HeaderMap, HeaderValue, header};

use super::error::{Code, Refusal};
use crate::state::Site;

/// The token of nobody in particular.
pub const ANONYMOUS: &str = "anonymous";

/// What to tell those whose token is no good.
pub const TOKENS_ONLY: &str = "that is no valid API token: use one from the page API tokens or weir token create as the password, \
     with any user name; the password of a user is not taken here";

/// What a request shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// No `Authorization` at all.
    Nothing,
    /// A token, or what stands in its place.
    Token(String),
    /// Something that cannot be read.
    Garbage,
}

/// Reads the `Authorization` header.
pub fn shown(headers: &HeaderMap) -> Shown {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Shown::Nothing;
    };
    let read = || {
        let (scheme, rest) = value.to_str().ok()?.trim().split_once(' ')?;
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(rest.to_owned());
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
        Some(pair.split_once(':')?.1.to_owned())
    };
    read().map_or(Shown::Garbage, Shown::Token)
}

/// The user a token speaks for, or the refusal.
pub async fn user(engine: &Engine, token: &str) -> Result<Actor, Refusal> {
    let found = engine.actor_for_token(token).await;
    found
        .map_err(|error| Refusal::from_engine(&error, Code::Unknown))?
        .ok_or_else(|| Refusal::new(Code::Unauthorized, TOKENS_ONLY))
}

/// Who asks.
pub async fn actor(engine: &Engine, headers: &HeaderMap) -> Result<Actor, Refusal> {
    match shown(headers) {
        Shown::Nothing => Err(Refusal::new(Code::Unauthorized, "authentication required")),
        Shown::Garbage => Err(Refusal::new(Code::Unauthorized, TOKENS_ONLY)),
        Shown::Token(token) if token == ANONYMOUS => Ok(Actor::anonymous()),
        Shown::Token(token) => user(engine, &token).await,
    }
}

/// Where clients get a token, as they reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    origin: String,
    service: String,
}

impl Challenge {
    /// The realm follows the request's `Host` only to addresses we are configured to have: whoever sends another one
    /// must not make us name a host of theirs.
    pub fn of(site: &Site, headers: &HeaderMap) -> Self {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let public = site.public_url.origin().ascii_serialization();
        let authority = public.split_once("://").map_or("", |(_, rest)| rest);
        let ours = host.eq_ignore_ascii_case(&site.registry_host) && !host.is_empty();
        if ours && !host.eq_ignore_ascii_case(authority) {
            return Self {
                origin: format!("{}://{}", site.public_url.scheme(), site.registry_host),
                service: site.registry_host.clone(),
            };
        }
        Self {
            service: authority.to_owned(),
            origin: public,
        }
    }

    /// A refusal with what to do about it. Nothing or nobody was shown: where to get a token, and for what. A token was
    /// shown that is no good or not enough: that, so that clients ask for another one.
    pub fn refuse(&self, headers: &HeaderMap, scope: Option<String>, refusal: Refusal) -> Response {
        if !matches!(refusal.code, Code::Unauthorized | Code::Denied) {
            return refusal.into_response();
        }
        let realm = format!("{}/openshift/token", self.origin);
        let nobody = match shown(headers) {
            Shown::Nothing => true,
            Shown::Token(token) => token == ANONYMOUS,
            Shown::Garbage => false,
        };
        let line = if nobody {
            let scope = scope.map_or_else(String::new, |scope| format!(",scope=\"{scope}\""));
            format!(
                "Bearer realm=\"{realm}\",service=\"{}\"{scope}",
                self.service
            )
        } else {
            format!("Basic realm=\"{realm}\",error=\"{}\"", refusal.word())
        };
        let mut response = refusal.into_response();
        if let Ok(line) = HeaderValue::from_str(&line) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, line);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_token_is_the_bearer_or_the_password() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (value, token) in [
            ("Bearer weir_1", Some("weir_1")),
            ("bearer  weir_1", Some("weir_1")),
            (&basic("any:weir_1"), Some("weir_1")),
            (&basic(":a:b"), Some("a:b")),
            (&basic("nocolon"), None),
            ("Basic !!!", None),
            ("Digest x", None),
            ("weir_1", None),
            ("", None),
        ] {
            let expected = token.map_or(Shown::Garbage, |token| Shown::Token(token.to_owned()));
            assert_eq!(
                shown(&headers(header::AUTHORIZATION, value)),
                expected,
                "{value}"
            );
        }
        assert_eq!(shown(&HeaderMap::new()), Shown::Nothing);
    }

    #[test]
    fn the_realm_names_only_hosts_of_ours() {
        let site = |public: &str, registry: &str| Site {
            public_url: public.parse().unwrap(),
            secure: public.starts_with("https"),
            registry_host: registry.to_owned(),
        };
        let split = site("https://weir.example", "registry.example:5000");
        let one = site("http://127.0.0.1:8080", "127.0.0.1:8080");
        for (site, host, origin) in [
            (&split, "weir.example", "https://weir.example"),
            (
                &split,
                "registry.example:5000",
                "https://registry.example:5000",
            ),
            (
                &split,
                "REGISTRY.example:5000",
                "https://registry.example:5000",
            ),
            (&split, "evil.example", "https://weir.example"),
            (&split, "registry.example", "https://weir.example"),
            (&split, "", "https://weir.example"),
            (&one, "127.0.0.1:8080", "http://127.0.0.1:8080"),
            (&one, "evil.example:8080", "http://127.0.0.1:8080"),
        ] {
            let challenge = Challenge::of(site, &headers(header::HOST, host));
            assert_eq!(challenge.origin, origin, "{host}");
        }
    }
}
