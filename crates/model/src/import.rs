//! What to import, and what an import would do.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Reference, StreamRef, TagName,
    narrow::Narrow,
    policy::{ImportMode, ReferencePolicy, Schedule},
};

/// Which tags of the source repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "tags", rename_all = "kebab-case")]
pub enum Selection {
    /// Every tag of the repository, in priority order up to the cap.
    All,
    /// Those of the repository that this leaves, in priority order up to the cap.
    Matching(Narrow),
    /// These.
    Chosen(Vec<TagName>),
    /// None: only the stream is made.
    None,
}

impl Selection {
    /// What narrows the tags of the repository; empty if they are not chosen by the list of them, or all are.
    #[must_use]
    pub fn narrow(&self) -> Narrow {
        match self {
            Self::Matching(narrow) => narrow.clone(),
            Self::All | Self::Chosen(_) | Self::None => Narrow::default(),
        }
    }

    /// Whether the repository's list of tags is read.
    #[must_use]
    pub fn lists(&self) -> bool {
        matches!(self, Self::All | Self::Matching(_))
    }
}

/// A request to import a repository, or some tags of it, into a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The stream; made if it does not exist and `create` says so.
    pub stream: StreamRef,
    /// Whether the stream is to be made (it must not exist) or must exist.
    pub create: bool,
    /// The repository, without tag and digest. Required unless the selection is `None`.
    pub source: Option<Reference>,
    /// Which tags.
    pub selection: Selection,
    /// Allow unverified TLS and plain HTTP for this source. Stored on each imported tag.
    pub insecure: bool,
    /// How often the imported tags are looked at again. A tag that is scheduled already stays so.
    pub schedule: Schedule,
    /// Where consumers of new tags are sent. A tag that is there keeps what it has.
    pub reference_policy: ReferencePolicy,
    /// What is kept of images for several platforms; none keeps what each tag has.
    #[serde(default)]
    pub mode: Option<ImportMode>,
    /// The operating system and architecture taken out of an index; empty keeps what each tag has.
    #[serde(default)]
    pub platform: [String; 2],
}

/// One image to import, and the tag it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageImport {
    /// What to import, in the user's spelling.
    pub from: Reference,
    /// The tag.
    pub to: TagName,
    /// Allow unverified TLS and plain HTTP.
    pub insecure: bool,
    /// How often it is looked at again; `Never` keeps what the tag has.
    pub schedule: Schedule,
    /// Where consumers are sent, if the tag is new.
    pub reference_policy: ReferencePolicy,
    /// What is kept of an index.
    pub mode: ImportMode,
    /// The operating system and architecture taken out of an index; empty keeps what the tag has.
    pub platform: [String; 2],
}

/// What an import would do: looked at upstream, nothing written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPreview {
    /// The request.
    pub request: ImportRequest,
    /// Tags that would be imported now, in order, with what each has today.
    pub tags: Vec<PreviewTag>,
    /// Tags of the repository beyond the cap, in order (at most [`ImportPreview::LISTED`] are named).
    pub left_out: Vec<TagName>,
    /// How many are beyond the cap.
    pub left_out_count: i64,
    /// Tags found upstream in all.
    pub found: i64,
    /// Of those, the ones asked for: what patterns, range and number leave, before the cap.
    pub selected: i64,
    /// Requests the import will send, at most: one or two a tag.
    pub requests: i64,
    /// Names upstream uses that are no valid tags; they are passed over.
    pub unusable: i64,
    /// Things to know before confirming.
    pub warnings: Vec<crate::Warning>,
}

impl ImportPreview {
    /// Left-out tags named in a preview.
    pub const LISTED: usize = 200;
}

/// One tag of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewTag {
    /// The tag.
    pub tag: TagName,
    /// The image it has in the stream today.
    pub current: Option<Digest>,
    /// What the tag does today, if the import would replace that ("follows 2.0").
    pub replaces: Option<String>,
}
