//! Names of namespaces, streams and tags, and the pair that addresses a stream.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not a name. The message says what is allowed and is shown beside the form field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{what} \"{text}\" is not valid: {rule}")]
pub struct NameError {
    /// What was being named, such as `stream name`.
    pub what: String,
    /// The text, cut to 80 characters.
    pub text: String,
    /// What is allowed, in words.
    pub rule: String,
}

fn refuse(what: &str, text: &str, rule: &str) -> NameError {
    NameError {
        what: what.into(),
        text: text.chars().take(80).collect(),
        rule: rule.into(),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                $check(&text)?;
                Ok(Self(text))
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A namespace (a project): a DNS label of at most 63 characters.
    Namespace,
    check_namespace
);
name!(
    /// A stream's name within its namespace: lower-case letters and digits joined by single `.`, `_` or `-`.
    StreamName,
    check_stream
);
name!(
    /// A tag of a stream: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
    TagName,
    check_tag
);

fn check_namespace(text: &str) -> Result<(), NameError> {
    let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ok = !bytes.is_empty()
        && bytes.len() <= 63
        && edge(bytes[0])
        && edge(bytes[bytes.len() - 1])
        && bytes.iter().all(|b| edge(*b) || *b == b'-');
    if ok {
        return Ok(());
    }
    Err(refuse(
        "namespace",
        text,
        "use 1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit",
    ))
}

fn check_stream(text: &str) -> Result<(), NameError> {
    let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let edges = bytes.first().is_some_and(word) && bytes.last().is_some_and(word);
    let singles = bytes
        .windows(2)
        .all(|pair| word(&pair[0]) || word(&pair[1]));
    let letters = bytes.iter().all(|b| word(b) || b"._-".contains(b));
    if edges && singles && letters && bytes.len() <= 191 {
        return Ok(());
    }
    Err(refuse(
        "stream name",
        text,
        "use lower-case letters and digits, joined by single '.', '_' or '-' (as in my-ruby), at most 191 characters",
    ))
}

fn check_tag(text: &str) -> Result<(), NameError> {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let bytes = text.as_bytes();
    let ok = bytes.first().is_some_and(word)
        && bytes.len() <= 128
        && bytes.iter().all(|b| word(b) || b".-".contains(b));
    if ok {
        return Ok(());
    }
    Err(refuse(
        "tag",
        text,
        "use 1 to 128 letters, digits, '_', '.' and '-', not starting with '.' or '-' (as in 2.0-rc1)",
    ))
}

/// Addresses one stream: `namespace/name`, at most 255 characters together (the halves' limits add up to that).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamRef {
    /// The namespace.
    pub namespace: Namespace,
    /// The stream's name.
    pub name: StreamName,
}

impl StreamRef {
    /// Parses both halves; the error is the first half that is wrong.
    ///
    /// # Errors
    /// When either half is not a name.
    pub fn parse(namespace: &str, name: &str) -> Result<Self, NameError> {
        Ok(Self {
            namespace: namespace.parse()?,
            name: name.parse()?,
        })
    }
}

impl fmt::Display for StreamRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_names_have_no_double_separators_and_no_upper_case() {
        for good in ["ruby", "my-ruby", "a.b_c-d", "0", "x9"] {
            assert!(good.parse::<StreamName>().is_ok(), "{good}");
        }
        for bad in [
            "", ".", "..", "a/b", "a%b", "Ruby", "a--b", "a._b", "-a", "a-", "ä", "a b",
        ] {
            assert!(bad.parse::<StreamName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_follow_the_registry_grammar() {
        for good in ["latest", "2.0", "_x", "A.b-C_d", &"a".repeat(128)] {
            assert!(good.parse::<TagName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".a",
            "-a",
            "a:b",
            "in valid!",
            "a@b",
            "a/b",
            &"a".repeat(129),
        ] {
            assert!(bad.parse::<TagName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn namespaces_are_dns_labels() {
        for good in ["a", "team-1", &"a".repeat(63)] {
            assert!(good.parse::<Namespace>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", &"a".repeat(64)] {
            assert!(bad.parse::<Namespace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_refusal_says_what_is_allowed() {
        let error = "Ruby".parse::<StreamName>().unwrap_err().to_string();
        assert!(
            error.contains("stream name \"Ruby\"") && error.contains("lower-case"),
            "{error}"
        );
    }
}
