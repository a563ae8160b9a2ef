//! What applying a definition changes: of a stream that is there, or of one that comes to be.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use model::{
    Cause, Change, Digest, Plan, Reference, StreamRef, TagName, TagSource, TagSpec, Warning,
    policy::Schedule, tag::TagAt,
};

use super::{
    Refusal, alias,
    facts::{StreamFacts, TagFacts},
    policy, rollback,
};
use crate::openshift::definition::{DefinedSource, Definition, TagDefinition};

/// Images by the stream and the beginning of the digest a definition names them by.
pub type Images = BTreeMap<(StreamRef, String), Vec<(Digest, Reference)>>;

/// Plans a definition. `facts` is of the stream as it is, without any tag and of generation 0 if it does not exist;
/// `images` are those that the definition names.
///
/// Tags the definition does not name stay as they are; labels and annotations become what it says. A repository that is
/// to be read again is set once more.
///
/// # Errors
/// When a tag follows in a circle or is pinned to an image the stream does not have.
pub fn plan(
    facts: &StreamFacts,
    exists: bool,
    source: Option<&Reference>,
    definition: &Definition,
    images: &Images,
    now: DateTime<Utc>,
) -> Result<Plan, Refusal> {
    let generation = facts.generation + 1;
    let insecure = definition.insecure.unwrap_or(facts.insecure);
    let mut changes = Vec::new();
    let mut warnings = Vec::new();
    if !exists {
        changes.push(Change::CreateStream {
            source: definition.source.clone(),
            insecure,
        });
    } else if let Some(after) = definition.source.as_ref().or(source)
        && (Some(after) != source || definition.check_again)
    {
        changes.push(Change::SetSource {
            before: source.cloned(),
            after: Some(after.clone()),
        });
    }
    // A new stream is made so.
    if exists && insecure != facts.insecure {
        changes.push(Change::SetInsecure {
            before: facts.insecure,
            after: insecure,
        });
    }
    if insecure && !facts.insecure {
        warnings.push(Warning(format!(
            "Every tag of {} may be imported over unverified TLS or plain HTTP. Safer: importPolicy.insecure on the tags that need it.",
            facts.stream
        )));
    }
    if definition.meta != facts.meta {
        changes.push(Change::SetMeta {
            before: facts.meta.clone(),
            after: definition.meta.clone(),
        });
    }
    // Later tags of the definition see what earlier ones make of the stream.
    let mut facts = facts.clone();
    let mut heads = Heads::new();
    for tag in followed_first(&facts.stream, &definition.tags) {
        let own = tag_changes(
            &mut facts,
            &heads,
            tag,
            generation,
            images,
            now,
            &mut warnings,
        )?;
        for change in &own {
            note_head(&facts, &definition.tags, &mut heads, change);
        }
        changes.extend(own);
    }
    let own = changes.len();
    let changes = alias::with_followers(&facts, changes);
    warnings.extend(rollback::moved_with(&changes[own..]));
    let stream = facts.stream.clone();
    let sentence = match (exists, changes.len()) {
        (false, _) => format!("{stream} will be created."),
        (true, 0) => format!("{stream} is so already: nothing will change."),
        (true, _) => {
            let again: Vec<String> = changes.iter().filter_map(only_again).collect();
            match again.is_empty() {
                true => format!("{stream} will be changed."),
                false => format!(
                    "{stream} will be changed: {} will be imported again.",
                    again.join(", ")
                ),
            }
        }
    };
    Ok(Plan {
        stream,
        changes,
        warnings,
        sentence,
    })
}

/// The tag that is only to be imported again.
fn only_again(change: &Change) -> Option<String> {
    match change {
        Change::SetSpec {
            tag,
            before: Some(before),
            after,
        } if policy::same(before, after) => Some(tag.to_string()),
        _ => None,
    }
}

/// Where tags of the stream will point, as far as that changes.
type Heads = BTreeMap<TagName, (Digest, Reference)>;

/// The tags of a definition, those that are followed before those that follow them; else in its order.
fn followed_first<'a>(stream: &StreamRef, tags: &'a [TagDefinition]) -> Vec<&'a TagDefinition> {
    let mut waiting: Vec<&TagDefinition> = tags.iter().collect();
    let mut names: BTreeSet<&TagName> = tags.iter().map(|tag| &tag.name).collect();
    let mut sorted = Vec::with_capacity(tags.len());
    while !waiting.is_empty() {
        let waits = |tag: &&TagDefinition| match &tag.source {
            DefinedSource::Follow(of, followed) => {
                of.as_ref().is_none_or(|of| of == stream) && names.contains(followed)
            }
            _ => false,
        };
        let (waits, free): (Vec<_>, Vec<_>) = waiting.into_iter().partition(waits);
        // They go round in a circle, which is told when they are planned.
        if free.is_empty() {
            sorted.extend(waits);
            break;
        }
        for tag in &free {
            names.remove(&tag.name);
        }
        sorted.extend(free);
        waiting = waits;
    }
    sorted
}

