//! Whether a connection may be insecure, and why.

use serde::{Deserialize, Serialize};

/// Where an effective insecure policy comes from. `true` anywhere wins: a tag cannot make an insecure stream strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insecure {
    /// HTTPS with a verified certificate, nothing else.
    No,
    /// The stream is marked insecure, so every tag of it is.
    Stream,
    /// This tag is marked insecure.
    Tag,
}

impl Insecure {
    /// The rule: stream OR tag.
    #[must_use]
    pub fn effective(stream: bool, tag: bool) -> Self {
        match (stream, tag) {
            (true, _) => Self::Stream,
            (false, true) => Self::Tag,
            (false, false) => Self::No,
        }
    }

    /// Whether unverified TLS and plain HTTP are allowed.
    #[must_use]
    pub fn allowed(self) -> bool {
        self != Self::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_cannot_override_an_insecure_stream() {
        let table = [
            (false, false, false),
            (false, true, true),
            (true, false, true),
            (true, true, true),
        ];
        for (stream, tag, allowed) in table {
            assert_eq!(
                Insecure::effective(stream, tag).allowed(),
                allowed,
                "stream {stream}, tag {tag}"
            );
        }
    }
}
