//! Jobs and their tags as the store takes and gives them.

use chrono::{DateTime, Utc};
use model::{
    Digest, Reference, TagName,
    job::{ItemState, JobKind},
    narrow::Narrow,
    policy::{ImportMode, ReferencePolicy, Schedule},
};

/// A job to be made.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Id.
    pub id: String,
    /// Unique among jobs that have not ended.
    pub dedup_key: String,
    /// The stream it works for.
    pub stream_id: String,
    /// The repository it reads.
    pub source: Reference,
    /// All tags of it, or all that were left out before.
    pub all_tags: bool,
    /// What narrows the tags the worker lists.
    pub narrow: Narrow,
    /// The tags are given with it; otherwise the worker lists them.
    pub listed: bool,
    /// Whether insecure connections are allowed for tags the worker lists.
    pub insecure: bool,
    /// How often its tags are looked at again; `Never` leaves what they have.
    pub schedule: Schedule,
    /// Where consumers of tags it makes are sent.
    pub reference_policy: ReferencePolicy,
    /// What is kept of an index; none for what each tag says.
    pub mode: Option<ImportMode>,
    /// The operating system and architecture taken out of an index; empty for what each tag says.
    pub platform: [String; 2],
    /// What it does.
    pub kind: JobKind,
    /// The stream was made by the same request: its first import is generation 1.
    pub creates_stream: bool,
    /// Who asked.
    pub actor: String,
}

impl NewJob {
    /// A job that asks once more what another one asked.
    #[must_use]
    pub fn again(job: JobRecord, id: String, actor: &str) -> Self {
        Self {
            dedup_key: format!("{}|again|{}", job.stream_id, job.id),
            id,
            stream_id: job.stream_id,
            source: job.source,
            all_tags: job.all_tags,
            narrow: job.narrow,
            listed: false,
            insecure: job.insecure,
            schedule: job.schedule,
            reference_policy: job.reference_policy,
            mode: job.mode,
            platform: job.platform,
            kind: JobKind::Import,
            creates_stream: job.creates_stream,
            actor: actor.to_owned(),
        }
    }
}

/// One tag to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// The tag of the stream.
    pub tag: TagName,
    /// What to ask upstream, with tag.
    pub reference: Reference,
    /// Whether insecure connections are allowed.
    pub insecure: bool,
    /// To do, or left out.
    pub state: ItemState,
}

/// A job as the worker needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// Id.
    pub id: String,
    /// The stream it works for.
    pub stream_id: String,
    /// The repository it reads.
    pub source: Reference,
    /// All tags of it.
    pub all_tags: bool,
    /// What narrows the tags the worker lists.
    pub narrow: Narrow,
    /// Whether insecure connections are allowed for tags the worker lists.
    pub insecure: bool,
    /// How often its tags are looked at again; `Never` leaves what they have.
    pub schedule: Schedule,
    /// Where consumers of tags it makes are sent.
    pub reference_policy: ReferencePolicy,
    /// What is kept of an index; none for what each tag says.
    pub mode: Option<ImportMode>,
    /// The operating system and architecture taken out of an index; empty for what each tag says.
    pub platform: [String; 2],
    /// What it does.
    pub kind: JobKind,
    /// The tags are known.
    pub listed: bool,
    /// The generation its writes share, once it has written.
    pub generation: Option<i64>,
    /// The stream was made by the same request.
    pub creates_stream: bool,
    /// Who asked.
    pub actor: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Somebody asked it to stop.
    pub cancel_requested: bool,
    /// How often it was taken.
    pub attempts: i64,
}

/// A tag that is still to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingItem {
    /// Its place in the job.
    pub position: i64,
    /// The tag of the stream.
    pub tag: TagName,
    /// What to ask upstream.
    pub reference: Reference,
    /// Whether insecure connections are allowed.
    pub insecure: bool,
}

/// What came of an item.
#[derive(Debug, Clone)]
pub struct ItemOutcome {
    /// The item.
    pub item: PendingItem,
    /// What came of it.
    pub state: ItemState,
    /// The image found.
    pub digest: Option<Digest>,
    /// Why it failed.
    pub message: String,
}
