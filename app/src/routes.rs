//! Every address of ours, by name: views and redirects take links from here, so no path is spelt twice.

use model::{Digest, StreamRef, TagName};

/// The overview.
#[must_use]
pub fn overview() -> String {
    "/".to_owned()
}

/// The stream list.
#[must_use]
pub fn streams() -> String {
    "/streams".to_owned()
}

/// The stream list, narrowed by a query (`q`, `namespace`, `failed`, `insecure`).
#[must_use]
pub fn streams_where(pairs: &[(&str, &str)]) -> String {
    with_query("/streams", pairs)
}

/// The form that makes a stream.
#[must_use]
pub fn new_stream() -> String {
    "/streams/new".to_owned()
}

/// A stream and its tags.
#[must_use]
pub fn stream(stream: &StreamRef) -> String {
    format!("/s/{}/{}", stream.namespace, stream.name)
}

/// The form that imports into a stream.
#[must_use]
pub fn import(stream: &StreamRef) -> String {
    format!("{}/import", self::stream(stream))
}

/// The imports of one stream.
#[must_use]
pub fn stream_imports(stream: &StreamRef) -> String {
    format!("{}/imports", self::stream(stream))
}

/// The form that sets a tag.
#[must_use]
pub fn tag_form(stream: &StreamRef) -> String {
    format!("{}/tag", self::stream(stream))
}

/// The form that sets a tag, with values: any of `source`, `destination`, `mode`.
#[must_use]
pub fn tag_form_with(stream: &StreamRef, pairs: &[(&str, &str)]) -> String {
    with_query(&tag_form(stream), pairs)
}

/// The preview of deleting a stream.
#[must_use]
pub fn delete_stream(stream: &StreamRef) -> String {
    format!("{}/delete", self::stream(stream))
}

/// Where the boxes of the tag table lead: the preview of deleting tags, without naming any.
#[must_use]
pub fn delete_tags_form(stream: &StreamRef) -> String {
    format!("{}/tags/delete", self::stream(stream))
}

/// The preview of deleting these tags.
#[must_use]
pub fn delete_tags(stream: &StreamRef, tags: &[TagName]) -> String {
    let pairs: Vec<_> = tags.iter().map(|tag| ("tag", tag.as_str())).collect();
    with_query(&delete_tags_form(stream), &pairs)
}

/// A tag.
#[must_use]
pub fn tag(stream: &StreamRef, tag: &TagName) -> String {
    format!("{}/t/{tag}", self::stream(stream))
}

/// What a tag pointed at, newest first.
#[must_use]
pub fn history(stream: &StreamRef, tag: &TagName) -> String {
    format!("{}/history", self::tag(stream, tag))
}

/// An image.
#[must_use]
pub fn image(stream: &StreamRef, digest: &Digest) -> String {
    format!("{}/i/{digest}", self::stream(stream))
}

/// All imports.
#[must_use]
pub fn jobs() -> String {
    "/imports".to_owned()
}

/// One import.
#[must_use]
pub fn job(id: &str) -> String {
    format!("/imports/{}", encode(id))
}

/// The sign-in form; afterwards the browser goes to `next`.
#[must_use]
pub fn login(next: &str) -> String {
    match local(next) {
        Some(next) if next != "/" => with_query("/login", &[("next", next)]),
        _ => "/login".to_owned(),
    }
}

/// Where the sign-in form is sent.
pub const LOGIN: &str = "/login";
/// Where the sign-out button is sent.
pub const LOGOUT: &str = "/logout";
/// Where the theme switch is sent.
pub const THEME: &str = "/theme";
/// Where the first administrator's password is set.
pub const SETUP: &str = "/setup";

/// `next` if it is a path of ours: one `/` first, no second one, no backslash, no control characters.
///
/// Anything else could lead a browser to another site after signing in.
#[must_use]
pub fn local(next: &str) -> Option<&str> {
    let ok = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && next.len() <= 2_000;
    ok.then_some(next)
}

/// A path with a query; pairs with an empty value are left out.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.len() == path.len() { '?' } else { '&' });
        out.push_str(&encode(key));
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// Percent-encodes a query value or path segment.
fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/@,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_gone_on_to() {
        for good in ["/", "/streams", "/s/team/ruby?page=a.2.0", "/streams?q=//x"] {
            assert_eq!(local(good), Some(good), "{good}");
        }
        for bad in [
            "",
            "streams",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
        assert_eq!(login("//evil.example"), "/login");
        assert_eq!(login("/streams?q=a b"), "/login?next=/streams%3Fq%3Da%20b");
    }

    #[test]
    fn queries_are_encoded_and_empty_values_left_out() {
        assert_eq!(streams_where(&[("q", "a&b=c"), ("namespace", "")]), "/streams?q=a%26b%3Dc");
        assert_eq!(streams_where(&[]), "/streams");
    }
}