/// Notes where a tag goes, and all that follow it with it.
fn note_head(facts: &StreamFacts, defined: &[TagDefinition], heads: &mut Heads, change: &Change) {
    let Change::MoveHead {
        tag,
        after,
        reference,
        ..
    } = change
    else {
        return;
    };
    let mut moved = BTreeSet::from([tag]);
    let mut queue = vec![tag];
    while let Some(tag) = queue.pop() {
        heads.insert(tag.clone(), (after.clone(), reference.clone()));
        // One that the definition gave another source follows no more.
        let follows = |follower: &TagName| {
            if let Some(defined) = defined.iter().find(|tag| tag.name == *follower)
                && !matches!(&defined.source, DefinedSource::Follow(_, followed) if followed == tag)
            {
                return false;
            }
            let spec = facts.tag(follower).and_then(|facts| facts.spec.as_ref());
            let at = spec.and_then(|spec| spec.source.followed(&facts.stream));
            at.is_some_and(|at| at.stream == facts.stream && at.tag == *tag)
        };
        let followers = facts.followers.get(tag).into_iter().flatten();
        queue.extend(followers.filter(|tag| follows(tag) && !facts.held(tag) && moved.insert(tag)));
    }
}

fn tag_changes(
    facts: &mut StreamFacts,
    heads: &Heads,
    tag: &TagDefinition,
    generation: i64,
    images: &Images,
    now: DateTime<Utc>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Change>, Refusal> {
    let refuse = |message: String| Err(Refusal::new("text", format!("{}: {message}", tag.name)));
    let before = facts.tag(&tag.name).and_then(|tag| tag.spec.clone());
    let mut found = None;
    let source = match &tag.source {
        DefinedSource::External(reference, schedule, mode) => TagSource::External {
            reference: reference.clone(),
            schedule: kept_period(before.as_ref(), *schedule),
            mode: *mode,
        },
        DefinedSource::Reference(reference) => TagSource::Reference {
            reference: reference.clone(),
            since: match before.as_ref().map(|before| &before.source) {
                Some(TagSource::Reference {
                    reference: noted,
                    since,
                }) if noted == reference => *since,
                _ => now,
            },
        },
        DefinedSource::Follow(stream, followed) => {
            let at = TagAt {
                stream: stream.as_ref().unwrap_or(&facts.stream).clone(),
                tag: followed.clone(),
            };
            if let Some(circle) = alias::circle(facts, &tag.name, &at) {
                return refuse(alias::circle_words(&facts.stream, &circle));
            }
            found = match heads.get(followed) {
                Some(head) if at.stream == facts.stream => Some(head.clone()),
                _ => facts.head_at(&at),
            };
            TagSource::Follow {
                stream: stream.clone(),
                tag: followed.clone(),
            }
        }
        DefinedSource::Fixed(stream, id) => {
            let of = stream.as_ref().unwrap_or(&facts.stream);
            let matches = images.get(&(of.clone(), id.clone()));
            match matches.map_or(&[][..], Vec::as_slice) {
                [] => {
                    return refuse(format!(
                        "{of} has no image {id}; import a tag that has it first"
                    ));
                }
                [(digest, reference)] => {
                    found = Some((digest.clone(), reference.clone()));
                    TagSource::Fixed {
                        stream: stream.clone(),
                        digest: digest.clone(),
                    }
                }
                many => {
                    let all: Vec<_> = many.iter().map(|(digest, _)| digest.to_string()).collect();
                    return refuse(format!(
                        "{id} could be any of {}: write more digits",
                        all.join(", ")
                    ));
                }
            }
        }
        DefinedSource::Pushed => TagSource::Pushed,
    };
    let mut after = TagSpec {
        source: source.clone(),
        insecure: tag.insecure,
        reference_policy: tag.reference_policy,
        annotations: tag.annotations.clone(),
        generation,
    };
    if let Some(before) = &before {
        if policy::reads_as(before, &after) && !tag.import_again {
            after.generation = before.generation;
        }
        if *before == after {
            return Ok(Vec::new());
        }
    }
    let mut changes = vec![Change::SetSpec {
        tag: tag.name.clone(),
        before,
        after: after.clone(),
    }];
    if facts.held(&tag.name) {
        warnings.push(Warning(format!(
            "{} is held: it stays where it is until it is released.",
            tag.name
        )));
    } else if let Some((digest, reference)) = &found {
        let (image, cause) = ((digest, reference), Cause::Tag);
        changes.extend(facts.settle_head(&changes, &tag.name, image, generation, cause));
    }
    let followed = source.followed(&facts.stream);
    let known: &mut TagFacts = facts.tags.entry(tag.name.clone()).or_default();
    known.spec = Some(after);
    if let Some(at) = followed.filter(|at| at.stream == facts.stream) {
        let followers = facts.followers.entry(at.tag).or_default();
        if !followers.contains(&tag.name) {
            followers.push(tag.name.clone());
        }
    }
    Ok(changes)
}

/// `scheduled: true` says nothing of the period: a tag that has one of its own keeps it.
fn kept_period(before: Option<&TagSpec>, asked: Schedule) -> Schedule {
    match before.map(TagSpec::schedule) {
        Some(own @ Schedule::Every(_)) if asked == Schedule::Global => own,
        _ => asked,
    }
}
