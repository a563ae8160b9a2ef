//! The table of a stream's tags: the heart of its page.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    Reference, StreamRef, TagSource, job::thousands, policy::ReferencePolicy, stream::StreamView,
    tag::TagRow,
};

use super::{Asked, image_link};
use crate::{
    components::{
        Button, Policy, SelectionBar, policy_badge, reference, relative_time, size, tag_badge, time,
    },
    islands::SelectAll,
    routes,
};

/// The tags of one page. With `may`, rows can be ticked and something done with them.
pub(super) fn tag_table(view: &StreamView, tags: &[TagRow], asked: &Asked, may: bool) -> AnyView {
    let stream = &view.row.stream;
    let rows = tags
        .iter()
        .map(|tag| tag_row(view, tag, asked.now, may))
        .collect_view();
    let table = view! {
        <table class="data">
            <caption class="visually-hidden">"Tags"</caption>
            <thead><tr>
                <th scope="col">"Tag"</th><th scope="col">"From"</th><th scope="col">"Digest"</th>
                <th scope="col" class="wide">"Platforms"</th><th scope="col" class="number middle">"Size"</th><th scope="col">"Updated"</th>
                <th scope="col" class="number middle">"Revisions"</th><th scope="col">"State"</th><th scope="col">"Policy"</th>
                {may.then(|| view! {
                    <th scope="col" class="tick"><span class="visually-hidden">"Select"</span><SelectAll name="tag[]".to_owned() form="tags".to_owned()/></th>
                })}
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    };
    if !may {
        return table.into_any();
    }
    let (csrf, policies) = (asked.csrf.clone(), routes::policies(stream));
    view! {
        // The token is on the button that writes: the other one looks only, and its address must not carry it.
        <form id="tags" method="get" action=routes::delete_tags(stream)>
            <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
            <input type="hidden" name="name" value=stream.name.to_string()/>
            {table}
            <SelectionBar form="tags" name="tag[]">
                <button class="button" name="csrf" value=csrf formmethod="post" formaction="/api/fn/imports/again">"Import again"</button>
                <button class="button" formaction=policies>"Policies…"</button>
                <Button kind="danger">"Delete…"</Button>
            </SelectionBar>
        </form>
    }
    .into_any()
}

fn tag_row(view: &StreamView, tag: &TagRow, now: DateTime<Utc>, may: bool) -> AnyView {
    let stream = &view.row.stream;
    let head = tag.head.as_ref();
    let policies = policies(stream, tag, now);
    let failure = tag
        .condition
        .as_ref()
        .map(|condition| view! { <p class="row-error one-line" title=condition.message.clone()>{condition.message.clone()}</p> });
    let from = tag.spec.as_ref().map(|spec| &spec.source);
    let from = own(from, view.row.source.as_ref()).unwrap_or_else(|| source(stream, from));
    let revisions = head.map(|head| {
        view! { <a href=routes::history(stream, &tag.name)>{thousands(head.number)}</a> }
    });
    let name = tag.name.to_string();
    // A long name may break, a usual one not.
    let short = (name.len() <= 24).then_some("nowrap");
    let tick = may.then(|| {
        let label = format!("Select {name}");
        view! { <td class="tick"><input type="checkbox" name="tag[]" value=name.clone() aria-label=label/></td> }
    });
    view! {
        <tr id=format!("t-{name}")>
            <th scope="row"><a class=short href=routes::tag(stream, &tag.name)>{name.clone()}</a></th>
            <td data-label="From">{from}</td>
            <td data-label="Digest">{head.map(|head| image_link(stream, &head.digest))}</td>
            <td data-label="Platforms" class="wide">{tag.platform.clone()}</td>
            <td data-label="Size" class="number nowrap middle">{tag.size.filter(|bytes| *bytes > 0).map(size)}</td>
            <td data-label="Updated">{head.map(|head| time(head.created_at, now).into_any())}</td>
            <td data-label="Revisions" class="number middle">{revisions}</td>
            <td data-label="State"><div>{tag_badge(tag)} {failure}</div></td>
            <td data-label="Policy">{policies}</td>
            {tick}
        </tr>
    }
    .into_any()
}

/// What of a tag's policies is not as usual.
fn policies(stream: &StreamRef, tag: &TagRow, now: DateTime<Utc>) -> Option<AnyView> {
    let spec = tag.spec.as_ref()?;
    let mut all = Vec::new();
    if spec.insecure {
        let why = format!("{}#connection", routes::tag(stream, &tag.name));
        all.push(policy_badge(Policy::Insecure { why }));
    }
    if spec.reference_policy == ReferencePolicy::Local {
        all.push(policy_badge(Policy::Local));
    }
    if let Some(due) = tag.checks.due {
        let due = relative_time(due, now);
        all.push(policy_badge(Policy::Scheduled { due }));
    }
    (!all.is_empty()).then(|| view! { <span class="badges">{all}</span> }.into_any())
}

/// A tag of the stream's own repository: its name there says all.
fn own(source: Option<&TagSource>, of: Option<&Reference>) -> Option<AnyView> {
    let Some(TagSource::External { reference, .. }) = source else {
        return None;
    };
    let tag = reference.tag().filter(|_| reference.digest().is_none())?;
    (of? == &reference.without_tag()).then(|| {
        let whole = format!("imports {reference}");
        view! { <code class="reference" title=whole><span class="target">{format!(":{tag}")}</span></code> }
            .into_any()
    })
}

/// Where a tag's image comes from: it imports, follows, is fixed, or nothing says.
pub(in crate::pages) fn source(stream: &StreamRef, source: Option<&TagSource>) -> AnyView {
    match source {
        None => view! { <span class="muted">"pushed here"</span> }.into_any(),
        Some(TagSource::External {
            reference: from, ..
        }) => view! { <span class="one-line">"imports "{reference(from)}</span> }.into_any(),
        Some(TagSource::Reference {
            reference: noted, ..
        }) => view! { <span class="one-line">"notes "{reference(noted)}</span> }.into_any(),
        Some(TagSource::Pushed) => view! { <span class="muted">"is pushed to"</span> }.into_any(),
        Some(TagSource::Follow { stream: other, tag }) => {
            let href = routes::tag(other.as_ref().unwrap_or(stream), tag);
            let of = other
                .as_ref()
                .map(|other| format!("{other}:"))
                .unwrap_or_default();
            view! { <span class="one-line">"follows " <a href=href>{of}{tag.to_string()}</a></span> }.into_any()
        }
        Some(TagSource::Fixed { digest, .. }) => {
            let href = routes::image(stream, digest);
            let whole = digest.to_string();
            view! {
                <span class="nowrap">"fixed to " <a href=href title=whole><code>{digest.short().to_owned()}</code></a></span>
            }
            .into_any()
        }
    }
}
