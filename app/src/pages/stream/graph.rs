//! Which tags follow which: a picture, and the same as a table.

mod draw;
mod layout;

use leptos::prelude::*;
use model::{
    StreamRef,
    graph::{Follow, Followed, Graph},
    tag::TagAt,
};

use super::{may_write, stream_head};
use crate::{
    components::{
        Button, Empty, FilterChips, LinkButton, Policy, alert, badge, policy_badge, reference,
    },
    islands::LivePage,
    pages::{banner, page},
    routes,
};

/// The alias graph of a stream.
#[component]
pub fn StreamGraphPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let view = call.engine.stream(&call.actor, &stream).await?;
        let text = asked.query("text");
        let graph = call.engine.graph(&call.actor, &stream, &text).await?;
        let here = routes::graph(&stream);
        let chips = if text.is_empty() {
            Vec::new()
        } else {
            vec![(format!("Tag contains {text}"), here.clone())]
        };
        let body = if !graph.follows.is_empty() {
            view! {
                {graph.more.then(more)}
                <p class="hint">"An arrow leads from a tag to each tag that follows it. What tags of other streams follow among themselves is on their own graphs."</p>
                {draw::picture(&stream, &graph)}
                {table(&stream, &graph)}
            }
            .into_any()
        } else if text.is_empty() {
            let why = format!(
                "No tag of {stream} follows another or is followed. A tag follows when Follow is chosen as it is set."
            );
            let set = may_write(&asked, &stream).then(|| {
                view! { <LinkButton href=routes::tag_form(&stream)>"Set a tag"</LinkButton> }
            });
            view! { <Empty title="Nothing follows" why=why icon_name="follow">{set}</Empty> }
                .into_any()
        } else {
            let why = format!(
                "No tag of {stream} that contains \u{201c}{text}\u{201d} follows or is followed."
            );
            let all = here.clone();
            view! {
                <Empty title="No tag fits the filter" why=why>
                    <LinkButton href=all>"Clear the filter"</LinkButton>
                </Empty>
            }
            .into_any()
        };
        let filter = (!text.is_empty() || !graph.follows.is_empty()).then(|| {
            view! {
                <form class="filters" method="get" action=here.clone()>
                    <label>"Tag contains " <input type="search" name="text" value=text/></label>
                    <Button>"Filter"</Button>
                </form>
                <FilterChips chips=chips clear=here/>
            }
        });
        Ok(view! {
            {stream_head(&view, &asked, "Graph")}
            {banner(&asked)}
            {filter}
            {body}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}

fn more() -> AnyView {
    let text = format!(
        "These are the first {} follows; the others are left out. Narrow the graph by a part of the tag's name to see them.",
        Graph::LIMIT
    );
    alert("info", view! { <p>{text}</p> }.into_any())
}

/// The picture's twin.
fn table(stream: &StreamRef, graph: &Graph) -> AnyView {
    let rows = graph
        .follows
        .iter()
        .map(|follow| row(stream, graph, follow))
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Follows"</caption>
            <thead><tr>
                <th scope="col">"Tag"</th><th scope="col">"Follows"</th><th scope="col">"Which imports"</th><th scope="col">"State"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(stream: &StreamRef, graph: &Graph, follow: &Follow) -> AnyView {
    let link = |at: &TagAt| {
        view! { <a href=routes::tag(&at.stream, &at.tag)>{name(stream, at)}</a> }.into_any()
    };
    let (followed, imports, missing) = match &follow.is {
        Followed::Missing => {
            let missing = badge("bad", "fail", "Source missing");
            (name(stream, &follow.followed), None, Some(missing))
        }
        Followed::Imported(from) => (
            link(&follow.followed),
            Some(reference(from).into_any()),
            None,
        ),
        Followed::Here => (link(&follow.followed), None, None),
    };
    let held = follow.held.then(|| policy_badge(Policy::Held));
    let circle = graph
        .in_circle(follow)
        .then(|| badge("bad", "fail", "Circle"));
    let state = (held.is_some() || missing.is_some() || circle.is_some())
        .then(|| view! { <span class="badges">{held}{missing}{circle}</span> });
    view! {
        <tr>
            <th scope="row">{link(&follow.follower)}</th>
            <td data-label="Follows">{followed}</td>
            <td data-label="Which imports">{imports}</td>
            <td data-label="State">{state}</td>
        </tr>
    }
    .into_any()
}

/// A tag, with its stream if that is another.
fn name(stream: &StreamRef, at: &TagAt) -> AnyView {
    let of = (at.stream != *stream)
        .then(|| view! { <span class="muted">{format!("{}:", at.stream)}</span> });
    view! { <span>{of}{at.tag.to_string()}</span> }.into_any()
}
