//! What a push to a tag changes.

use model::{Cause, Change, Digest, Reference, TagName, TagSource, TagSpec};

use super::{Refusal, alias, facts::StreamFacts};

/// The changes that make a tag point at an image that was pushed to it, those who follow it included; none if it does
/// already. The revision is of the stream's own generation, so nothing is imported because of it.
///
/// What a tag imports is kept: the next import decides again. A tag that was fixed to an image is pushed to from now on.
///
/// # Errors
/// When the tag is held, or follows another: a push would be lost without a word when that one moves.
pub fn plan(
    facts: &StreamFacts,
    tag: &TagName,
    digest: &Digest,
    reference: &Reference,
) -> Result<Vec<Change>, Refusal> {
    let stream = &facts.stream;
    let known = facts.tag(tag);
    if let Some(hold) = known.and_then(|known| known.hold.as_ref()) {
        return Err(Refusal::new(
            "tag",
            format!(
                "{stream}:{tag} is held by {} and stays where it is; release it, or push another tag",
                hold.by
            ),
        ));
    }
    let spec = known.and_then(|known| known.spec.as_ref());
    let mut changes = Vec::new();
    match spec.map(|spec| &spec.source) {
        Some(source @ TagSource::Follow { .. }) => {
            return Err(Refusal::new(
                "tag",
                format!(
                    "{stream}:{tag} {source}; push to that tag, or fix this one to an image first"
                ),
            ));
        }
        Some(TagSource::Fixed { .. } | TagSource::Reference { .. }) => {
            changes.push(Change::SetSpec {
                tag: tag.clone(),
                before: spec.cloned(),
                after: TagSpec {
                    source: TagSource::Pushed,
                    generation: facts.generation + 1,
                    ..spec
                        .cloned()
                        .unwrap_or_else(|| TagSpec::new(TagSource::Pushed, 0))
                },
            });
        }
        Some(TagSource::External { .. } | TagSource::Pushed) | None => {}
    }
    let generation = facts.generation + i64::from(!changes.is_empty());
    changes.extend(facts.move_head(tag, digest, reference, generation, Cause::Push));
    Ok(alias::with_followers(facts, changes))
}
