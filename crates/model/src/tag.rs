//! Tags: what they should point at (spec), what they pointed at (revisions), and what went wrong (condition).

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Digest, Reference, StreamRef, TagName,
    policy::{ImportMode, ReferencePolicy, Schedule},
};

/// Where a tag's image comes from. One sum type, so impossible mixes cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TagSource {
    /// Imported from a registry: moves when a re-import finds another digest.
    External {
        /// What to import, in the user's spelling.
        reference: Reference,
        /// How often it is looked at again.
        #[serde(default)]
        schedule: Schedule,
        /// What is kept of an image for several platforms.
        #[serde(default)]
        mode: ImportMode,
    },
    /// A place in a registry that is noted and never imported (`reference: true`).
    Reference {
        /// What is noted, in the user's spelling.
        reference: Reference,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Follows another tag: moves in the transaction that moves the other.
    Follow {
        /// The stream of the followed tag; none for the tag's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<StreamRef>,
        /// The tag that is followed.
        tag: TagName,
    },
    /// Pinned to one image (a permanent tag): never moves by itself.
    Fixed {
        /// The stream the image was tagged from; none for the tag's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stream: Option<StreamRef>,
        /// The image it is pinned to.
        digest: Digest,
    },
    /// From nowhere: it has the images that are pushed to it.
    Pushed,
}

impl TagSource {
    /// The word the store and logs use.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::External { .. } => "external",
            Self::Reference { .. } => "reference",
            Self::Follow { .. } => "follow",
            Self::Fixed { .. } => "fixed",
            Self::Pushed => "pushed",
        }
    }

    /// The tag it follows, for a tag of `own`.
    #[must_use]
    pub fn followed(&self, own: &StreamRef) -> Option<TagAt> {
        match self {
            Self::Follow { stream, tag } => Some(TagAt {
                stream: stream.as_ref().unwrap_or(own).clone(),
                tag: tag.clone(),
            }),
            _ => None,
        }
    }
}

impl fmt::Display for TagSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |stream: &Option<StreamRef>, mark: char| {
            stream
                .as_ref()
                .map_or_else(String::new, |stream| format!("{stream}{mark}"))
        };
        match self {
            Self::External { reference, .. } => write!(f, "imports {reference}"),
            Self::Reference { reference, .. } => write!(f, "notes {reference}"),
            Self::Follow { stream, tag } => write!(f, "follows {}{tag}", of(stream, ':')),
            Self::Fixed { stream, digest } => write!(f, "fixed to {}{digest}", of(stream, '@')),
            Self::Pushed => f.write_str("is pushed to"),
        }
    }
}

/// A tag of a stream, wherever that is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TagAt {
    /// The stream.
    pub stream: StreamRef,
    /// The tag.
    pub tag: TagName,
}

impl TagAt {
    /// A tag of a stream.
    #[must_use]
    pub fn new(stream: &StreamRef, tag: TagName) -> Self {
        Self {
            stream: stream.clone(),
            tag,
        }
    }
}

impl fmt::Display for TagAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.stream, self.tag)
    }
}

/// What a tag should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagSpec {
    /// Where the image comes from.
    pub source: TagSource,
    /// The tag's own insecure policy; the stream's is OR-ed with it.
    pub insecure: bool,
    /// Where consumers are sent. Of no consequence for images pushed here.
    #[serde(default)]
    pub reference_policy: ReferencePolicy,
    /// What people and programs note about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The stream generation at which this spec was last changed or imported.
    pub generation: i64,
}

/// Annotations of a tag: the platform an import takes out of an index, if it takes one.
pub const PREFER_OS: &str = "importer.image.openshift.io/prefer-os";
/// See [`PREFER_OS`].
pub const PREFER_ARCH: &str = "importer.image.openshift.io/prefer-arch";

impl TagSpec {
    /// A tag with this source and no policy of its own.
    #[must_use]
    pub fn new(source: TagSource, generation: i64) -> Self {
        Self {
            source,
            insecure: false,
            reference_policy: ReferencePolicy::Source,
            annotations: BTreeMap::new(),
            generation,
        }
    }

    /// How often the tag is looked at again.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        match self.source {
            TagSource::External { schedule, .. } => schedule,
            _ => Schedule::Never,
        }
    }

    /// What is kept of an image for several platforms.
    #[must_use]
    pub fn mode(&self) -> ImportMode {
        match self.source {
            TagSource::External { mode, .. } => mode,
            _ => ImportMode::Legacy,
        }
    }

    /// The platform an import takes out of an index: operating system and architecture, as far as they are said.
    #[must_use]
    pub fn platform(&self) -> [Option<&str>; 2] {
        [PREFER_OS, PREFER_ARCH].map(|name| {
            let word = self.annotations.get(name).map(String::as_str);
            word.filter(|word| !word.is_empty())
        })
    }
}

/// A tag that stays where it is until it is released: imports, schedules and follows do not move it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who asked for it.
    pub by: String,
}

/// When a tag is looked at that is scheduled, or failed and is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// When next.
    pub due: Option<DateTime<Utc>>,
    /// When it last was, whatever came of it.
    pub last: Option<DateTime<Utc>>,
    /// When that had been due.
    pub last_due: Option<DateTime<Utc>>,
    /// How often in a row it failed for a reason that may pass; it is tried again by itself when it is due next.
    pub attempts: i64,
}

/// What made a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// An import found another digest upstream.
    Import,
    /// Somebody tagged it.
    Tag,
    /// The tag follows another, which moved.
    Follow,
    /// Somebody went back to an older revision.
    Rollback,
    /// An image was pushed to it.
    Push,
}

