//! What an import's findings change.

use chrono::{DateTime, Utc};
use model::{
    Cause, Change, Digest, Reference, TagName, TagSource, TagSpec,
    tag::{Condition, Reason},
};

use super::{alias, facts::StreamFacts};

/// What was found for one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The tag of the stream.
    pub tag: TagName,
    /// What was asked upstream, with tag, in the user's spelling.
    pub reference: Reference,
    /// Whether insecure connections were allowed for it.
    pub insecure: bool,
    /// The tag was asked for by name (not as part of "all"): a failure then makes the tag, so it can be tried again.
    pub explicit: bool,
    /// The answer.
    pub outcome: Outcome,
}

/// The upstream's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An image.
    Found(Digest),
    /// A failure: class, message, hint.
    Failed(Reason, String, String),
}

/// The changes of one batch of findings. `generation` is the one all writes of the job share.
///
/// An image that is already there, under the spec that is already there, changes nothing. A failure keeps the spec,
/// the head and the history of a tag; only its condition says so.
#[must_use]
pub fn plan(
    facts: &StreamFacts,
    findings: &[Finding],
    generation: i64,
    now: DateTime<Utc>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for finding in findings {
        let known = facts.tag(&finding.tag);
        let spec = TagSpec {
            source: TagSource::External {
                reference: finding.reference.clone(),
            },
            insecure: finding.insecure,
            generation,
        };
        let before = known.and_then(|tag| tag.spec.clone());
        let same_spec = before
            .as_ref()
            .is_some_and(|before| before.source == spec.source && before.insecure == spec.insecure);
        let set_spec = |changes: &mut Vec<Change>| {
            changes.push(Change::SetSpec {
                tag: finding.tag.clone(),
                before: before.clone(),
                after: spec.clone(),
            });
        };
        match &finding.outcome {
            Outcome::Found(digest) => {
                let reference = finding.reference.with_digest(digest);
                let moves =
                    facts.move_head(&finding.tag, digest, &reference, generation, Cause::Import);
                if !same_spec || !moves.is_empty() {
                    set_spec(&mut changes);
                }
                changes.extend(moves);
                if known.is_some_and(|tag| tag.condition.is_some()) {
                    changes.push(Change::SetCondition {
                        tag: finding.tag.clone(),
                        after: None,
                    });
                }
            }
            Outcome::Failed(reason, message, hint) => {
                if before.is_none() && finding.explicit {
                    set_spec(&mut changes);
                }
                // The same failure again keeps the time it was first seen.
                let since = known
                    .and_then(|tag| tag.condition.as_ref())
                    .filter(|old| old.reason == *reason && old.message == *message)
                    .map_or(now, |old| old.since);
                let after = Condition {
                    reason: *reason,
                    message: message.clone(),
                    hint: hint.clone(),
                    generation,
                    since,
                };
                if known.and_then(|tag| tag.condition.as_ref()) != Some(&after) {
                    changes.push(Change::SetCondition {
                        tag: finding.tag.clone(),
                        after: Some(after),
                    });
                }
            }
        }
    }
    alias::with_followers(facts, changes)
}
