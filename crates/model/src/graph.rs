//! Which tags come from where: the alias graph and where each of its nodes is drawn.

use std::collections::{BTreeMap, BTreeSet};

use crate::tag::TagAt;

/// Something an arrow starts or ends at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A place in a registry, in the user's spelling.
    Source(String),
    /// A tag of this or another stream.
    Tag(TagAt),
}

/// A tag and what it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The tag.
    pub tag: TagAt,
    /// Where it comes from; none for a tag that is fixed or pushed to.
    pub from: Option<Point>,
    /// What it follows is not there.
    pub broken: bool,
}

/// How a node hangs on what it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// It moves as the other does.
    Sound,
    /// The other is not there.
    Broken,
    /// The two follow each other in a circle.
    Cyclic,
}

/// A node in its place. `column` is also its depth in the nested list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub point: Point,
    /// From the left, 0 for what comes from nowhere.
    pub column: usize,
    /// From the top; the first follower is in its own line.
    pub row: usize,
    /// Index of the node it comes from, and how.
    pub from: Option<(usize, Edge)>,
}

/// The nodes in the order of the nested list, each after what it comes from (but where a circle closes).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Nodes that were too many.
    pub left_out: usize,
}

/// Places what the links tell of, `most` nodes at most. A tag comes from one thing, so this is a forest, and circles with
/// trees on them: a circle is opened at its first tag.
#[must_use]
pub fn layout(links: &[Link], most: usize) -> Layout {
    let by_tag: BTreeMap<Point, &Link> = links
        .iter()
        .map(|link| (Point::Tag(link.tag.clone()), link))
        .collect();
    let parent = |point: &Point| by_tag.get(point).and_then(|link| link.from.clone());
    let mut children: BTreeMap<Point, Vec<Point>> = BTreeMap::new();
    let mut points: BTreeSet<Point> = by_tag.keys().cloned().collect();
    for point in by_tag.keys() {
        if let Some(from) = parent(point) {
            points.insert(from.clone());
            children.entry(from).or_default().push(point.clone());
        }
    }
    let mut circle = BTreeSet::new();
    let mut starts: Vec<Point> = Vec::new();
    let mut known: BTreeSet<Point> = BTreeSet::new();
    for point in &points {
        let mut path = Vec::new();
        let mut at = Some(point.clone());
        while let Some(here) = at {
            if let Some(first) = path.iter().position(|p| *p == here) {
                starts.extend(path[first..].iter().min().cloned());
                circle.extend(path[first..].iter().cloned());
                break;
            }
            // An earlier walk came by here: where it leads is known.
            if known.contains(&here) {
                break;
            }
            at = parent(&here);
            if at.is_none() {
                starts.push(here.clone());
            }
            path.push(here);
        }
        known.extend(path);
    }
    starts.sort();
    let mut places: BTreeMap<Point, usize> = BTreeMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    let mut stack: Vec<(Point, usize, bool)> =
        starts.into_iter().rev().map(|p| (p, 0, false)).collect();
    let mut row = 0;
    while let Some((point, column, first)) = stack.pop() {
        if places.contains_key(&point) {
            continue;
        }
        if nodes.len() >= most {
            break;
        }
        if !first && !nodes.is_empty() {
            row += 1;
        }
        places.insert(point.clone(), nodes.len());
        let below: Vec<&Point> = children
            .get(&point)
            .into_iter()
            .flatten()
            .filter(|child| !places.contains_key(*child))
            .collect();
        for (number, child) in below.into_iter().enumerate().rev() {
            stack.push((child.clone(), column + 1, number == 0));
        }
        nodes.push(Node {
            point,
            column,
            row,
            from: None,
        });
    }
    for node in &mut nodes {
        let Some(link) = by_tag.get(&node.point) else {
            continue;
        };
        let edge = match (&link.from, link.broken) {
            (_, true) => Edge::Broken,
            (Some(from), _) if circle.contains(from) && circle.contains(&node.point) => {
                Edge::Cyclic
            }
            _ => Edge::Sound,
        };
        node.from = link
            .from
            .as_ref()
            .and_then(|from| Some((*places.get(from)?, edge)));
    }
    Layout {
        left_out: points.len() - nodes.len(),
        nodes,
    }
}

#[cfg(test)]
mod tests;
