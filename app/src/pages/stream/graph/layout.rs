//! Where each tag stands in the picture of an alias graph.
//!
//! A tag follows one tag at most, so the graph is a forest: what is followed stands left of those who follow it, each in
//! a row of its own, and no line crosses another.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Reference,
    graph::{Followed, Graph},
    tag::TagAt,
};

/// What stands in the picture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    /// Where a tag is imported from.
    Registry(String),
    /// A tag of this stream or another.
    Tag(TagAt),
}

/// How a node or a line is marked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// A held tag, or the line to one.
    pub(super) held: bool,
    /// A tag that is not there, the line from one, or a line that closes a circle.
    pub(super) broken: bool,
}

/// A node in its place: columns from the left, half rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) node: Node,
    pub(super) column: usize,
    pub(super) half_row: usize,
    pub(super) marks: Marks,
}

/// A line from what is followed to who follows, as places in [`Layout::nodes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) marks: Marks,
}

/// The picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) nodes: Vec<Placed>,
    pub(super) lines: Vec<Line>,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Lays a graph out.
pub(super) fn layout(graph: &Graph) -> Layout {
    let mut children: BTreeMap<Node, Vec<(Node, Marks)>> = BTreeMap::new();
    let mut marks: BTreeMap<Node, Marks> = BTreeMap::new();
    let mut order: Vec<Node> = Vec::new();
    let mut led_to: BTreeSet<Node> = BTreeSet::new();
    let mut imported: BTreeSet<&TagAt> = BTreeSet::new();
    for follow in &graph.follows {
        let followed = Node::Tag(follow.followed.clone());
        let follower = Node::Tag(follow.follower.clone());
        if let Followed::Imported(reference) = &follow.is
            && imported.insert(&follow.followed)
        {
            let registry = Node::Registry(Reference::to_string(reference));
            order.push(registry.clone());
            led_to.insert(followed.clone());
            let of = children.entry(registry).or_default();
            of.push((followed.clone(), Marks::default()));
        }
        marks.entry(followed.clone()).or_default().broken |= follow.is == Followed::Missing;
        marks.entry(follower.clone()).or_default().held |= follow.held;
        let line = Marks {
            held: follow.held,
            broken: follow.is == Followed::Missing || graph.in_circle(follow),
        };
        led_to.insert(follower.clone());
        order.push(followed.clone());
        children.entry(followed).or_default().push((follower, line));
    }
    let mut picture = Picture {
        children,
        marks,
        places: BTreeMap::new(),
        layout: Layout::default(),
    };
    // What nothing leads to begins a tree; what is left then is a circle, which begins anywhere.
    let (begins, rest): (Vec<_>, Vec<_>) = order.iter().partition(|node| !led_to.contains(*node));
    for node in begins.into_iter().chain(rest) {
        picture.place(node, 0);
    }
    picture.draw_lines();
    picture.layout
}

struct Picture {
    children: BTreeMap<Node, Vec<(Node, Marks)>>,
    marks: BTreeMap<Node, Marks>,
    places: BTreeMap<Node, usize>,
    layout: Layout,
}

impl Picture {
    /// Places a node and all that follows it, if it has no place yet; a node stands midway between its followers.
    fn place(&mut self, node: &Node, column: usize) {
        if self.places.contains_key(node) {
            return;
        }
        let at = self.layout.nodes.len();
        self.places.insert(node.clone(), at);
        self.layout.nodes.push(Placed {
            node: node.clone(),
            column,
            half_row: 0,
            marks: self.marks.get(node).copied().unwrap_or_default(),
        });
        self.layout.columns = self.layout.columns.max(column + 1);
        let mut rows = Vec::new();
        for (child, _) in self.children.get(node).cloned().unwrap_or_default() {
            let next = self.layout.nodes.len();
            self.place(&child, column + 1);
            rows.extend(self.layout.nodes.get(next).map(|placed| placed.half_row));
        }
        let half_row = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => usize::midpoint(*first, *last),
            _ => {
                self.layout.rows += 1;
                2 * (self.layout.rows - 1)
            }
        };
        if let Some(placed) = self.layout.nodes.get_mut(at) {
            placed.half_row = half_row;
        }
    }

    fn draw_lines(&mut self) {
        for (from, children) in &self.children {
            for (to, marks) in children {
                if let (Some(from), Some(to)) = (self.places.get(from), self.places.get(to)) {
                    self.layout.lines.push(Line {
                        from: *from,
                        to: *to,
                        marks: *marks,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{StreamRef, graph::Follow};

    use super::*;

    fn graph(follows: &[(&str, &str)]) -> Graph {
        let stream = StreamRef::parse("team", "app").unwrap();
        let at = |tag: &str| TagAt::new(&stream, tag.parse().unwrap());
        let follow = |(followed, follower): &(&str, &str)| Follow {
            follower: at(follower),
            followed: at(followed),
            is: match *followed {
                "2.0" => Followed::Imported("quay.io/org/app:2.0".parse().unwrap()),
                "gone" => Followed::Missing,
                _ => Followed::Here,
            },
            held: *follower == "held",
        };
        Graph {
            follows: follows.iter().map(follow).collect(),
            more: false,
        }
    }

    /// Each node with its column and half row.
    fn places(layout: &Layout) -> Vec<(String, usize, usize)> {
        let one = |placed: &Placed| {
            let name = match &placed.node {
                Node::Registry(name) => name.clone(),
                Node::Tag(at) => at.tag.to_string(),
            };
            (name, placed.column, placed.half_row)
        };
        layout.nodes.iter().map(one).collect()
    }

    #[test]
    fn what_is_followed_stands_left_and_midway_of_its_followers() {
        let layout = layout(&graph(&[
            ("2.0", "latest"),
            ("2.0", "held"),
            ("latest", "edge"),
            ("gone", "lost"),
        ]));
        let named = |name: &str, column, half_row| (name.to_owned(), column, half_row);
        assert_eq!(
            places(&layout),
            [
                named("quay.io/org/app:2.0", 0, 1),
                named("2.0", 1, 1),
                named("latest", 2, 0),
                named("edge", 3, 0),
                named("held", 2, 2),
                named("gone", 0, 4),
                named("lost", 1, 4),
            ]
        );
        assert_eq!((layout.columns, layout.rows, layout.lines.len()), (4, 3, 5));
        let broken: Vec<_> = layout
            .lines
            .iter()
            .filter(|line| line.marks.broken)
            .collect();
        assert_eq!(broken.len(), 1, "the line from what is not there");
        assert!(layout.nodes[5].marks.broken && !layout.nodes[6].marks.broken);
        assert!(layout.nodes[4].marks.held && !layout.nodes[1].marks.held);
    }

    #[test]
    fn a_circle_is_drawn_and_ends() {
        let layout = layout(&graph(&[("a", "b"), ("b", "a"), ("a", "c")]));
        assert_eq!((layout.nodes.len(), layout.lines.len()), (3, 3));
        assert_eq!(
            layout.lines.iter().filter(|line| line.marks.broken).count(),
            2
        );
    }
}
