//! What a signature of an image has to look like. Who made it, and of what, is for those to verify who pull the image.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Digest;

use super::Refusal;

/// Bytes of a signature as it comes, with its name; those that clients make have one or two thousand.
pub const MOST_BYTES: usize = 64 << 10;
/// Signatures an image may have in one stream: with all of them of the largest size, a list is still shorter than the
/// 4 MiB that clients read of one.
pub const MOST: usize = 32;
/// Characters of a name after the digest, and of a type.
const LONGEST: usize = 128;
/// What a signature is that does not say it, as OpenShift has it.
const USUAL: &str = "AtomicImageV1";

/// A signature as a client brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// `<digest>@<name>`.
    pub name: String,
    /// Its type; may be empty.
    pub kind: String,
    /// In base64.
    pub content: String,
}

/// The name after the digest, and the type.
///
/// # Errors
/// What of it is wrong, and how it has to be.
pub fn read(digest: &Digest, brought: &Brought) -> Result<(String, String), Refusal> {
    let refuse = |message: String| Err(Refusal::new("signature", message));
    let name = brought.name.strip_prefix(digest.as_str());
    let Some(name) = name.and_then(|name| name.strip_prefix('@')) else {
        return refuse(format!("the signature's name has to begin with {digest}@"));
    };
    let fits = |text: &str, not: &[char]| {
        let within = (1..=LONGEST).contains(&text.len());
        within
            && text
                .chars()
                .all(|c| c.is_ascii_graphic() && !not.contains(&c))
    };
    // The last part of an address in OpenShift's interface.
    if !fits(name, &['/', '%', '@']) || name == "." || name == ".." {
        return refuse(format!(
            "the signature's name has to go on after the digest with 1 to {LONGEST} letters, digits and signs, without / % @"
        ));
    }
    let kind = match brought.kind.as_str() {
        "" => USUAL,
        kind => kind,
    };
    if !fits(kind, &[]) {
        return refuse(format!(
            "the signature's type has to be 1 to {LONGEST} letters, digits and signs, such as atomic"
        ));
    }
    let content = &brought.content;
    if content.is_empty() || content.len() > MOST_BYTES || STANDARD.decode(content).is_err() {
        return refuse(format!(
            "the signature's content has to be base64, of {MOST_BYTES} characters at most"
        ));
    }
    Ok((name.to_owned(), kind.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_names_its_image_and_has_base64() {
        let digest = Digest::sha256(&[7; 32]);
        let whole = |name: &str| format!("{digest}@{name}");
        let long = "a".repeat(LONGEST);
        let large = "A".repeat(MOST_BYTES + 4);
        let other = format!("{}@a", Digest::sha256(&[8; 32]));
        for (name, kind, content, read) in [
            (whole("a"), "atomic", "AAAA", Some(("a", "atomic"))),
            (whole(&long), "", "AA==", Some((long.as_str(), USUAL))),
            (whole(""), "atomic", "AAAA", None),
            (whole(&format!("{long}a")), "atomic", "AAAA", None),
            (whole("a/b"), "atomic", "AAAA", None),
            (whole("a@b"), "atomic", "AAAA", None),
            (whole(".."), "atomic", "AAAA", None),
            (whole("a\0"), "atomic", "AAAA", None),
            (other, "atomic", "AAAA", None),
            ("a".to_owned(), "atomic", "AAAA", None),
            (whole("a"), "a b", "AAAA", None),
            (whole("a"), "atomic", "", None),
            (whole("a"), "atomic", "AAA", None),
            (whole("a"), "atomic", "not base64", None),
            (whole("a"), "atomic", &large, None),
        ] {
            let brought = Brought {
                name,
                kind: kind.to_owned(),
                content: content.to_owned(),
            };
            let expected = read.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
            let found = super::read(&digest, &brought).ok();
            assert_eq!(found, expected, "{} {kind}", brought.name);
        }
    }
}
