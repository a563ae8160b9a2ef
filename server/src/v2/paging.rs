//! `n` and `last` of lists, and the `Link` to the next page. A page is bounded whatever `n` says.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use serde_json::Value;

use super::error::{Code, Refusal};

/// Entries of one page, at most.
const MOST: usize = 1_000;

/// What a list was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Entries, at most.
    pub n: usize,
    /// After this one; empty for the beginning.
    pub last: String,
}

impl Wanted {
    /// Reads the query.
    pub fn parse(query: Option<&str>) -> Result<Self, Refusal> {
        let mut wanted = Self {
            n: MOST,
            last: String::new(),
        };
        for (key, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*key {
                "n" => wanted.n = number(&value)?.min(MOST),
                "last" => wanted.last = value.into_owned(),
                _ => {}
            }
        }
        Ok(wanted)
    }

    /// How many to ask the engine for: one more than wanted tells whether there is another page.
    pub fn fetch(&self) -> usize {
        self.n + 1
    }

    /// Cuts what was fetched to a page; the value of `last` for the next one, if there is one.
    pub fn cut(&self, entries: &mut Vec<String>) -> Option<String> {
        let more = entries.len() > self.n;
        entries.truncate(self.n);
        entries.last().filter(|_| more).cloned()
    }

    /// The answer, with the way to the next page.
    pub fn answer(&self, path: &str, body: Value, next: Option<String>) -> Response {
        let mut response = Json(body).into_response();
        if let Some(last) = next {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("n", &self.n.to_string())
                .append_pair("last", &last)
                .finish();
            // A list that is narrowed has a query of its own.
            let mark = if path.contains('?') { '&' } else { '?' };
            let link = format!("<{path}{mark}{query}>; rel=\"next\"");
            if let Ok(link) = HeaderValue::from_str(&link) {
                response.headers_mut().insert(header::LINK, link);
            }
        }
        response
    }
}

fn number(text: &str) -> Result<usize, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err(Refusal::new(
            Code::PaginationNumberInvalid,
            "n must be a whole number from 0 on",
        ));
    }
    // More than fits is more than enough.
    Ok(text.parse().unwrap_or(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_is_clamped_and_checked() {
        let n = |query| {
            Wanted::parse(query)
                .map(|wanted| wanted.n)
                .map_err(|refusal| refusal.code)
        };
        assert_eq!(n(None), Ok(MOST));
        assert_eq!(n(Some("n=0")), Ok(0));
        assert_eq!(n(Some("n=7&last=a")), Ok(7));
        assert_eq!(n(Some("n=99999999999999999999999")), Ok(MOST));
        for bad in ["n=", "n=-1", "n=+1", "n=x", "n=1.5"] {
            assert_eq!(n(Some(bad)), Err(Code::PaginationNumberInvalid), "{bad}");
        }
    }

    #[test]
    fn there_is_a_next_page_only_when_something_is_left() {
        let page = |n, entries: &[&str]| {
            let wanted = Wanted {
                n,
                last: String::new(),
            };
            let mut entries: Vec<String> = entries.iter().map(|&text| text.to_owned()).collect();
            let next = wanted.cut(&mut entries);
            (entries.len(), next)
        };
        assert_eq!(page(2, &["a", "b", "c"]), (2, Some("b".to_owned())));
        assert_eq!(page(2, &["a", "b"]), (2, None));
        assert_eq!(page(0, &["a"]), (0, None));
    }
}
