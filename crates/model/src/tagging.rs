//! What people write in the tag form: the source and the destinations of tags, read from the stream the form is of.

use serde::{Deserialize, Serialize};

use crate::{
    Reference, StreamRef,
    name::NameError,
    policy::{ImportMode, ReferencePolicy, Schedule},
    tag::TagAt,
};

/// Tags one request may set.
const MOST_DESTINATIONS: usize = 50;

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

/// The source of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagInput {
    /// Another tag.
    Tag(TagAt),
    /// An image of a stream, by digest or by the beginning of one: lower-case hex, without `sha256:`.
    Image(StreamRef, String),
    /// What a registry has.
    External(Reference),
}

/// What is asked of a tag whose source is a registry, and where its consumers are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagOptions {
    /// Allow unverified TLS and plain HTTP.
    pub insecure: bool,
    /// Where consumers are sent; none keeps what the tag has.
    pub reference_policy: Option<ReferencePolicy>,
    /// How often a followed registry is asked; `Never` stands for the server's period.
    pub schedule: Schedule,
    /// What is kept of an index.
    pub import_mode: ImportMode,
    /// The operating system and architecture taken out of an index; empty for the server's own.
    pub platform: [String; 2],
    /// Only note the place, never import (`reference: true`).
    pub reference_only: bool,
}

/// A request to set tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRequest {
    /// What to point at.
    pub source: TagInput,
    /// The tags to set; streams that are not there are made.
    pub destinations: Vec<TagAt>,
    /// Stay or follow.
    pub mode: Mode,
    /// The rest.
    #[serde(default)]
    pub options: TagOptions,
}

impl TagRequest {
    /// A request for one tag, without options.
    #[must_use]
    pub fn new(source: TagInput, destination: TagAt, mode: Mode) -> Self {
        Self {
            source,
            destinations: vec![destination],
            mode,
            options: TagOptions::default(),
        }
    }
}

/// Reads a source, in the form of `stream`: `2.0`, `ruby:2.0`, `team/ruby:2.0`, `ruby@3a335d7`, `sha256:3a335d7…`, or a
/// registry's `quay.io/org/ruby:2.0`, whose host has a dot or a port or is `localhost`.
///
/// # Errors
/// Says what is wrong and what is allowed, for showing beside the field.
pub fn parse_source(text: &str, stream: &StreamRef) -> Result<TagInput, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!(
            "name the tag or image to use, as in {}:2.0, 2.0 or quay.io/org/app:2.0",
            stream.name
        ));
    }
    if is_external(text) {
        return text
            .parse()
            .map(TagInput::External)
            .map_err(|error: crate::reference::ReferenceError| error.to_string());
    }
    if let Some((owner, id)) = text.split_once('@') {
        return Ok(TagInput::Image(stream_ref(owner, stream)?, image_id(id)?));
    }
    if let Some(id) = text.strip_prefix("sha256:") {
        return Ok(TagInput::Image(stream.clone(), image_id(id)?));
    }
    tag_at(text, stream).map(TagInput::Tag)
}

/// Whether a source names a registry: its first part is a host.
fn is_external(text: &str) -> bool {
    text.split_once('/').is_some_and(|(first, rest)| {
        first == "localhost" || first.contains(['.', ':']) || rest.contains('/')
    })
}

/// Reads a destination: `latest`, `ruby:latest` or `team/ruby:latest`, in the form of `stream`.
///
/// # Errors
/// Says what is wrong and what is allowed, for showing beside the field.
pub fn parse_destination(text: &str, stream: &StreamRef) -> Result<TagAt, String> {
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
    if is_external(text) {
        return Err(format!(
            "\"{text}\" names a registry; a destination is a tag of a stream, as in {}:latest",
            stream.name
        ));
    }
    tag_at(text, stream)
}

