//! The picture of an alias graph: SVG in the colours of the theme. The table below it is its twin.

use leptos::prelude::*;
use model::{StreamRef, graph::Graph};

use super::layout::{Line, Node, Placed, layout};
use crate::routes;

/// A node's box, and the room around it.
const WIDTH: usize = 184;
const HEIGHT: usize = 40;
const COLUMN: usize = 248;
const ROW: usize = 52;
/// Letters that fit into a box.
const LETTERS: usize = 22;

/// The picture. It is as wide as it has to be and scrolls in its own place.
pub(super) fn picture(stream: &StreamRef, graph: &Graph) -> AnyView {
    let layout = layout(graph);
    let width = (layout.columns * COLUMN + WIDTH).saturating_sub(COLUMN) + 4;
    let height = (layout.rows * ROW + HEIGHT).saturating_sub(ROW) + 4;
    let lines = layout.lines.iter().filter_map(|line| {
        let from = layout.nodes.get(line.from)?;
        let to = layout.nodes.get(line.to)?;
        Some(arrow(line, from, to))
    });
    let lines = lines.collect_view();
    let nodes = layout
        .nodes
        .iter()
        .map(|placed| node(stream, placed))
        .collect_view();
    view! {
        // A keyboard scrolls what it can reach; what is in it is read from the table.
        <div class="graph" tabindex="0" role="region" aria-label="Picture of the graph">
            <svg width=width.to_string() height=height.to_string() viewBox=format!("0 0 {width} {height}") aria-hidden="true">
                {lines}
                {nodes}
            </svg>
        </div>
    }
    .into_any()
}

/// The left upper corner of a box.
fn corner(placed: &Placed) -> (usize, usize) {
    (placed.column * COLUMN + 2, placed.half_row * ROW / 2 + 2)
}

/// A line with its head; one that leads back (a circle) goes round.
fn arrow(line: &Line, from: &Placed, to: &Placed) -> AnyView {
    let ((x1, y1), (x2, y2)) = (corner(from), corner(to));
    let (x1, y1, y2) = (x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2);
    let bend = (COLUMN - WIDTH) / 2;
    // A head is 6 long; the line ends where it begins.
    let end = x2.saturating_sub(6);
    let path = format!(
        "M{x1} {y1}C{} {y1} {} {y2} {end} {y2}",
        x1 + bend,
        x2.saturating_sub(bend)
    );
    let head = format!(
        "M{end} {}L{x2} {y2}L{end} {}Z",
        y2.saturating_sub(4),
        y2 + 4
    );
    let class = match (line.marks.broken, line.marks.held) {
        (true, _) => "line broken",
        (false, true) => "line held",
        (false, false) => "line",
    };
    view! { <g class=class><path d=path/><path class="head" d=head/></g> }.into_any()
}

fn node(stream: &StreamRef, placed: &Placed) -> AnyView {
    let (x, y) = corner(placed);
    let (title, name, of, href) = match &placed.node {
        Node::Registry(reference) => {
            // The end of it says most.
            let at = reference.rfind('/').map_or(0, |at| at + 1);
            let (of, name) = reference.split_at(at);
            (
                reference.clone(),
                name.to_owned(),
                of.trim_end_matches('/').to_owned(),
                None,
            )
        }
        Node::Tag(at) => {
            let other = (at.stream != *stream).then(|| at.stream.to_string());
            let href = (!placed.marks.broken).then(|| routes::tag(&at.stream, &at.tag));
            (
                at.to_string(),
                at.tag.to_string(),
                other.unwrap_or_default(),
                href,
            )
        }
    };
    let state = match (placed.marks.broken, placed.marks.held) {
        (true, _) => "not there",
        (false, true) => "held",
        (false, false) => "",
    };
    let below = match (of.as_str(), state) {
        (of, "") => of.to_owned(),
        ("", state) => state.to_owned(),
        (of, state) => format!("{state} · {of}"),
    };
    let class = match (&placed.node, state) {
        (Node::Registry(_), _) => "node registry",
        (Node::Tag(_), "not there") => "node broken",
        (Node::Tag(_), "held") => "node held",
        (Node::Tag(_), _) => "node",
    };
    let (middle, left) = (y + HEIGHT / 2, x + 12);
    let first = if below.is_empty() {
        middle + 4
    } else {
        middle - 2
    };
    let shape = view! {
        <g class=class>
            <title>{title}</title>
            <rect x=x.to_string() y=y.to_string() width=WIDTH.to_string() height=HEIGHT.to_string() rx="6"/>
            <text x=left.to_string() y=first.to_string()>{short(&name)}</text>
            {(!below.is_empty()).then(|| view! { <text class="below" x=left.to_string() y=(middle + 13).to_string()>{short(&below)}</text> })}
        </g>
    };
    match href {
        Some(href) => view! { <a href=href tabindex="-1">{shape}</a> }.into_any(),
        None => shape.into_any(),
    }
}

/// As much of a text as fits; the whole is in the title.
fn short(text: &str) -> String {
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(LETTERS - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn long_names_are_cut_to_the_box() {
        assert_eq!(short("latest"), "latest");
        assert_eq!(short(&"ä".repeat(40)).chars().count(), super::LETTERS);
    }
}
