//! Background jobs as pages show them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Digest, Reference, StreamRef, TagName};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Everything worked.
    Succeeded,
    /// At least one tag, or the whole, did not.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl JobState {
    /// The word the store and pages use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Queued,
            Self::Running,
            Self::Succeeded,
            Self::Failed,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }

    /// Whether it will not change any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Imports tags because somebody asked.
    #[default]
    Import,
    /// Imports tags because their schedule asked.
    Schedule,
    /// Stores the blobs of images.
    Mirror,
}

impl JobKind {
    /// The word the store uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Schedule => "schedule",
            Self::Mirror => "mirror",
        }
    }

    /// The kind for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Import, Self::Schedule, Self::Mirror]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// How far a job is, in tags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Tags to look at; 0 until the tag list is known.
    pub total: i64,
    /// Looked at, whatever came of it.
    pub done: i64,
    /// Of those, found as they were: one request, nothing written.
    pub unchanged: i64,
    /// Of those, failed.
    pub failed: i64,
    /// Seen upstream but left out by the cap.
    pub left_out: i64,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// The stream it works for.
    pub stream: StreamRef,
    /// The repository it reads.
    pub source: Reference,
    /// Tags wanted: all of the repository (up to the cap), or a chosen number.
    pub all_tags: bool,
    /// Whether unverified TLS and plain HTTP are allowed to it.
    pub insecure: bool,
    /// What narrows them, in words; empty if nothing does.
    pub narrow: String,
    /// How far.
    pub progress: Progress,
    /// Who asked for it.
    pub actor: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When a worker first took it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How often a worker has taken it; more than 1 after a crash or a retry.
    pub attempts: i64,
    /// When the next try is due, if it waits for one.
    pub run_at: Option<DateTime<Utc>>,
    /// Somebody asked it to stop.
    pub cancelling: bool,
    /// Why the whole failed, in the other side's words; empty if it did not.
    pub error: String,
    /// What to do about it; empty if nothing to add.
    pub hint: String,
    /// What else there is to say, however it ends; empty if nothing.
    pub note: String,
}

impl JobView {
    /// When it is tried again, if it waits for that because a try did not get through.
    #[must_use]
    pub fn next_try(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.run_at.filter(|due| self.attempts > 0 && *due > now)
    }

    /// Its tags that wait for another import: those the cap left out, and those it was stopped before.
    #[must_use]
    pub fn waiting(&self) -> i64 {
        let Progress {
            total,
            done,
            left_out,
            ..
        } = self.progress;
        match self.state {
            JobState::Cancelled => left_out + total - done,
            _ => left_out,
        }
    }

    /// One line for people: "312 of 1 000 tags · 4 failed · 41/s · about 17 s", ended by the state once it is
    /// final, and by the try that failed while it waits for the next one.
    #[must_use]
    pub fn summary(&self, now: DateTime<Utc>) -> String {
        let Progress {
            total,
            done,
            unchanged,
            failed,
            left_out,
        } = self.progress;
        let mut parts = Vec::new();
        if total > 0 {
            parts.push(format!(
                "{} of {} {}",
                thousands(done),
                thousands(total),
                if total == 1 { "tag" } else { "tags" }
            ));
        } else if let Some(due) = self.next_try(now) {
            let seconds = thousands((due - now).num_seconds() + 1);
            parts.push(format!("reading the tag list again in {seconds} s"));
        } else if !self.state.is_final() {
            parts.push("reading the tag list".to_owned());
        }
        for (count, word) in [
            (unchanged, "unchanged"),
            (failed, "failed"),
            (left_out, "left out"),
        ] {
            if count > 0 {
                parts.push(format!("{} {word}", thousands(count)));
            }
        }
        if let Some(started) = self.started_at {
            let until = self.finished_at.unwrap_or(now);
            let millis = (until - started).num_milliseconds().max(1);
            let rate = done.saturating_mul(1000) / millis;
            if rate > 0 && done > 1 {
                parts.push(format!("{}/s", thousands(rate)));
                if !self.state.is_final() && total > done {
                    parts.push(format!("about {} s", thousands((total - done) / rate + 1)));
                }
            }
        }
        parts.push(if self.cancelling && !self.state.is_final() {
            "cancelling".to_owned()
        } else if self.next_try(now).is_some() {
            format!("try {} failed", thousands(self.attempts))
        } else {
            self.state.as_str().to_owned()
        });
        parts.join(" · ")
    }
}

/// A number with thin spaces between thousands.
#[must_use]
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// What came of one tag of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// Not looked at yet.
    Pending,
    /// A new image was found and stored.
    Imported,
    /// The image is the one we had; of a mirror: all of it was here.
    Unchanged,
    /// What was missing of the image is stored now.
    Mirrored,
    /// It failed; the tag keeps what it had.
    Failed,
    /// The tag is held where it is: it was not looked at.
    Held,
    /// Left out by the cap; can be imported by asking for it.
    LeftOut,
    /// The job was stopped before its turn.
    Cancelled,
}

impl ItemState {
    /// The word the store and pages use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Imported => "imported",
            Self::Unchanged => "unchanged",
            Self::Mirrored => "mirrored",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::LeftOut => "left-out",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Imported,
            Self::Unchanged,
            Self::Mirrored,
            Self::Failed,
            Self::Held,
            Self::LeftOut,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

/// One tag of an import job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobItem {
    /// The tag.
    pub tag: TagName,
    /// What came of it.
    pub state: ItemState,
    /// The image found.
    pub digest: Option<Digest>,
    /// Why it failed.
    pub message: String,
    /// When it was looked at.
    pub at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{2009}234\u{2009}567");
        assert_eq!(thousands(-1_000), "-1\u{2009}000");
    }
}
