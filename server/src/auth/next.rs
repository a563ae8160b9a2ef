//! Where to go after signing in: only to a page of ours.

use url::Url;

/// `next` as a path on this site, ready for a `Location` header; `/` if it could lead anywhere else.
#[must_use]
pub fn local_path(next: &str) -> String {
    checked(next).unwrap_or_else(|| "/".to_owned())
}

fn checked(next: &str) -> Option<String> {
    let path = next.starts_with('/') && !next.starts_with("//");
    // Browsers read '\' as '/' and drop tabs and line ends before they look.
    let odd = next.len() > 2048 || next.chars().any(|c| c == '\\' || c.is_control());
    if !path || odd {
        return None;
    }
    // The parser of browsers has the last word: it resolves dots and encodes what a header cannot hold.
    let base = Url::parse("http://weir.invalid/").ok()?;
    let url = base.join(next).ok()?;
    if url.origin() != base.origin() {
        return None;
    }
    let path = url[url::Position::BeforePath..].to_owned();
    (!path.starts_with("//")).then_some(path)
}

/// The sign-in page that leads back to `from`.
#[must_use]
pub fn sign_in(from: &str, error: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(error) = error {
        query.append_pair("error", error);
    }
    if from != "/" {
        query.append_pair("next", from);
    }
    let query = query.finish();
    if query.is_empty() {
        "/login".to_owned()
    } else {
        format!("/login?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_local_path_is_followed() {
        for (next, gone_to) in [
            ("/", "/"),
            ("/streams?q=a&after=b", "/streams?q=a&after=b"),
            ("/s/shop/ruby#t", "/s/shop/ruby#t"),
            ("/s/ü", "/s/%C3%BC"),
            ("", "/"),
            ("streams", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
            ("/.//evil.example", "/"),
            ("/a/..//evil.example", "/"),
            ("https://evil.example/", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(local_path(next), gone_to, "{next:?}");
        }
    }

    #[test]
    fn the_sign_in_page_leads_back() {
        assert_eq!(sign_in("/", None), "/login");
        assert_eq!(
            sign_in("/s/a?x=1&y", Some("wrong")),
            "/login?error=wrong&next=%2Fs%2Fa%3Fx%3D1%26y"
        );
    }
}
