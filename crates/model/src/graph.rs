//! The alias graph of a stream: which of its tags follow which, and which tags of other streams they follow or are
//! followed by.

use serde::{Deserialize, Serialize};

use crate::{Reference, tag::TagAt};

/// What a followed tag is, as far as the graph shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Followed {
    /// There is no such tag, or no such stream: who follows it stays where it is.
    Missing,
    /// It is imported from here.
    Imported(Reference),
    /// It is pushed to, pinned, or follows a tag itself.
    Here,
}

/// One tag that follows another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    /// Who follows.
    pub follower: TagAt,
    /// What it follows.
    pub followed: TagAt,
    /// What that is.
    pub is: Followed,
    /// The follower is held: it does not move until it is released.
    pub held: bool,
}

/// Every follow that begins or ends at a tag of a stream, those of one tag together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// The first of them, at most [`Graph::LIMIT`].
    pub follows: Vec<Follow>,
    /// There are more.
    pub more: bool,
}

impl Graph {
    /// Follows of one graph: more cannot be read at once.
    pub const LIMIT: usize = 200;

    /// Whether a follow is part of a circle. None is ever made; should one be there, nothing may run round it for ever.
    #[must_use]
    pub fn in_circle(&self, follow: &Follow) -> bool {
        let mut at = &follow.followed;
        for _ in 0..=self.follows.len() {
            if *at == follow.follower {
                return true;
            }
            // A tag follows one tag at most.
            match self.follows.iter().find(|next| next.follower == *at) {
                Some(next) => at = &next.followed,
                None => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamRef;

    fn graph(follows: &[(&str, &str)]) -> Graph {
        let at = |tag: &str| {
            TagAt::new(
                &StreamRef::parse("team", "app").unwrap(),
                tag.parse().unwrap(),
            )
        };
        let follow = |(follower, followed): &(&str, &str)| Follow {
            follower: at(follower),
            followed: at(followed),
            is: Followed::Here,
            held: false,
        };
        Graph {
            follows: follows.iter().map(follow).collect(),
            more: false,
        }
    }

    #[test]
    fn a_circle_is_seen_and_what_hangs_on_it_is_no_part_of_it() {
        let circle = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("x", "y")]);
        let found: Vec<_> = circle
            .follows
            .iter()
            .map(|follow| circle.in_circle(follow))
            .collect();
        assert_eq!(found, [true, true, true, false, false]);
        assert!(graph(&[("a", "a")]).in_circle(&graph(&[("a", "a")]).follows[0]));
    }
}
