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
    let mut applied = Applied::of(facts, definition);
    for tag in in_order(&facts.stream, &definition.tags) {
        let own = applied.changes(tag, generation, images, now, &mut warnings)?;
        applied.note(tag, &own);
        changes.extend(own);
    }
    let own = changes.len();
    let changes = alias::with_followers(&applied.facts, changes);
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

/// The stream with the tags of a definition that are planned so far: what later ones see.
struct Applied<'a> {
    facts: StreamFacts,
    /// Where tags of the stream will point, as far as that changes.
    heads: BTreeMap<TagName, (Digest, Reference)>,
    /// What the definition says of each tag.
    sources: BTreeMap<&'a TagName, &'a DefinedSource>,
    /// Tags that are still to be planned.
    waiting: BTreeSet<&'a TagName>,
    /// Tags that lead to an end, past none that waits: nothing that comes makes them part of a circle.
    ending: BTreeSet<TagAt>,
}

impl<'a> Applied<'a> {
    fn of(facts: &StreamFacts, definition: &'a Definition) -> Self {
        let tags = definition.tags.iter();
        let sources: BTreeMap<_, _> = tags.map(|tag| (&tag.name, &tag.source)).collect();
        Self {
            facts: facts.clone(),
            heads: BTreeMap::new(),
            waiting: sources.keys().copied().collect(),
            sources,
            ending: BTreeSet::new(),
        }
    }

    /// Notes what a tag of the definition changes.
    fn note(&mut self, tag: &TagDefinition, changes: &[Change]) {
        self.waiting.remove(&tag.name);
        for change in changes {
            self.note_head(change);
        }
    }

    /// Whether following a tag leads to an end before any tag that waits.
    fn ends(&mut self, at: &TagAt) -> bool {
        let mut way = BTreeSet::new();
        let mut next = Some(at.clone());
        while let Some(at) = next {
            if self.ending.contains(&at) {
                break;
            }
            if at.stream == self.facts.stream && self.waiting.contains(&at.tag) {
                return false;
            }
            next = self.facts.followed_at(&at);
            if !way.insert(at) {
                return false;
            }
        }
        self.ending.append(&mut way);
        true
    }

    /// Notes where a tag goes, and all that follow it with it.
    fn note_head(&mut self, change: &Change) {
        let Change::MoveHead {
            tag,
            after,
            reference,
            ..
        } = change
        else {
            return;
        };
        let head = (after.clone(), reference.clone());
        let mut queue = vec![tag];
        while let Some(tag) = queue.pop() {
            // It went there with what it follows, and its followers did with it.
            if self.heads.insert(tag.clone(), head.clone()).as_ref() == Some(&head) {
                continue;
            }
            // One that the definition gave another source follows no more.
            let follows = |follower: &TagName| {
                if let Some(source) = self.sources.get(follower)
                    && !matches!(source, DefinedSource::Follow(_, followed) if followed == tag)
                {
                    return false;
                }
                let spec = self
                    .facts
                    .tag(follower)
                    .and_then(|facts| facts.spec.as_ref());
                let at = spec.and_then(|spec| spec.source.followed(&self.facts.stream));
                at.is_some_and(|at| at.stream == self.facts.stream && at.tag == *tag)
            };
            let followers = self.facts.followers.get(tag).into_iter().flatten();
            queue.extend(followers.filter(|tag| follows(tag) && !self.facts.held(tag)));
        }
    }

