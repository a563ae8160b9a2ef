//! Following: what moves when a tag moves, and which follows would go round in a circle.

use std::collections::{BTreeSet, VecDeque};

use model::{Cause, Change, StreamRef, TagName, tag::TagAt};

use super::facts::StreamFacts;

/// Adds, after the changes that move heads, those of every tag of the stream that follows a moved one, directly or through others.
/// Those of other streams are moved when the changes are applied.
///
/// A follower moves once. One that is itself given a new spec by `changes` moves only if that spec follows. A held one
/// stays, and so does what follows it. Circles that are already stored end where they began.
#[must_use]
pub fn with_followers(facts: &StreamFacts, mut changes: Vec<Change>) -> Vec<Change> {
    let respecified: BTreeSet<TagName> = changes
        .iter()
        .filter(|change| matches!(change, Change::SetSpec { .. }))
        .filter_map(Change::tag)
        .cloned()
        .collect();
    let mut moved: BTreeSet<TagName> = BTreeSet::new();
    let mut queue: VecDeque<Change> = VecDeque::new();
    for change in &changes {
        if let Change::MoveHead { tag, .. } = change {
            moved.insert(tag.clone());
            queue.push_back(change.clone());
        }
    }
    while let Some(change) = queue.pop_front() {
        let Change::MoveHead {
            tag,
            after,
            reference,
            generation,
            ..
        } = &change
        else {
            continue;
        };
        for follower in facts.followers.get(tag).into_iter().flatten() {
            if respecified.contains(follower)
                || facts.held(follower)
                || !moved.insert(follower.clone())
            {
                continue;
            }
            for change in facts.move_head(follower, after, reference, *generation, Cause::Follow) {
                queue.push_back(change.clone());
                changes.push(change);
            }
        }
    }
    changes
}

/// The circle that would come to be if `tag` followed `target`: the tags on the way, or none.
#[must_use]
pub fn circle(facts: &StreamFacts, tag: &TagName, target: &TagAt) -> Option<Vec<TagAt>> {
    let start = TagAt {
        stream: facts.stream.clone(),
        tag: tag.clone(),
    };
    let mut path = vec![start.clone()];
    let mut met = BTreeSet::new();
    let mut at = target.clone();
    while at != start {
        let next = facts.followed_at(&at)?;
        // A circle among others, stored earlier: not ours to refuse.
        if !met.insert(at.clone()) {
            return None;
        }
        path.push(std::mem::replace(&mut at, next));
    }
    path.push(start);
    Some(path)
}

/// A circle in words: tags of `stream` by their name, others in full.
#[must_use]
pub fn circle_words(stream: &StreamRef, path: &[TagAt]) -> String {
    let words: Vec<_> = path
        .iter()
        .map(|at| match at.stream == *stream {
            true => at.tag.to_string(),
            false => at.to_string(),
        })
        .collect();
    format!("this would go round in a circle: {}", words.join(" → "))
}
