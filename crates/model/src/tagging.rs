//! What people write in the tag form: the source and the destination of a tag, parsed against a stream.

use serde::{Deserialize, Serialize};

use crate::{StreamRef, TagName};

/// How a tag is to relate to its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Point at the source's image of this moment and stay there.
    Fixed,
    /// Move whenever the source moves.
    Follow,
}

/// What a tag does after it went back to an older revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// Stays for good: it is not imported and follows no more.
    Fixed,
    /// Stays until somebody releases it; what it imports or follows is kept.
    Held,
}

impl After {
    /// The word forms use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Held => "held",
        }
    }

    /// What a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Fixed, Self::Held]
            .into_iter()
            .find(|after| after.as_str() == word)
    }
}

/// The source of a tag, within its stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagInput {
    /// Another tag.
    Tag(TagName),
    /// An image by digest or by the beginning of one: lower-case hex, with or without `sha256:`.
    Image(String),
}

/// A request to set a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRequest {
    /// The stream both ends are in.
    pub stream: StreamRef,
    /// What to point at.
    pub source: TagInput,
    /// The tag to set.
    pub destination: TagName,
    /// Stay or follow.
    pub mode: Mode,
}

/// Reads a source: `2.0`, `ruby:2.0`, `team/ruby:2.0`, `ruby@3a335d7` or `sha256:3a335d7…`, within `stream`.
///
/// # Errors
/// Says what is wrong and what is allowed, for showing beside the field.
pub fn parse_source(text: &str, stream: &StreamRef) -> Result<TagInput, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!(
            "name the tag or image to use, as in {}:2.0 or 2.0",
            stream.name
        ));
    }
    if let Some((owner, id)) = text.split_once('@') {
        same_stream(owner, stream)?;
        return image_id(id);
    }
    if text.starts_with("sha256:") {
        return image_id(text);
    }
    let tag = match text.split_once(':') {
        Some((owner, tag)) => {
            if tag.contains(['/', ':']) || owner.contains('.') {
                return Err(format!(
                    "\"{text}\" names another registry; import it first (Import, then Chosen tags), then tag it here"
                ));
            }
            same_stream(owner, stream)?;
            tag
        }
        None => text,
    };
    tag.parse()
        .map(TagInput::Tag)
        .map_err(|error: crate::name::NameError| error.to_string())
}

/// Reads a destination: `latest`, `ruby:latest` or `team/ruby:latest`, within `stream`.
///
/// # Errors
/// Says what is wrong and what is allowed, for showing beside the field.
pub fn parse_destination(text: &str, stream: &StreamRef) -> Result<TagName, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!(
            "name the tag to set, as in {}:latest or latest",
            stream.name
        ));
    }
    if text.contains('@') {
        return Err(
            "a destination is a tag, not an image: leave out the part from \"@\"".to_owned(),
        );
    }
    let tag = match text.split_once(':') {
        Some((owner, tag)) => {
            same_stream(owner, stream)?;
            tag
        }
        None => text,
    };
    tag.parse()
        .map_err(|error: crate::name::NameError| error.to_string())
}

fn same_stream(owner: &str, stream: &StreamRef) -> Result<(), String> {
    if owner == stream.name.as_str() || owner == stream.to_string() {
        return Ok(());
    }
    Err(format!(
        "\"{owner}\" is another stream; both ends of a tag are in {stream}: write {}:tag or just the tag",
        stream.name
    ))
}

fn image_id(id: &str) -> Result<TagInput, String> {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    let ok = !hex.is_empty()
        && hex.len() <= 64
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if ok {
        return Ok(TagInput::Image(hex.to_owned()));
    }
    Err(format!(
        "\"{id}\" is no image id: use the digest or its first hexadecimal digits, as in 3a335d7"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruby() -> StreamRef {
        StreamRef::parse("team", "ruby").unwrap()
    }

    #[test]
    fn sources_are_tags_or_images_of_the_stream() {
        for text in ["2.0", "ruby:2.0", "team/ruby:2.0", " 2.0 "] {
            assert_eq!(
                parse_source(text, &ruby()),
                Ok(TagInput::Tag("2.0".parse().unwrap())),
                "{text}"
            );
        }
        for text in ["ruby@3a335d7", "sha256:3a335d7", "team/ruby@sha256:3a335d7"] {
            assert_eq!(
                parse_source(text, &ruby()),
                Ok(TagInput::Image("3a335d7".into())),
                "{text}"
            );
        }
    }

    #[test]
    fn other_streams_registries_and_nonsense_are_refused_with_the_remedy() {
        for (text, part) in [
            ("", "name the tag"),
            ("php:2.0", "another stream"),
            ("quay.io/org/ruby:2.0", "another registry"),
            ("localhost:5000/ruby:2.0", "another registry"),
            ("ruby:", "tag \"\" is not valid"),
            ("ruby:a b", "is not valid"),
            ("ruby@xyz", "no image id"),
            ("ruby@", "no image id"),
        ] {
            let error = parse_source(text, &ruby()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(parse_destination("ruby@sha256:aa", &ruby()).is_err());
        assert!(parse_destination("php:latest", &ruby()).is_err());
        assert_eq!(
            parse_destination("ruby:latest", &ruby()).unwrap().as_str(),
            "latest"
        );
    }
}
