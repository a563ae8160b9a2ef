//! Text that must not reach a log, a page or an error message.

use std::fmt;

/// A password, or a URL that holds one. `Debug` prints nothing of it; there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A database URL with its password covered, for people.
#[must_use]
pub fn mask_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    // Passwords with unescaped '@' or '/' are wrong but must not leak either: everything up to the last '@' goes.
    let Some((login, place)) = rest.rsplit_once('@') else {
        return mask_query(url);
    };
    let user = login.split(':').next().unwrap_or_default();
    mask_query(&format!("{scheme}://{user}:********@{place}"))
}

/// Covers `password=` among the parameters of a URL.
fn mask_query(url: &str) -> String {
    let Some((base, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let shown: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if key.to_ascii_lowercase().contains("password") => {
                format!("{key}=********")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{base}?{}", shown.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_nothing_of_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret");
    }

    #[test]
    fn a_database_password_is_covered() {
        for (url, shown) in [
            ("sqlite://data/weir.db", "sqlite://data/weir.db"),
            (
                "postgres://weir:p@db/weir",
                "postgres://weir:********@db/weir",
            ),
            (
                "postgres://weir:p@s/s@db/weir",
                "postgres://weir:********@db/weir",
            ),
            (
                "postgres://db/weir?user=a&password=b",
                "postgres://db/weir?user=a&password=********",
            ),
        ] {
            assert_eq!(mask_url(url), shown);
        }
    }
}
