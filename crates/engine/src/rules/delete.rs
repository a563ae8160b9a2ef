//! What deleting tags changes, and what stays behind.

use model::{Change, Plan, TagName, Warning};

use super::{Refusal, facts::StreamFacts};

/// Plans the deletion of tags: spec, head and history go, images stay, followers keep their last image.
///
/// # Errors
/// When there is nothing to delete.
pub fn plan(facts: &StreamFacts, tags: &[TagName]) -> Result<Plan, Refusal> {
    let mut changes = Vec::new();
    let mut warnings = Vec::new();
    for name in tags {
        let Some(tag) = facts.tag(name) else {
            warnings.push(Warning(format!(
                "{} has no tag {name} any more.",
                facts.stream
            )));
            continue;
        };
        changes.push(Change::DeleteTag {
            tag: name.clone(),
            spec: tag.spec.clone(),
            head: tag.head.as_ref().map(|head| head.digest.clone()),
            revisions: tag.head.as_ref().map_or(0, |head| head.number),
        });
        let left: Vec<_> = facts
            .followers
            .get(name)
            .into_iter()
            .flatten()
            .filter(|tag| !tags.contains(tag))
            .collect();
        if !left.is_empty() {
            let names: Vec<_> = left.iter().map(ToString::to_string).collect();
            warnings.push(Warning(format!(
                "{} follows {name}: it keeps its last image and has nothing to follow any more.",
                names.join(", ")
            )));
        }
    }
    if changes.is_empty() {
        return Err(Refusal::new(
            "tag",
            format!("choose at least one tag of {} to delete", facts.stream),
        ));
    }
    let sentence = match changes.as_slice() {
        [Change::DeleteTag { tag, revisions, .. }] => format!(
            "{}:{tag} and its history of {revisions} {} will be deleted. Their images stay stored.",
            facts.stream.name,
            if *revisions == 1 {
                "revision"
            } else {
                "revisions"
            },
        ),
        many => format!(
            "{} tags of {} and their history will be deleted. Their images stay stored.",
            many.len(),
            facts.stream.name
        ),
    };
    Ok(Plan {
        stream: facts.stream.clone(),
        changes,
        warnings,
        sentence,
    })
}
