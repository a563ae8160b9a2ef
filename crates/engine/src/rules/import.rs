//! What an import's findings change.

use chrono::{DateTime, Utc};
use model::{
    Cause, Change, Digest, Reference, TagName, TagSource, TagSpec,
    policy::{ReferencePolicy, Schedule},
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
    /// The insecure policy asked for the tag; the one it has is OR-ed.
    pub insecure: bool,
    /// How often it is to be looked at again; `Never` keeps what the tag has.
    pub schedule: Schedule,
    /// Where consumers are sent, if the tag is new.
    pub reference_policy: ReferencePolicy,
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
/// the head and the history of a tag; only its condition says so. A held tag stays as it is, whatever was found.
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
        if facts.held(&finding.tag) {
            continue;
        }
        let before = known.and_then(|tag| tag.spec.clone());
        let spec = spec(finding, before.as_ref(), generation);
        let same_spec = before.as_ref().is_some_and(|before| {
            TagSpec {
                generation,
                ..before.clone()
            } == spec
        });
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

/// What the tag should be after the finding: policies it has are kept.
fn spec(finding: &Finding, before: Option<&TagSpec>, generation: i64) -> TagSpec {
    let schedule = match finding.schedule {
        Schedule::Never => before.map_or(Schedule::Never, TagSpec::schedule),
        asked => asked,
    };
    TagSpec {
        source: TagSource::External {
            reference: finding.reference.clone(),
            schedule,
        },
        insecure: finding.insecure || before.is_some_and(|before| insecure_there(before, finding)),
        reference_policy: before.map_or(finding.reference_policy, |before| before.reference_policy),
        generation,
    }
}

/// Whether the tag allows insecure connections to this registry: what was said of one host does not hold for another.
fn insecure_there(before: &TagSpec, finding: &Finding) -> bool {
    before.insecure
        && matches!(&before.source, TagSource::External { reference, .. }
            if reference.host() == finding.reference.host())
}
