//! One stream: its tags, and its imports.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    StreamRef, TagSource,
    job::{JobState, thousands},
    stream::StreamView,
    tag::TagRow,
};

use super::{Asked, banner, below, empty, head, job::jobs_table, page, tabs};
use crate::{
    components::{Csrf, alert, badge, digest, escape, pager, reference, size, tag_badge, time},
    islands::RowSelection,
    routes,
};

/// A stream's tags.
#[component]
pub fn StreamPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let view = call.engine.stream(&call.actor, &stream).await?;
        let text = asked.query("text");
        let request = asked.page()?;
        let tags = call
            .engine
            .list_tags(&call.actor, &stream, &text, &request)
            .await?;
        let base = format!(
            "{}?text={}&size={}&",
            routes::stream(&stream),
            escape(&text),
            request.size
        );
        let table = if tags.items.is_empty() && text.is_empty() {
            empty(
                "No tags yet",
                "Tags come with an import, or by tagging an image that is here.".into(),
                view! { <a class="button primary" href=routes::import(&stream)>"Import"</a> }
                    .into_any(),
            )
        } else if tags.items.is_empty() {
            empty(
                "No tag fits the filter",
                format!("No tag of {stream} contains \u{201c}{text}\u{201d}."),
                view! { <a class="button" href=routes::stream(&stream)>"Clear the filter"</a> }
                    .into_any(),
            )
        } else {
            view! {
                {tag_table(&stream, &tags.items, &asked)}
                {pager(&base, tags.previous.as_ref(), tags.next.as_ref(), ["Previous", "Next"])}
            }
            .into_any()
        };
        Ok(view! {
            {stream_head(&view, asked.now, "Tags")}
            {banner(&asked)}
            {notices(&view, &asked.csrf)}
            <form class="filters" method="get" action=routes::stream(&stream)>
                <label>"Tag contains " <input type="search" name="text" value=text.clone()/></label>
                <button class="button">"Filter"</button>
                {(!text.is_empty()).then(|| view! { <a href=routes::stream(&stream)>"Clear"</a> })}
            </form>
            {table}
        }
        .into_any())
    })
}

/// A stream's imports.
#[component]
pub fn StreamJobsPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let view = call.engine.stream(&call.actor, &stream).await?;
        let jobs = call
            .engine
            .list_jobs(&call.actor, Some(&stream), &asked.page()?)
            .await?;
        let base = format!("{}?", routes::stream_jobs(&stream));
        let table = if jobs.items.is_empty() {
            empty(
                "No imports yet",
                "Nothing was ever imported into this stream.".into(),
                ().into_any(),
            )
        } else {
            jobs_table(&jobs.items, asked.now, false)
        };
        Ok(view! {
            {stream_head(&view, asked.now, "Imports")}
            {table}
            {pager(&base, jobs.previous.as_ref(), jobs.next.as_ref(), ["Newer", "Older"])}
        }
        .into_any())
    })
}

fn stream_head(view: &StreamView, now: DateTime<Utc>, tab: &'static str) -> AnyView {
    let stream = &view.row.stream;
    let facts = view! {
        {view.row.source.as_ref().map(|source| view! { <span>"from " {reference(source)}</span> })}
        <span>{format!("{} {}", thousands(view.row.tags), if view.row.tags == 1 { "tag" } else { "tags" })}</span>
        <span>{format!("generation {}", view.generation)}</span>
        <span>"changed " {time(view.row.changed_at, now)}</span>
        {view.row.insecure.then(|| badge("warn", "warn", "Insecure"))}
    };
    let actions = view! {
        <a class="button primary" href=routes::tag_form(stream)>"Tag"</a>
        <a class="button" href=routes::import(stream)>"Import"</a>
        <details class="menu">
            <summary aria-label="More actions">"…"</summary>
            <div class="menu-body"><a href=routes::delete_stream(stream)>"Delete the stream…"</a></div>
        </details>
    };
    let mut crumbs = below(stream);
    crumbs.truncate(2);
    let all = vec![
        ("Tags", routes::stream(stream)),
        ("Imports", routes::stream_jobs(stream)),
    ];
    view! { {head(crumbs, stream.name.to_string(), facts.into_any(), actions.into_any())} {tabs(all, tab)} }.into_any()
}

