//! What setting a tag changes.

use model::{
    Cause, Change, Digest, Plan, Reference, TagSource, TagSpec, Warning,
    policy::ReferencePolicy,
    tagging::{Mode, TagInput, TagRequest},
};

use super::{Refusal, alias, facts::StreamFacts, rollback};

/// Images of the stream whose digest begins as asked: digest and where each is found.
pub type Matches = [(Digest, Reference)];

/// Plans setting a tag. `matches` answers a source that is an image.
///
/// # Errors
/// When the source does not exist, is ambiguous or has no image yet, or when following would go round in a circle.
pub fn plan(facts: &StreamFacts, request: &TagRequest, matches: &Matches) -> Result<Plan, Refusal> {
    let stream = &facts.stream;
    let generation = facts.generation + 1;
    let known = facts.tag(&request.destination);
    let before = known.and_then(|tag| tag.spec.clone());
    let (source, image, from) = resolve(facts, request, matches)?;

    let mut changes = Vec::new();
    let mut warnings = Vec::new();
    if before.as_ref().is_none_or(|before| before.source != source) {
        let after = TagSpec {
            source: source.clone(),
            insecure: false,
            reference_policy: before
                .as_ref()
                .map_or(ReferencePolicy::Source, |before| before.reference_policy),
            generation,
        };
        if let Some(before) = &before {
            match &before.source {
                TagSource::External { reference, .. } => warnings.push(Warning(format!(
                    "{} will no longer be imported from {reference}.",
                    request.destination
                ))),
                TagSource::Follow { tag } => {
                    warnings.push(Warning(format!(
                        "{} will no longer follow {tag}.",
                        request.destination
                    )));
                }
                TagSource::Fixed { .. } => {}
            }
        }
        changes.push(Change::SetSpec {
            tag: request.destination.clone(),
            before: before.clone(),
            after,
        });
    }
    if let Some((digest, reference)) = &image {
        changes.extend(facts.move_head(
            &request.destination,
            digest,
            reference,
            generation,
            Cause::Tag,
        ));
    }
    if !changes.is_empty() && facts.held(&request.destination) {
        warnings.push(Warning(format!(
            "{} is held; tagging it ends the hold.",
            request.destination
        )));
        changes.push(Change::SetHold {
            tag: request.destination.clone(),
            before: true,
            after: false,
        });
    }
    if !changes.is_empty() && known.is_some_and(|tag| tag.condition.is_some()) {
        changes.push(Change::SetCondition {
            tag: request.destination.clone(),
            after: None,
        });
    }
    let own = changes.len();
    let changes = alias::with_followers(facts, changes);
    warnings.extend(rollback::moved_with(&changes[own..]));

    let name = |tag: &dyn std::fmt::Display| format!("{}:{tag}", stream.name);
    let destination = name(&request.destination);
    let mut sentence = match (&source, &image) {
        (TagSource::Follow { tag }, Some(_)) => format!("{destination} will follow {}.", name(tag)),
        (TagSource::Follow { tag }, None) => {
            format!(
                "{destination} will follow {}, which has no image yet.",
                name(tag)
            )
        }
        (_, Some((digest, _))) => {
            format!(
                "{destination} will point at what {from} is now ({}) and stay there.",
                digest.short()
            )
        }
        (_, None) => format!("{destination} will be set."),
    };
    if changes.is_empty() {
        sentence = format!("Nothing would change: {destination} already is so.");
    } else if let Some(head) = known.and_then(|tag| tag.head.as_ref()) {
        sentence.push_str(&format!(" Now it points at {}.", head.digest.short()));
    } else {
        sentence.push_str(" It does not exist yet.");
    }
    Ok(Plan {
        stream: stream.clone(),
        changes,
        warnings,
        sentence,
    })
}

type Resolved = (TagSource, Option<(Digest, Reference)>, String);

fn resolve(
    facts: &StreamFacts,
    request: &TagRequest,
    matches: &Matches,
) -> Result<Resolved, Refusal> {
    let stream = &facts.stream;
    match (&request.source, request.mode) {
        (TagInput::Image(_), Mode::Follow) => Err(Refusal::new(
            "mode",
            "an image never moves, so it cannot be followed: choose Fixed, or name a tag as source",
        )),
        (TagInput::Image(id), Mode::Fixed) => match matches {
            [] => Err(Refusal::new(
                "source",
                format!("{stream} has no image {id}; its history lists the digests it has"),
            )),
            [(digest, reference)] => Ok((
                TagSource::Fixed {
                    digest: digest.clone(),
                },
                Some((digest.clone(), reference.clone())),
                format!("{}@{}", stream.name, digest.short()),
            )),
            many => {
                let all: Vec<_> = many.iter().map(|(digest, _)| digest.to_string()).collect();
                Err(Refusal::new(
                    "source",
                    format!("{id} could be any of {}: write more digits", all.join(", ")),
                ))
            }
        },
        (TagInput::Tag(tag), mode) => {
            let Some(source) = facts.tag(tag) else {
                return Err(Refusal::new("source", format!("{stream} has no tag {tag}")));
            };
            let image = source
                .head
                .as_ref()
                .map(|head| (head.digest.clone(), head.reference.clone()));
            if mode == Mode::Follow {
                if let Some(circle) = alias::circle(facts, &request.destination, tag) {
                    let path: Vec<_> = circle.iter().map(ToString::to_string).collect();
                    return Err(Refusal::new(
                        "source",
                        format!("this would go round in a circle: {}", path.join(" → ")),
                    ));
                }
                return Ok((
                    TagSource::Follow { tag: tag.clone() },
                    image,
                    tag.to_string(),
                ));
            }
            let Some((digest, reference)) = image else {
                return Err(Refusal::new(
                    "source",
                    format!(
                        "{}:{tag} has no image yet, so there is nothing to fix to",
                        stream.name
                    ),
                ));
            };
            Ok((
                TagSource::Fixed {
                    digest: digest.clone(),
                },
                Some((digest, reference)),
                format!("{}:{tag}", stream.name),
            ))
        }
    }
}
