//! What the journal makes of a stream when it is replayed.

use std::collections::BTreeMap;

use model::{Change, Digest, Reference, TagName, TagSpec, policy::Freshness, stream::StreamMeta};

/// A stream, as the journal tells it.
#[derive(Debug, Default, PartialEq)]
pub struct Replayed {
    /// None while there is none.
    pub own: Option<Own>,
    pub tags: BTreeMap<TagName, State>,
}

/// What a stream says of itself.
#[derive(Debug, Default, PartialEq)]
pub struct Own {
    pub source: Option<Reference>,
    pub insecure: bool,
    pub freshness: Freshness,
    pub period: Option<u32>,
    pub meta: StreamMeta,
}

/// What a tag is, as the journal tells it.
#[derive(Debug, Default, PartialEq)]
pub struct State {
    pub spec: Option<TagSpec>,
    pub head: Option<Digest>,
    pub failed: bool,
    pub held: bool,
}

impl Replayed {
    pub fn replay(&mut self, change: &Change) {
        replay_own(&mut self.own, change);
        replay_tag(&mut self.tags, change);
    }
}

fn replay_own(own: &mut Option<Own>, change: &Change) {
    match change {
        Change::CreateStream { source, insecure } => {
            *own = Some(Own {
                source: source.clone(),
                insecure: *insecure,
                ..Own::default()
            });
        }
        Change::DeleteStream { .. } => *own = None,
        Change::SetSource { before, after } => {
            replay_field(own, |own| &mut own.source, before, after)
        }
        Change::SetInsecure { before, after } => {
            replay_field(own, |own| &mut own.insecure, before, after)
        }
        Change::SetFreshness { before, after } => {
            replay_field(own, |own| &mut own.freshness, before, after)
        }
        Change::SetPeriod { before, after } => {
            replay_field(own, |own| &mut own.period, before, after)
        }
        Change::SetMeta { before, after } => replay_field(own, |own| &mut own.meta, before, after),
        _ => {}
    }
}

fn replay_field<T: Clone + PartialEq + std::fmt::Debug>(
    own: &mut Option<Own>,
    field: fn(&mut Own) -> &mut T,
    before: &T,
    after: &T,
) {
    let field = field(own.as_mut().unwrap());
    assert_eq!(field, before, "what it says was there, was there");
    *field = after.clone();
}

fn replay_tag(tags: &mut BTreeMap<TagName, State>, change: &Change) {
    if matches!(change, Change::DeleteStream { .. }) {
        tags.clear();
    }
    let Some(name) = change.tag().cloned() else {
        return;
    };
    if matches!(change, Change::DeleteTag { .. }) {
        tags.remove(&name);
        return;
    }
    let state = tags.entry(name).or_default();
    match change {
        Change::SetSpec { before, after, .. } => {
            assert_eq!(&state.spec, before, "what it says was there, was there");
            state.spec = Some(after.clone());
        }
        Change::MoveHead { before, after, .. } => {
            assert_eq!(&state.head, before, "what it says was there, was there");
            state.head = Some(after.clone());
        }
        Change::SetCondition { after, .. } => state.failed = after.is_some(),
        Change::SetHold { before, after, .. } => {
            assert_eq!(state.held, *before);
            state.held = *after;
        }
        _ => {}
    }
}
