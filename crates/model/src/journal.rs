//! The journal as pages show it: what changed in a stream, in the order it was committed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Change, TagName};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the transaction it was part of (`resourceVersion`).
    pub number: i64,
    /// Place within the transaction.
    pub position: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a user name, or empty for the system.
    pub actor: String,
    /// What was done, as a word: see [`CAUSES`].
    pub cause: String,
    /// What changed.
    pub change: Change,
}

impl Entry {
    /// Whether the whole transaction can be undone by the policies' undo.
    #[must_use]
    pub fn undoable(&self) -> bool {
        matches!(self.cause.as_str(), "policy" | "undo")
    }
}

/// The words [`Entry::cause`] can be.
pub const CAUSES: [&str; 10] = [
    "create", "apply", "import", "push", "tag", "rollback", "release", "policy", "undo", "delete",
];

/// What a stream's history is narrowed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalFilter {
    /// Only this tag.
    pub tag: Option<TagName>,
    /// Only this cause; any if empty.
    pub cause: String,
    /// Not before this moment.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
}
