//! Where the nodes of alias graphs are.

use super::*;
use crate::StreamRef;

fn tag(name: &str) -> TagAt {
    let stream = StreamRef::parse("shop", "ruby").unwrap();
    TagAt::new(&stream, name.parse().unwrap())
}

fn follow(name: &str, of: &str) -> Link {
    Link {
        tag: tag(name),
        from: Some(Point::Tag(tag(of))),
        broken: false,
    }
}

fn external(name: &str) -> Link {
    Link {
        tag: tag(name),
        from: Some(Point::Source("quay.io/ruby".into())),
        broken: false,
    }
}

/// Name, column, row, and what it comes from.
type Drawn = (String, usize, usize, Option<(usize, Edge)>);

fn drawn(layout: &Layout) -> Vec<Drawn> {
    let name = |point: &Point| match point {
        Point::Source(text) => text.clone(),
        Point::Tag(at) => at.tag.to_string(),
    };
    let nodes = layout.nodes.iter();
    nodes
        .map(|n| (name(&n.point), n.column, n.row, n.from))
        .collect()
}

#[test]
fn sources_are_left_of_tags_and_those_of_followers() {
    let links = [
        follow("latest", "2"),
        external("2"),
        external("3"),
        follow("edge", "2"),
    ];
    let expected = vec![
        ("quay.io/ruby".into(), 0, 0, None),
        ("2".into(), 1, 0, Some((0, Edge::Sound))),
        ("edge".into(), 2, 0, Some((1, Edge::Sound))),
        ("latest".into(), 2, 1, Some((1, Edge::Sound))),
        ("3".into(), 1, 2, Some((0, Edge::Sound))),
    ];
    assert_eq!(drawn(&layout(&links, 500)), expected);
}

#[test]
fn a_circle_is_opened_at_its_first_tag_and_marked_all_around() {
    let links = [follow("a", "b"), follow("b", "a"), follow("c", "b")];
    let expected = vec![
        ("a".into(), 0, 0, Some((1, Edge::Cyclic))),
        ("b".into(), 1, 0, Some((0, Edge::Cyclic))),
        ("c".into(), 2, 0, Some((1, Edge::Sound))),
    ];
    assert_eq!(drawn(&layout(&links, 500)), expected);
    let own = drawn(&layout(&[follow("a", "a")], 500));
    assert_eq!(own, [("a".into(), 0, 0, Some((0, Edge::Cyclic)))]);
}

#[test]
fn what_is_followed_and_not_there_is_drawn_with_a_broken_edge() {
    let gone = Link {
        broken: true,
        ..follow("a", "gone")
    };
    let expected = vec![
        ("gone".into(), 0, 0, None),
        ("a".into(), 1, 0, Some((0, Edge::Broken))),
    ];
    assert_eq!(drawn(&layout(&[gone], 500)), expected);
}

#[test]
fn what_is_too_much_is_counted() {
    let links: Vec<_> = (0..9).map(|n| external(&n.to_string())).collect();
    let layout = layout(&links, 4);
    assert_eq!((layout.nodes.len(), layout.left_out), (4, 6));
}
