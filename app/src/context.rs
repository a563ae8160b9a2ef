//! What a page or server function knows of its request.

use axum::http::{HeaderValue, header, request::Parts};
use engine::{Actor, Engine};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::api::ApiError;

/// Provided by the server for every page and server function.
#[derive(Clone)]
pub struct RequestContext {
    /// The engine behind every door.
    pub engine: Engine,
    /// Who asks; `None` on the few pages that are open to everybody.
    pub actor: Option<Actor>,
    /// The token every form must carry.
    pub csrf: String,
    /// Whether people come over `https`: cookies are then `Secure`.
    pub secure: bool,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// Names the request in the log.
    pub request_id: String,
}

/// The request's context. The server provides it for every page; without it there is no page to render.
#[must_use]
pub fn request() -> RequestContext {
    expect_context()
}

/// The id that finds this request in the log; empty outside a request.
#[must_use]
pub fn request_id() -> String {
    use_context::<RequestContext>().map_or_else(String::new, |context| context.request_id)
}

/// A signed-in request: the engine and the right to ask it.
pub struct Call {
    /// The engine.
    pub engine: Engine,
    /// Who asks.
    pub actor: Actor,
}

/// The right to call the engine, or the refusal.
///
/// # Errors
/// `Denied` when nobody is signed in.
pub fn call() -> Result<Call, ApiError> {
    let Some(RequestContext {
        engine,
        actor: Some(actor),
        ..
    }) = use_context()
    else {
        return Err(ApiError::Denied("sign in first".into()));
    };
    Ok(Call { engine, actor })
}

/// Sets a cookie for one page and what is below it, out of reach of scripts and other sites; `seconds` of 0 removes it.
/// `value` holds nothing but letters, digits and `_`.
pub fn set_cookie(name: &str, value: &str, path: &str, seconds: u32) {
    let (Some(request), Some(response)) = (
        use_context::<RequestContext>(),
        use_context::<ResponseOptions>(),
    ) else {
        return;
    };
    let secure = if request.secure { "; Secure" } else { "" };
    let line = format!(
        "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    if let Ok(line) = HeaderValue::from_str(&line) {
        response.append_header(header::SET_COOKIE, line);
    }
}

/// The value of a cookie of the request.
#[must_use]
pub fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    let lines = parts.headers.get_all(header::COOKIE);
    let mut pairs = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The values of a query, each decoded once. (The router's own map decodes twice: `%2526` would become `&`.)
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `a=1&b=2`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The last value of a key, trimmed; empty if there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        let mut found = self.0.iter().rev().filter(|(name, _)| name == key);
        found.next().map_or("", |(_, value)| value.trim())
    }

    /// All values of a key, trimmed, in order.
    #[must_use]
    pub fn all(&self, key: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(name, _)| name == key);
        found.map(|(_, value)| value.trim()).collect()
    }
}

/// The query of the request.
#[must_use]
pub fn query() -> Query {
    let parts = use_context::<Parts>();
    parts
        .and_then(|parts| parts.uri.query().map(Query::parse))
        .unwrap_or_default()
}

/// Path and query of the request: where to come back to.
#[must_use]
pub fn here() -> String {
    let parts = use_context::<Parts>();
    parts
        .and_then(|parts| parts.uri.path_and_query().map(ToString::to_string))
        .unwrap_or_else(|| "/".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_once_and_the_last_value_counts() {
        let query = Query::parse("text=a%2525+b&tag=1&tag=+2+&empty=&next=%2Fs%3Ftext%3Da%2526b");
        assert_eq!(query.get("text"), "a%25 b");
        assert_eq!(query.get("next"), "/s?text=a%26b");
        assert_eq!((query.get("tag"), query.all("tag")), ("2", vec!["1", "2"]));
        assert_eq!((query.get("empty"), query.get("none")), ("", ""));
    }
}
