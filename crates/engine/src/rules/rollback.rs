//! Going back to an older revision, holding a tag where it is, and letting it go again.

use model::{
    Cause, Change, Plan, Revision, TagName, TagSource, TagSpec, Warning, policy::Schedule,
    tagging::After,
};

use super::{Refusal, alias, facts::StreamFacts};

/// Plans going back to `revision`. History grows by one; the older revisions stay.
///
/// # Errors
/// When the tag is gone, or points there already and is to be so.
pub fn plan(
    facts: &StreamFacts,
    name: &TagName,
    revision: &Revision,
    after: After,
) -> Result<Plan, Refusal> {
    let stream = &facts.stream;
    let Some(tag) = facts.tag(name) else {
        return Err(Refusal::new("tag", format!("{stream} has no tag {name}")));
    };
    let generation = facts.generation + 1;
    let mut changes = Vec::new();
    let mut warnings = Vec::new();
    let moves_by_itself = match tag.spec.as_ref().map(|spec| &spec.source) {
        Some(TagSource::External {
            reference,
            schedule,
            ..
        }) => Some(match schedule {
            Schedule::Never => format!("imports of {reference}"),
            schedule => format!("imports of {reference} {schedule}"),
        }),
        Some(TagSource::Follow { stream, tag }) => Some(match stream {
            Some(stream) => format!("{stream}:{tag}, which it follows,"),
            None => format!("{tag}, which it follows,"),
        }),
        _ => None,
    };
    // A fixed tag that is held would say another image than it has, and have it still when it is released.
    let fixed = matches!(
        tag.spec.as_ref().map(|spec| &spec.source),
        Some(TagSource::Fixed { .. })
    );
    if fixed || after == After::Fixed {
        let source = TagSource::Fixed {
            stream: None,
            digest: revision.digest.clone(),
        };
        if tag.spec.as_ref().is_none_or(|spec| spec.source != source) {
            changes.push(Change::SetSpec {
                tag: name.clone(),
                before: tag.spec.clone(),
                after: TagSpec {
                    insecure: false,
                    source: source.clone(),
                    generation,
                    ..tag
                        .spec
                        .clone()
                        .unwrap_or_else(|| TagSpec::new(source, generation))
                },
            });
        }
    }
    match after {
        After::Fixed => {
            if let Some(mover) = &moves_by_itself {
                warnings.push(Warning(format!(
                    "For good: {mover} will not move {name} any more."
                )));
            }
            if tag.hold.is_some() {
                changes.push(release(name));
            }
        }
        After::Held => {
            if let Some(mover) = &moves_by_itself {
                warnings.push(Warning(format!(
                    "Until it is released, {mover} will not move {name}."
                )));
            }
            if tag.hold.is_none() {
                changes.push(Change::SetHold {
                    tag: name.clone(),
                    before: false,
                    after: true,
                });
            }
        }
    }
    let image = (&revision.digest, &revision.reference);
    changes.extend(facts.settle_head(&changes, name, image, generation, Cause::Rollback));
    if !changes.is_empty() && tag.condition.is_some() {
        changes.push(Change::SetCondition {
            tag: name.clone(),
            after: None,
        });
    }
    if changes.is_empty() {
        return Err(Refusal::new(
            "revision",
            format!("{name} points at revision {} already", revision.number),
        ));
    }
    let own = changes.len();
    let changes = alias::with_followers(facts, changes);
    warnings.extend(moved_with(&changes[own..]));
    let sentence = format!(
        "{}:{name} will point at {} again, as in revision {}, and {}.",
        stream.name,
        revision.digest.short(),
        revision.number,
        match after {
            After::Fixed => "stay there",
            After::Held => "be held there until it is released",
        }
    );
    Ok(Plan {
        stream: stream.clone(),
        changes,
        warnings,
        sentence,
    })
}

/// Plans the release of a held tag: one that follows goes to where the followed tag is now, an imported one is looked
/// at again.
///
/// # Errors
/// When the tag is gone or not held.
pub fn plan_release(facts: &StreamFacts, name: &TagName) -> Result<Plan, Refusal> {
    let stream = &facts.stream;
    if !facts.held(name) {
        return Err(Refusal::new("tag", format!("{stream}:{name} is not held")));
    }
    let mut changes = vec![release(name)];
    let source = facts
        .tag(name)
        .and_then(|tag| tag.spec.as_ref())
        .map(|spec| &spec.source);
    let then = match source {
        Some(follow @ TagSource::Follow { tag: followed, .. }) => {
            let head = follow
                .followed(stream)
                .and_then(|followed| facts.head_at(&followed));
            if let Some((digest, reference)) = head {
                changes.extend(facts.move_head(
                    name,
                    &digest,
                    &reference,
                    facts.generation + 1,
                    Cause::Follow,
                ));
            }
            format!("It follows {followed} again, at once.")
        }
        Some(TagSource::External { reference, .. }) => {
            format!("It is imported from {reference} again, at once.")
        }
        _ => "It stays where it is.".to_owned(),
    };
    let own = changes.len();
    let changes = alias::with_followers(facts, changes);
    Ok(Plan {
        stream: stream.clone(),
        warnings: moved_with(&changes[own..]).into_iter().collect(),
        changes,
        sentence: format!("{}:{name} will be released. {then}", stream.name),
    })
}

fn release(name: &TagName) -> Change {
    Change::SetHold {
        tag: name.clone(),
        before: true,
        after: false,
    }
}

/// Names the tags that move because they follow.
pub(super) fn moved_with(changes: &[Change]) -> Option<Warning> {
    let moved: Vec<_> = changes
        .iter()
        .filter_map(Change::tag)
        .map(ToString::to_string)
        .collect();
    (!moved.is_empty()).then(|| {
        Warning(format!(
            "Moves with it, because it follows: {}.",
            moved.join(", ")
        ))
    })
}