/// An import under way, tags left out, tags that failed.
fn notices(view: &StreamView, csrf: &str) -> AnyView {
    let stream = view.row.stream.clone();
    let running = match (&view.last_job, view.row.import) {
        (Some(job), Some(JobState::Queued | JobState::Running)) => {
            let href = routes::job(job);
            Some(alert(
                "info",
                view! { <p>"An import is under way. " <a href=href>"Watch it"</a></p> }.into_any(),
            ))
        }
        _ => None,
    };
    let waiting = (view.left_out > 0).then(|| {
        let inner = view! {
            <form method="post" action="/api/fn/imports/rest" class="inline">
                <Csrf token=csrf.to_owned()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <p>{format!("The limit left out {} tags of the repository.", thousands(view.left_out))}</p>
                <button class="button">{format!("Import the remaining {}", thousands(view.left_out))}</button>
            </form>
        };
        alert("info", inner.into_any())
    });
    let failed = (view.row.failed > 0).then(|| {
        alert("bad", view! { <p>{format!("{} of {} tags failed to import last time; they keep the image they had.", thousands(view.row.failed), thousands(view.row.tags))}</p> }.into_any())
    });
    view! { {running} {waiting} {failed} }.into_any()
}

fn tag_table(stream: &StreamRef, tags: &[TagRow], asked: &Asked) -> AnyView {
    let rows = tags
        .iter()
        .map(|tag| tag_row(stream, tag, asked.now))
        .collect_view();
    view! {
        // The token is on the button that writes: the other one looks only, and its address must not carry it.
        <form id="tags" method="get" action=routes::delete_tags(stream)>
            <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
            <input type="hidden" name="name" value=stream.name.to_string()/>
            <table class="data">
                <caption class="visually-hidden">"Tags"</caption>
                <thead><tr>
                    <th scope="col">"Tag"</th><th scope="col">"From"</th><th scope="col">"Image"</th>
                    <th scope="col">"Platform"</th><th scope="col" class="number">"Size"</th><th scope="col">"Updated"</th>
                    <th scope="col" class="number">"Revisions"</th><th scope="col">"State"</th>
                    <th scope="col"><span class="visually-hidden">"Select"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <div class="selection-bar">
                <RowSelection name="tag[]".to_owned() form="tags".to_owned()/>
                <button class="button" name="csrf" value=asked.csrf.clone() formmethod="post" formaction="/api/fn/imports/again">"Import again"</button>
                <button class="button danger">"Delete…"</button>
            </div>
        </form>
    }
    .into_any()
}

fn tag_row(stream: &StreamRef, tag: &TagRow, now: DateTime<Utc>) -> AnyView {
    let insecure = tag.spec.as_ref().is_some_and(|spec| spec.insecure);
    let failure = tag.condition.as_ref().map(|condition| {
        view! { <p class="row-error">{condition.message.clone()}</p> }
    });
    let name = tag.name.to_string();
    view! {
        <tr>
            <th scope="row"><a href=routes::tag(stream, &tag.name)>{name.clone()}</a></th>
            <td data-label="From">{source(stream, tag.spec.as_ref().map(|spec| &spec.source))}</td>
            <td data-label="Image">{tag.head.as_ref().map(|head| digest(&head.digest).into_any())}</td>
            <td data-label="Platform">{tag.platform.clone()}</td>
            <td data-label="Size" class="number">{tag.size.map(size)}</td>
            <td data-label="Updated">{tag.head.as_ref().map(|head| time(head.created_at, now).into_any())}</td>
            <td data-label="Revisions" class="number"><a href=routes::history(stream, &tag.name)>{tag.head.as_ref().map_or(0, |head| head.number)}</a></td>
            <td data-label="State">{tag_badge(tag)} {insecure.then(|| badge("warn", "warn", "Insecure"))} {failure}</td>
            <td class="tick"><input type="checkbox" name="tag[]" value=name.clone() aria-label=format!("Select {name}")/></td>
        </tr>
    }
    .into_any()
}

/// Where a tag's image comes from.
pub(super) fn source(stream: &StreamRef, source: Option<&TagSource>) -> AnyView {
    match source {
        None => view! { <span class="muted">"no spec"</span> }.into_any(),
        Some(TagSource::External { reference: from }) => reference(from).into_any(),
        Some(TagSource::Follow { tag }) => {
            let href = routes::tag(stream, tag);
            view! { <span class="nowrap">"follows " <a href=href>{tag.to_string()}</a></span> }
                .into_any()
        }
        Some(TagSource::Fixed { digest }) => {
            let href = routes::image(stream, digest);
            view! { <span class="nowrap">"fixed to " <a href=href><code>{digest.short().to_owned()}</code></a></span> }.into_any()
        }
    }
}
