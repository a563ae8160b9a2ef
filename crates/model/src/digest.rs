//! Content digests: `sha256:<64 hex>` and its relatives.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A content digest, `algorithm:hex` with at least 32 hex digits, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("digest \"{0}\" is not valid: use algorithm:hex, as in sha256: and 64 hexadecimal digits")]
pub struct DigestError(pub String);

impl Digest {
    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the colon.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        self.0
            .split_once(':')
            .map_or("", |(algorithm, _)| algorithm)
    }

    /// The part after the colon.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The first 12 hex digits, for display where space is short.
    #[must_use]
    pub fn short(&self) -> &str {
        let hex = self.hex();
        &hex[..hex.len().min(12)]
    }

    /// A sha256 digest from its 32 bytes.
    #[must_use]
    pub fn sha256(bytes: &[u8; 32]) -> Self {
        use fmt::Write;
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    fn check(text: &str) -> Result<(), DigestError> {
        let refuse = || DigestError(text.chars().take(90).collect());
        let (algorithm, hex) = text.split_once(':').ok_or_else(refuse)?;
        let algorithm_ok = !algorithm.is_empty()
            && algorithm.len() <= 32
            && algorithm.split(['+', '.', '_', '-']).all(|part| {
                part.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        let length_ok = match algorithm {
            "sha256" => hex.len() == 64,
            "sha384" => hex.len() == 96,
            "sha512" => hex.len() == 128,
            _ => (32..=256).contains(&hex.len()),
        };
        let hex_ok = hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if algorithm_ok && length_ok && hex_ok {
            Ok(())
        } else {
            Err(refuse())
        }
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, DigestError> {
        Self::check(&text)?;
        Ok(Self(text))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lower_case_digests_parse() {
        let good = format!("sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(good.parse::<Digest>().unwrap().short(), "0123456789ab");
        for bad in [
            "",
            "sha256:",
            "sha256:abc",
            "3a335d7",
            &good.to_uppercase(),
            &format!("{good}0"),
            &format!("{good} "),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        assert!(format!("md5:{}", "a".repeat(32)).parse::<Digest>().is_ok());
        assert!(format!("MD5:{}", "a".repeat(32)).parse::<Digest>().is_err());
    }

    #[test]
    fn bytes_and_text_agree() {
        assert_eq!(
            Digest::sha256(&[0xab; 32]).as_str(),
            format!("sha256:{}", "ab".repeat(32))
        );
    }
}
