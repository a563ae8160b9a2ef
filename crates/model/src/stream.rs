//! Streams as pages show them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Namespace, Reference, StreamRef, TagName, job::JobState, policy::Freshness};

/// One row of the stream list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRow {
    /// Namespace and name.
    pub stream: StreamRef,
    /// The repository it was imported from, if one.
    pub source: Option<Reference>,
    /// How many tags.
    pub tags: i64,
    /// How many of them failed to import last time.
    pub failed: i64,
    /// The whole stream or at least one of its tags is insecure.
    pub insecure: bool,
    /// When anything of it last changed.
    pub changed_at: DateTime<Utc>,
    /// State of its newest import, if it ever had one.
    pub import: Option<JobState>,
}

/// A stream's own facts; its tags are a page of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamView {
    /// How fresh pulls by tag are.
    pub freshness: Freshness,
    /// The period, in seconds, of tags that are scheduled without one of their own; none for the server's.
    pub period: Option<u32>,
    /// Id, stable over renames; for the store.
    pub id: String,
    /// The row.
    pub row: StreamRow,
    /// The stream's own insecure policy, OR-ed with each tag's.
    pub insecure: bool,
    /// What is noted about it.
    pub meta: StreamMeta,
    /// Rises with every change of what the stream should be.
    pub generation: i64,
    /// Journal number of its last change (`resourceVersion`).
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its newest import.
    pub last_job: Option<String>,
    /// Tags seen upstream that the cap of the newest repository import left out, or that it was stopped before.
    pub left_out: i64,
}

/// What people and programs note about a stream, beside what Weir acts upon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamMeta {
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Its annotations, without those that have a meaning here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Short image names of its namespace resolve through it (`lookupPolicy.local`).
    #[serde(default)]
    pub lookup_local: bool,
}

/// What the stream list is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFilter {
    /// Only this namespace.
    pub namespace: Option<Namespace>,
    /// Only names that contain this text.
    pub text: String,
    /// Only streams with failed tags.
    pub failed: bool,
}

/// The overview's figures, each bounded: a count stops at [`Overview::LIMIT`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// Streams.
    pub streams: i64,
    /// Tags whose latest import failed.
    pub failed_tags: i64,
    /// Imports waiting or running.
    pub active_jobs: i64,
    /// Streams marked insecure.
    pub insecure_streams: i64,
}

/// What the overview says beside its figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// Tags that fail, those that began to last first.
    pub tags: Vec<FailingTag>,
    /// When the next tag is imported again by itself.
    pub next_due: Option<DateTime<Utc>>,
    /// Bytes stored in this registry, if they were measured.
    pub stored: Option<i64>,
}

/// A tag whose latest import failed, for the overview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailingTag {
    /// Its stream.
    pub stream: StreamRef,
    /// The tag.
    pub tag: TagName,
    /// What the other side said.
    pub message: String,
    /// Since when it fails.
    pub since: DateTime<Utc>,
}

impl Overview {
    /// Counts stop here and are shown as "1 000+".
    pub const LIMIT: i64 = 1_000;
}
