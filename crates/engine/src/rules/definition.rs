//! What applying a definition changes: of a stream that is there, or of one that comes to be.

use std::collections::BTreeMap;

use model::{Cause, Change, Digest, Plan, Reference, TagSource, TagSpec, Warning};

use super::{
    Refusal, alias,
    facts::{StreamFacts, TagFacts},
    rollback,
};
use crate::openshift::definition::{Definition, TagDefinition};

/// Plans a definition. `facts` is of the stream as it is, without any tag and of generation 0 if it does not exist;
/// `images` are those of its images that the definition names.
///
/// What the definition does not name stays as it is.
///
/// # Errors
/// When a tag follows in a circle or is pinned to an image the stream does not have.
pub fn plan(
    facts: &StreamFacts,
    exists: bool,
    source: Option<&Reference>,
    definition: &Definition,
    images: &BTreeMap<Digest, Reference>,
) -> Result<Plan, Refusal> {
    let generation = facts.generation + 1;
    let mut changes = Vec::new();
    let mut warnings = Vec::new();
    if !exists {
        changes.push(Change::CreateStream {
            source: definition.source.clone(),
            insecure: definition.insecure,
        });
    } else if definition.source.is_some() && definition.source.as_ref() != source {
        changes.push(Change::SetSource {
            before: source.cloned(),
            after: definition.source.clone(),
        });
    }
    if definition.insecure && !facts.insecure {
        changes.push(Change::SetInsecure {
            before: false,
            after: true,
        });
        warnings.push(Warning(format!(
            "Every tag of {} may be imported over unverified TLS or plain HTTP. Safer: importPolicy.insecure on the tags that need it.",
            facts.stream
        )));
    }
    if !definition.labels.is_empty()
        || !definition.annotations.is_empty()
        || definition
            .tags
            .iter()
            .any(|tag| !tag.annotations.is_empty())
    {
        warnings.push(Warning(
            "Labels and annotations are not kept yet, but for openshift.io/image.insecureRepository.".to_owned(),
        ));
    }
    // Later tags of the definition see what earlier ones make of the stream.
    let mut facts = facts.clone();
    for tag in &definition.tags {
        changes.extend(tag_changes(
            &mut facts,
            tag,
            generation,
            images,
            &mut warnings,
        )?);
    }
    let own = changes.len();
    let changes = alias::with_followers(&facts, changes);
    warnings.extend(rollback::moved_with(&changes[own..]));
    let stream = facts.stream.clone();
    let sentence = match (exists, changes.len()) {
        (false, _) => format!("{stream} will be created."),
        (true, 0) => format!("{stream} is so already: nothing will change."),
        (true, _) => format!("{stream} will be changed."),
    };
    Ok(Plan {
        stream,
        changes,
        warnings,
        sentence,
    })
}

fn tag_changes(
    facts: &mut StreamFacts,
    tag: &TagDefinition,
    generation: i64,
    images: &BTreeMap<Digest, Reference>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Change>, Refusal> {
    let before = facts.tag(&tag.name).and_then(|tag| tag.spec.clone());
    let Some(source) = &tag.source else {
        if before.is_none() {
            warnings.push(Warning(format!(
                "{} has no from: it comes to be when something is tagged as it.",
                tag.name
            )));
        }
        return Ok(Vec::new());
    };
    let mut after = TagSpec {
        source: source.clone(),
        insecure: tag.insecure,
        reference_policy: tag.reference_policy,
        generation,
    };
    if let Some(before) = &before {
        if reads_the_same(before, &after) {
            after.generation = before.generation;
        }
        if *before == after {
            return Ok(Vec::new());
        }
    }
    let found = match source {
        TagSource::External { .. } => None,
        TagSource::Follow { tag: followed } => {
            if let Some(circle) = alias::circle(facts, &tag.name, followed) {
                let path: Vec<_> = circle.iter().map(ToString::to_string).collect();
                return Err(Refusal::new(
                    "text",
                    format!(
                        "{}: following would go round in a circle: {}",
                        tag.name,
                        path.join(" → ")
                    ),
                ));
            }
            let head = facts.tag(followed).and_then(|tag| tag.head.as_ref());
            head.map(|head| (head.digest.clone(), head.reference.clone()))
        }
        TagSource::Fixed { digest } => {
            let reference = images.get(digest).ok_or_else(|| {
                Refusal::new(
                    "text",
                    format!(
                        "{}: {} has no image {digest}; import a tag that has it first",
                        tag.name, facts.stream
                    ),
                )
            })?;
            Some((digest.clone(), reference.clone()))
        }
    };
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
        changes.extend(facts.move_head(&tag.name, digest, reference, generation, Cause::Tag));
    }
    let known: &mut TagFacts = facts.tags.entry(tag.name.clone()).or_default();
    known.spec = Some(after);
    if let TagSource::Follow { tag: followed } = source {
        let followers = facts.followers.entry(followed.clone()).or_default();
        if !followers.contains(&tag.name) {
            followers.push(tag.name.clone());
        }
    }
    Ok(changes)
}

/// Whether nothing that decides about an import differs.
fn reads_the_same(before: &TagSpec, after: &TagSpec) -> bool {
    let source = match (&before.source, &after.source) {
        (
            TagSource::External { reference, .. },
            TagSource::External {
                reference: other, ..
            },
        ) => reference == other,
        (one, other) => one == other,
    };
    source && before.insecure == after.insecure
}
