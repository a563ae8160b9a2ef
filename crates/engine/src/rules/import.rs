//! What an import's findings change.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{
    Cause, Change, Digest, Reference, TagName, TagSource, TagSpec,
    image::Child,
    policy::{ImportMode, ReferencePolicy, Schedule},
    tag::{Condition, PREFER_ARCH, PREFER_OS, Reason},
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
    /// What is kept of an index.
    pub mode: ImportMode,
    /// The operating system and architecture that were asked for; empty keeps what the tag has.
    pub platform: [String; 2],
    /// The tag was asked for by name (not as part of "all"): a failure then makes the tag, so it can be tried again.
    pub explicit: bool,
    /// The answer.
    pub outcome: Outcome,
    /// Where the image is from now on, if that is not where it was found.
    pub found: Option<Reference>,
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
        // What somebody changed of the tag while the job ran is newer than the job's first write.
        let own = before.as_ref().map_or(0, |before| before.generation);
        let generation = generation.max(own);
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
                let found = finding.found.clone();
                let reference = found.unwrap_or_else(|| finding.reference.with_digest(digest));
                let (tag, cause) = (&finding.tag, Cause::Import);
                let moves = facts.move_head(tag, digest, &reference, generation, cause);
                if !same_spec || !moves.is_empty() {
                    set_spec(&mut changes);
                    let image = (digest, &reference);
                    changes.extend(facts.settle_head(&changes, tag, image, generation, cause));
                }
                if known.is_some_and(|tag| tag.condition.is_some()) {
                    changes.push(Change::SetCondition {
                        tag: finding.tag.clone(),
                        after: None,
                    });
                }
            }
            Outcome::Failed(reason, message, hint) => {
                let again = known
                    .and_then(|tag| tag.condition.as_ref())
                    .filter(|old| old.reason == *reason && old.message == *message);
                // The same failure of what is asked since changes nothing; when the spec is newer, it is told once more.
                if let (Some(old), Some(spec)) = (again, &before)
                    && old.generation >= spec.generation
                {
                    continue;
                }
                // A new failure is of this generation, and so is what was asked: it is not pending any more.
                match &before {
                    Some(asked) if again.is_none() => changes.push(Change::SetSpec {
                        tag: finding.tag.clone(),
                        before: before.clone(),
                        after: TagSpec {
                            generation,
                            ..asked.clone()
                        },
                    }),
                    None if finding.explicit => set_spec(&mut changes),
                    _ => {}
                }
                // The same failure again keeps the time it was first seen.
                let since = again.map_or(now, |old| old.since);
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
    let source = TagSource::External {
        reference: finding.reference.clone(),
        schedule,
        mode: finding.mode,
    };
    let mut annotations = before.map_or_else(BTreeMap::new, |before| before.annotations.clone());
    for (name, word) in [PREFER_OS, PREFER_ARCH].into_iter().zip(&finding.platform) {
        if !word.is_empty() {
            annotations.insert(name.to_owned(), word.clone());
        }
    }
    TagSpec {
        source,
        insecure: finding.insecure
            || before.is_some_and(|before| insecure_there(before, &finding.reference)),
        reference_policy: before.map_or(finding.reference_policy, |before| before.reference_policy),
        annotations,
        generation,
    }
}

/// Whether the tag allows insecure connections to this registry: what was said of one host does not hold for another.
#[must_use]
pub fn insecure_there(spec: &TagSpec, asked: &Reference) -> bool {
    spec.insecure
        && matches!(&spec.source, TagSource::External { reference, .. } if reference.host() == asked.host())
}

/// The platform that is taken out of an index: the wanted one (an empty word is any), else the server's own, else
/// linux/amd64, else the first. Entries that are no platform (attestations say `unknown`) are never taken.
#[must_use]
pub fn choose_platform<'a>(children: &'a [Child], wanted: [&str; 2]) -> Option<&'a Child> {
    let own = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let platforms = || {
        children
            .iter()
            .filter(|child| child.architecture != "unknown" && child.os != "unknown")
    };
    let is = |has: &str, asked: &str| asked.is_empty() || has == asked;
    let find = |os: &str, architecture: &str| {
        platforms().find(|child| is(&child.os, os) && is(&child.architecture, architecture))
    };
    let [os, architecture] = wanted;
    let asked = match (os, architecture) {
        ("", "") => None,
        // Half a wish is filled up with what is usual, before anything else counts.
        (os, "") => find(os, own).or_else(|| find(os, "")),
        ("", architecture) => find("linux", architecture).or_else(|| find("", architecture)),
        (os, architecture) => find(os, architecture),
    };
    asked
        .or_else(|| find(std::env::consts::OS, own))
        .or_else(|| find("linux", "amd64"))
        .or_else(|| platforms().next())
}
