//! What a page or server function knows about its request. The server provides [`RequestContext`]; the rest is
//! read from the request itself.

use axum::http::{header, request::Parts};
use engine::{Actor, Engine};
use leptos::{context::use_context, server_fn::{ServerFn, error::ServerFnUrlError}};
use model::PageRequest;

use crate::{api::error::ApiError, routes};

/// The colours somebody chose; kept in the cookie `theme`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word of cookie, form and `data-theme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme for a word; anything unknown is the system's.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Provided by the server, as leptos context, to every page and every server function.
#[derive(Clone)]
pub struct RequestContext {
    /// Does everything.
    pub engine: Engine,
    /// Who asks; none if not signed in.
    pub actor: Option<Actor>,
    /// The session's token: in every form that writes.
    pub csrf: String,
    /// From the cookie.
    pub theme: Theme,
    /// Shown with unexpected failures and found in the log.
    pub request_id: String,
}

/// A signed-in request: the right to load a page.
#[derive(Clone)]
pub struct Call {
    /// Does everything.
    pub engine: Engine,
    /// Who asks.
    pub actor: Actor,
}

/// The request's context; none only while the server collects the routes.
#[must_use]
pub fn request() -> Option<RequestContext> {
    use_context()
}

/// The request's id, empty outside a request.
#[must_use]
pub fn request_id() -> String {
    request().map(|request| request.request_id).unwrap_or_default()
}

/// The session's token for forms.
#[must_use]
pub fn csrf() -> String {
    request().map(|request| request.csrf).unwrap_or_default()
}

/// Who asks, or a redirect to the sign-in form (already set on the response) and a refusal to render instead.
///
/// # Errors
/// `Denied` when nobody is signed in.
pub fn require_actor() -> Result<Call, ApiError> {
    if let Some(RequestContext { engine, actor: Some(actor), .. }) = request() {
        return Ok(Call { engine, actor });
    }
    leptos_axum::redirect(&routes::login(&path_and_query()));
    Err(ApiError::Denied { message: "Sign in to see this page.".to_owned() })
}

/// Path and query of the request.
#[must_use]
pub fn path_and_query() -> String {
    use_context::<Parts>()
        .and_then(|parts| parts.uri.path_and_query().map(|it| it.as_str().to_owned()))
        .unwrap_or_else(|| "/".to_owned())
}

/// Whether the answer goes to a browser's form or page, and not to a script.
#[must_use]
pub fn wants_html() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        parts.headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains("text/html"))
    })
}

/// The values of a query, decoded once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes `a=1&b=2`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The last value of a key, trimmed; empty if there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.0.iter().rev().find(|(k, _)| k == key).map_or("", |(_, value)| value.trim())
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.trim())
    }

    /// Whether a key is there with a value.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        !self.get(key).is_empty()
    }

    /// The page asked for: `page` (a cursor) and `rows`.
    ///
    /// # Errors
    /// `Invalid` for an edited cursor.
    pub fn page(&self) -> Result<PageRequest, ApiError> {
        let cursor = match self.get("page") {
            "" => None,
            text => Some(text.parse().map_err(|error: model::page::CursorError| ApiError::invalid("page", error.to_string()))?),
        };
        let size = self.get("rows").parse().unwrap_or(PageRequest::DEFAULT).clamp(1, PageRequest::MAX);
        Ok(PageRequest { cursor, size })
    }
}

/// The request's query.
#[must_use]
pub fn query() -> Query {
    use_context::<Parts>().and_then(|parts| parts.uri.query().map(Query::parse)).unwrap_or_default()
}

/// The error with which the server function `F` sent its form back to this page, if it did:
/// `form_error::<api::tags::SetTag>()`. The frame shows the errors of buttons; forms show their own.
#[must_use]
pub fn form_error<F: ServerFn>() -> Option<ApiError> {
    let query = query();
    (query.has("__err") && query.get("__path") == F::PATH)
        .then(|| ServerFnUrlError::<ApiError>::decode_err(query.get("__err")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_once_and_the_last_value_counts() {
        let query = Query::parse("q=a%2525+b&tag=1&tag=2&empty=");
        assert_eq!(query.get("q"), "a%25 b");
        assert_eq!(query.get("tag"), "2");
        assert_eq!(query.all("tag").collect::<Vec<_>>(), ["1", "2"]);
        assert!(!query.has("empty") && !query.has("none"));
    }

    #[test]
    fn an_edited_page_position_is_refused_and_rows_are_bounded() {
        assert!(Query::parse("page=zzz").page().is_err());
        assert_eq!(Query::parse("rows=100000").page().map(|page| page.size), Ok(PageRequest::MAX));
        assert_eq!(Query::parse("rows=x").page().map(|page| page.size), Ok(PageRequest::DEFAULT));
    }
}