/// Reads destinations separated by commas or white space; each counts once.
///
/// # Errors
/// As [`parse_destination`], for the first that cannot be read.
pub fn parse_destinations(text: &str, stream: &StreamRef) -> Result<Vec<TagAt>, String> {
    let mut found: Vec<TagAt> = Vec::new();
    for word in text
        .split([',', ' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
    {
        let at = parse_destination(word, stream)?;
        if !found.contains(&at) {
            found.push(at);
        }
    }
    if found.is_empty() {
        parse_destination("", stream)?;
    }
    if found.len() > MOST_DESTINATIONS {
        return Err(format!(
            "at most {MOST_DESTINATIONS} tags can be set at once"
        ));
    }
    Ok(found)
}

/// `tag`, `stream:tag` or `namespace/stream:tag`.
fn tag_at(text: &str, stream: &StreamRef) -> Result<TagAt, String> {
    let (of, tag) = match text.rsplit_once(':') {
        Some((owner, tag)) => (stream_ref(owner, stream)?, tag),
        None if text.contains('/') => {
            return Err(format!("\"{text}\" names no tag: write {text}:latest"));
        }
        None => (stream.clone(), text),
    };
    let tag = tag.parse().map_err(|error: NameError| error.to_string())?;
    Ok(TagAt { stream: of, tag })
}

/// `stream` or `namespace/stream`.
fn stream_ref(text: &str, near: &StreamRef) -> Result<StreamRef, String> {
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (
            namespace
                .parse()
                .map_err(|error: NameError| error.to_string())?,
            name,
        ),
        None => (near.namespace.clone(), text),
    };
    let name = name.parse().map_err(|error: NameError| error.to_string())?;
    Ok(StreamRef { namespace, name })
}

fn image_id(id: &str) -> Result<String, String> {
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    let ok = !hex.is_empty()
        && hex.len() <= 64
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if ok {
        return Ok(hex.to_owned());
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

    fn at(stream: &str, tag: &str) -> TagAt {
        let (namespace, name) = stream.split_once('/').unwrap();
        TagAt {
            stream: StreamRef::parse(namespace, name).unwrap(),
            tag: tag.parse().unwrap(),
        }
    }

    #[test]
    fn sources_are_tags_images_or_what_a_registry_has() {
        for (text, of) in [
            ("2.0", "team/ruby"),
            ("ruby:2.0", "team/ruby"),
            ("team/ruby:2.0", "team/ruby"),
            (" 2.0 ", "team/ruby"),
            ("php:2.0", "team/php"),
            ("shop/php:2.0", "shop/php"),
        ] {
            assert_eq!(
                parse_source(text, &ruby()),
                Ok(TagInput::Tag(at(of, "2.0"))),
                "{text}"
            );
        }
        for (text, of) in [
            ("ruby@3a335d7", "team/ruby"),
            ("sha256:3a335d7", "team/ruby"),
            ("team/ruby@sha256:3a335d7", "team/ruby"),
            ("shop/php@3a335d7", "shop/php"),
        ] {
            let stream = at(of, "x").stream;
            assert_eq!(
                parse_source(text, &ruby()),
                Ok(TagInput::Image(stream, "3a335d7".into())),
                "{text}"
            );
        }
        for text in [
            "quay.io/org/ruby:2.0",
            "localhost:5000/ruby",
            "localhost/a:1",
            "a/b/c:1",
        ] {
            let reference = text.parse().unwrap();
            assert_eq!(
                parse_source(text, &ruby()),
                Ok(TagInput::External(reference)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_remedy() {
        for (text, part) in [
            ("", "name the tag"),
            ("ruby:", "tag \"\" is not valid"),
            ("ruby:a b", "is not valid"),
            ("ruby@xyz", "no image id"),
            ("ruby@", "no image id"),
            ("team/ruby", "names no tag"),
            ("Ruby:2.0", "is not valid"),
            ("quay.io/Org/app:1", "lowercase"),
        ] {
            let error = parse_source(text, &ruby()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        for text in ["ruby@sha256:aa", "quay.io/org/ruby:latest", "", "a/b/c:1"] {
            assert!(parse_destination(text, &ruby()).is_err(), "{text}");
        }
    }

    #[test]
    fn several_destinations_in_several_streams_are_read_once_each() {
        assert_eq!(
            parse_destinations("latest, php:latest\nshop/php:1 ruby:latest", &ruby()),
            Ok(vec![
                at("team/ruby", "latest"),
                at("team/php", "latest"),
                at("shop/php", "1"),
            ])
        );
        assert!(
            parse_destinations(" , ", &ruby())
                .unwrap_err()
                .contains("name the tag")
        );
    }
}