    fn changes(
        &mut self,
        tag: &TagDefinition,
        generation: i64,
        images: &Images,
        now: DateTime<Utc>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Change>, Refusal> {
        let refuse =
            |message: String| Err(Refusal::new("text", format!("{}: {message}", tag.name)));
        let before = self.facts.tag(&tag.name).and_then(|tag| tag.spec.clone());
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
                    stream: stream.as_ref().unwrap_or(&self.facts.stream).clone(),
                    tag: followed.clone(),
                };
                if !self.ends(&at)
                    && let Some(circle) = alias::circle(&self.facts, &tag.name, &at)
                {
                    return refuse(alias::circle_words(&self.facts.stream, &circle));
                }
                found = match self.heads.get(followed) {
                    Some(head) if at.stream == self.facts.stream => Some(head.clone()),
                    _ => self.facts.head_at(&at),
                };
                TagSource::Follow {
                    stream: stream.clone(),
                    tag: followed.clone(),
                }
            }
            DefinedSource::Fixed(stream, id) => {
                let of = stream.as_ref().unwrap_or(&self.facts.stream);
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
                        let all: Vec<_> =
                            many.iter().map(|(digest, _)| digest.to_string()).collect();
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
        let followed = source.followed(&self.facts.stream);
        let before_that = before
            .as_ref()
            .and_then(|before| before.source.followed(&self.facts.stream));
        let mut changes = vec![Change::SetSpec {
            tag: tag.name.clone(),
            before,
            after: after.clone(),
        }];
        if self.facts.held(&tag.name) {
            warnings.push(Warning(format!(
                "{} is held: it stays where it is until it is released.",
                tag.name
            )));
        } else if let Some((digest, reference)) = &found {
            let (image, cause) = ((digest, reference), Cause::Tag);
            changes.extend(
                self.facts
                    .settle_head(&changes, &tag.name, image, generation, cause),
            );
        }
        let known: &mut TagFacts = self.facts.tags.entry(tag.name.clone()).or_default();
        known.spec = Some(after);
        // One that followed it before is among its followers already.
        if let Some(at) = followed.filter(|at| before_that.as_ref() != Some(at))
            && at.stream == self.facts.stream
        {
            let followers = self.facts.followers.entry(at.tag).or_default();
            followers.push(tag.name.clone());
        }
        Ok(changes)
    }
}

/// The tags of a definition, those that are followed before those that follow them.
fn in_order<'a>(stream: &StreamRef, tags: &'a [TagDefinition]) -> Vec<&'a TagDefinition> {
    let names = tags.iter().map(|tag| &tag.name);
    let places: BTreeMap<&TagName, usize> = names.zip(0..).collect();
    let followed = tags.iter().map(|tag| match &tag.source {
        DefinedSource::Follow(of, followed) if of.as_ref().is_none_or(|of| of == stream) => {
            places.get(followed).copied().into_iter().collect()
        }
        _ => Vec::new(),
    });
    let order = followed_first(followed.collect());
    order
        .into_iter()
        .filter_map(|place| tags.get(place))
        .collect()
}

/// An order in which what is followed comes before what follows it: of things that follow those at the places given, else as
/// they are. Those that go round in a circle, or lead to one, come last: it is told when they are planned.
#[must_use]
pub fn followed_first(followed: Vec<Vec<usize>>) -> Vec<usize> {
    let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut waits: BTreeMap<usize, usize> = BTreeMap::new();
    for (place, followed) in followed.into_iter().enumerate() {
        waits.insert(place, followed.len());
        for of in followed {
            followers.entry(of).or_default().push(place);
        }
    }
    let free = waits.iter().filter(|(_, left)| **left == 0);
    let mut free: BTreeSet<usize> = free.map(|(place, _)| *place).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(place) = free.pop_first() {
        waits.remove(&place);
        order.push(place);
        for follower in followers.remove(&place).unwrap_or_default() {
            if let Some(left) = waits.get_mut(&follower) {
                *left -= 1;
                if *left == 0 {
                    free.insert(follower);
                }
            }
        }
    }
    order.extend(waits.into_keys());
    order
}

/// `scheduled: true` says nothing of the period: a tag that has one of its own keeps it.
fn kept_period(before: Option<&TagSpec>, asked: Schedule) -> Schedule {
    match before.map(TagSpec::schedule) {
        Some(own @ Schedule::Every(_)) if asked == Schedule::Global => own,
        _ => asked,
    }
}