impl Cause {
    /// The word the store and pages use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Tag => "tag",
            Self::Follow => "follow",
            Self::Rollback => "rollback",
            Self::Push => "push",
        }
    }

    /// The cause for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Import,
            Self::Tag,
            Self::Follow,
            Self::Rollback,
            Self::Push,
        ]
        .into_iter()
        .find(|cause| cause.as_str() == word)
    }
}

/// One entry of a tag's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Position in the tag's history, 1 for the oldest; the highest is the head.
    pub number: i64,
    /// The image.
    pub digest: Digest,
    /// Where the image is found, in the user's spelling: `repository@digest`.
    pub reference: Reference,
    /// The stream generation that made it.
    pub generation: i64,
    /// When the tag began to point here.
    pub created_at: DateTime<Utc>,
    /// Why.
    pub cause: Cause,
    /// Who: a user name, or empty for the system.
    pub actor: String,
    /// The import that found it.
    pub job_id: Option<String>,
}

/// Why an import failed, in the words the API uses for `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Credentials missing or refused.
    Unauthorized,
    /// No such repository or manifest.
    NotFound,
    /// The registry or network is not allowed here.
    Forbidden,
    /// The host answers but is not a registry.
    NotV2Registry,
    /// The reference cannot be imported as written.
    Invalid,
    /// DNS, TLS, timeout, 5xx, 429, wrong content.
    InternalError,
}

impl Reason {
    const ALL: [Self; 6] = [
        Self::Unauthorized,
        Self::NotFound,
        Self::Forbidden,
        Self::NotV2Registry,
        Self::Invalid,
        Self::InternalError,
    ];

    /// The API's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::NotFound => "NotFound",
            Self::Forbidden => "Forbidden",
            Self::NotV2Registry => "NotV2Registry",
            Self::Invalid => "Invalid",
            Self::InternalError => "InternalError",
        }
    }

    /// The reason for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// A failed import of one tag. Success clears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The class of failure.
    pub reason: Reason,
    /// What was asked and what the other side said.
    pub message: String,
    /// What to do now, in one sentence; empty if there is nothing to add.
    pub hint: String,
    /// The stream generation of the attempt.
    pub generation: i64,
    /// When this failure was first seen.
    pub since: DateTime<Utc>,
}

/// The current image of a tag, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The image.
    pub digest: Digest,
    /// Where it is found.
    pub reference: Reference,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Number of this revision, which is also how many the tag has had.
    pub number: i64,
}

/// What a list of a stream's tags is narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// Part of the name; empty for any.
    pub text: String,
    /// Only tags whose latest import failed.
    pub failed: bool,
}

/// One row of a stream's tag table. A tag may have a spec only (not imported yet), or a head only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagRow {
    /// The tag.
    pub name: TagName,
    /// What it should be; none for a tag that was only ever imported into status.
    pub spec: Option<TagSpec>,
    /// What it is.
    pub head: Option<Head>,
    /// Bytes of the image (config and unique layers), if known.
    pub size: Option<i64>,
    /// `os/architecture` of the image, or how many platforms an index has: text for display.
    pub platform: Option<String>,
    /// The failure of the latest import.
    pub condition: Option<Condition>,
    /// An import of this tag is waiting or running.
    pub importing: bool,
    /// It stays where it is.
    pub hold: Option<Hold>,
    /// When it is looked at, if it is scheduled.
    pub checks: Checks,
}

impl TagRow {
    /// Whether the tag only notes a reference: it gives no image, whatever it pointed at before.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        let source = self.spec.as_ref().map(|spec| &spec.source);
        matches!(source, Some(TagSource::Reference { .. }))
    }
}

/// A tag as it was at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagThen {
    /// The tag.
    pub name: TagName,
    /// The image it pointed at.
    pub digest: Digest,
    /// Where that was found.
    pub reference: Reference,
    /// Number of the revision; none for a tag that was deleted since.
    pub number: Option<i64>,
    /// Since when it had pointed there.
    pub since: DateTime<Utc>,
}

/// A stream as it was at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamThen {
    /// One page, in priority order, of the tags that are there today and had an image then.
    pub tags: crate::Page<TagThen>,
    /// Tags that had one and were deleted since, by name: the first ones, with the first page.
    pub deleted: Vec<TagThen>,
    /// More were deleted since than were looked at.
    pub more_deleted: bool,
}

/// One tag as it was at an instant, as far as it is known still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagPast {
    /// Where it pointed; none if nowhere yet.
    pub head: Option<TagThen>,
    /// What it should have been.
    pub spec: Option<TagSpec>,
    /// Whether it was held.
    pub held: bool,
    /// How its latest import had failed.
    pub failure: Option<Condition>,
    /// It was deleted since.
    pub deleted: bool,
}

/// Everything the tag page shows beside the image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagView {
    /// The row.
    pub row: TagRow,
    /// Tags of this stream that follow it, directly.
    pub followers: Vec<TagName>,
    /// Tags of other streams that follow it, directly: the first ones.
    pub followers_elsewhere: Vec<TagAt>,
    /// How many more do; counted up to [`TagView::COUNTED`].
    pub more_followers: i64,
    /// Effective insecure policy and its origin.
    pub insecure: crate::policy::Insecure,
    /// The stream's period of tags that are scheduled without one of their own, in seconds; none for the server's.
    pub period: Option<u32>,
}

impl TagView {
    /// Followers that are not named are counted up to so many.
    pub const COUNTED: i64 = 1_000;
}
