//! What people ask to change about a stream or its tags, beside tagging and importing: previewed, confirmed, applied.

use serde::{Deserialize, Serialize};

use crate::{
    StreamRef, TagName,
    policy::{Freshness, ReferencePolicy, Schedule},
    stream::StreamFilter,
    tagging::After,
};

/// The policies that are to change; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    /// Whether insecure connections are allowed.
    pub insecure: Option<bool>,
    /// Where consumers are sent.
    pub reference_policy: Option<ReferencePolicy>,
    /// How often imported tags are looked at again.
    pub schedule: Option<Schedule>,
}

/// Which tags of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// These.
    Tags(Vec<TagName>),
    /// All whose name contains this text; every tag if it is empty.
    Containing(String),
}

/// One request to change a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum Edit {
    /// A tag goes back to an older revision.
    Rollback {
        /// The tag.
        tag: TagName,
        /// Number of the revision.
        revision: i64,
        /// What the tag does then.
        after: After,
    },
    /// A held tag is moved again by what it imports or follows.
    Release {
        /// The tag.
        tag: TagName,
    },
    /// Tags get other policies.
    Policies {
        /// The tags.
        which: Which,
        /// What changes.
        policies: Policies,
    },
    /// The stream's own insecure policy.
    StreamInsecure {
        /// Whether all tags allow insecure connections.
        insecure: bool,
    },
    /// How fresh pulls by tag are.
    StreamFreshness {
        /// What it becomes.
        freshness: Freshness,
    },
    /// How often tags are looked at that are scheduled without a period of their own.
    StreamPeriod {
        /// What it becomes, in seconds; none for the server's.
        period: Option<u32>,
    },
    /// Policy changes of one journal number are taken back.
    Undo {
        /// The number.
        number: i64,
    },
}

/// Which streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichStreams {
    /// These.
    Streams(Vec<StreamRef>),
    /// All that the stream list shows with this filter, in parts: as many as one change may have, after a stream.
    Matching {
        /// The filter.
        filter: StreamFilter,
        /// The last stream of the part before.
        after: Option<StreamRef>,
    },
}

/// One request to change the policies of many streams: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "kebab-case")]
pub enum BulkEdit {
    /// Streams and all their tags get other policies.
    Policies {
        /// The streams.
        which: WhichStreams,
        /// The streams' own insecure policy; `None` leaves it as it is.
        insecure: Option<bool>,
        /// What changes for each tag.
        tags: Policies,
    },
    /// Policy changes of one journal number are taken back, in every stream they were made in.
    Undo {
        /// The number.
        number: i64,
    },
}
