//! One tag: what it should be, what it is, the image; and its history.

use leptos::prelude::*;
use model::{StreamRef, TagName, job::thousands, policy::Insecure, tag::TagView};

use super::{Asked, banner, below, head, image::image_sections, page, stream::source, tabs};
use crate::{
    components::{Csrf, alert, badge, digest, exact_time, icon, pager, tag_badge, time},
    routes,
};

/// A tag's page.
#[component]
pub fn TagPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        let call = &asked.call;
        let view = call.engine.tag(&call.actor, &stream, &tag).await?;
        let image = match &view.row.head {
            Some(head) => Some(
                call.engine
                    .image(&call.actor, &stream, &head.digest)
                    .await?,
            ),
            None => None,
        };
        let failed = view.row.condition.as_ref().map(|condition| {
            let inner = view! {
                <p><strong>"The latest import failed; the tag keeps what it had."</strong></p>
                <pre class="well">{condition.message.clone()}</pre>
                {(!condition.hint.is_empty()).then(|| view! { <p>{condition.hint.clone()}</p> })}
                <p class="muted">"First seen " {time(condition.since, asked.now)} {format!(" · {}", condition.reason.as_str())}</p>
            };
            alert("bad", inner.into_any())
        });
        let image = match image {
            Some(image) => image_sections(&stream, &image, asked.now),
            None => view! { <p class="muted">"This tag has no image yet."</p> }.into_any(),
        };
        Ok(view! {
            {tag_head(&stream, &view, &asked, "Tag")}
            {banner(&asked)}
            {failed}
            {spec_facts(&stream, &view)}
            {image}
        }
        .into_any())
    })
}

fn tag_head(stream: &StreamRef, view: &TagView, asked: &Asked, tab: &'static str) -> AnyView {
    let tag = &view.row.name;
    let facts = view! {
        {tag_badge(&view.row)}
        {view.row.head.as_ref().map(|head| view! {
            <span>{digest(&head.digest)}</span>
            <span>"since " {time(head.created_at, asked.now)}</span>
            <span>{format!("revision {}", thousands(head.number))}</span>
        })}
    };
    let external = view
        .row
        .spec
        .as_ref()
        .is_none_or(|spec| spec.source.kind() == "external");
    let again = external.then(|| {
        view! {
            <form method="post" action="/api/fn/imports/again" class="inline">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="tag[]" value=tag.to_string()/>
                <button class="button">"Import again"</button>
            </form>
        }
    });
    let from = format!("{}:{tag}", stream.name);
    let actions = view! {
        <a class="button primary" href=routes::tag_form_from(stream, &from)>"Tag this"</a>
        {again}
        <details class="menu">
            <summary aria-label="More actions">"…"</summary>
            <div class="menu-body"><a href=format!("{}?tag={tag}", routes::delete_tags(stream))>"Delete the tag…"</a></div>
        </details>
    };
    let all = vec![
        ("Tag", routes::tag(stream, tag)),
        ("History", routes::history(stream, tag)),
    ];
    view! {
        {head(below(stream), from, facts.into_any(), actions.into_any())}
        {tabs(all, tab)}
    }
    .into_any()
}

fn spec_facts(stream: &StreamRef, view: &TagView) -> AnyView {
    let followers = view
        .followers
        .iter()
        .map(|tag| {
            let href = routes::tag(stream, tag);
            view! { <a href=href>{tag.to_string()}</a> " " }
        })
        .collect_view();
    let connection = match view.insecure {
        Insecure::No => view! { "Verified HTTPS only" }.into_any(),
        Insecure::Stream => view! { {badge("warn", "warn", "Insecure")} " the whole stream is marked insecure" }.into_any(),
        Insecure::Tag => view! { {badge("warn", "warn", "Insecure")} " this tag may use unverified TLS or plain HTTP" }.into_any(),
    };
    view! {
        <dl class="kv">
            <div><dt>"From"</dt><dd>{source(stream, view.row.spec.as_ref().map(|spec| &spec.source))}</dd></div>
            {(!view.followers.is_empty()).then(|| view! { <div><dt>"Followed by"</dt><dd>{followers}</dd></div> })}
            <div><dt>"Connection"</dt><dd>{connection}</dd></div>
        </dl>
    }
    .into_any()
}

/// A tag's history.
#[component]
pub fn TagHistoryPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        let call = &asked.call;
        let view = call.engine.tag(&call.actor, &stream, &tag).await?;
        let revisions = call
            .engine
            .history(&call.actor, &stream, &tag, &asked.page()?)
            .await?;
        let head_number = view.row.head.as_ref().map_or(0, |head| head.number);
        let mut until = None;
        let rows = revisions
            .items
            .iter()
            .map(|revision| {
                let ended = until.replace(revision.created_at);
                let current = revision.number == head_number;
                let from = format!("{}@{}", stream.name, revision.digest);
                let href = routes::image(&stream, &revision.digest);
                view! {
                    <tr>
                        <th scope="row" class="number">{revision.number}</th>
                        <td data-label="Image"><a href=href><code>{revision.digest.short().to_owned()}</code></a> {current.then(|| badge("ok", "ok", "Current"))}</td>
                        <td data-label="Since">{time(revision.created_at, asked.now)}</td>
                        <td data-label="Until">{ended.map(|at| time(at, asked.now).into_any())}</td>
                        <td data-label="Cause">{revision.cause.as_str()} {revision.job_id.as_ref().map(|job| { let href = routes::job(job); view! { " " <a href=href>"import"</a> } })}</td>
                        <td data-label="By">{revision.actor.clone()}</td>
                        <td><a href=routes::tag_form_from(&stream, &from)>"Tag this"</a></td>
                    </tr>
                }
            })
            .collect_view();
        let base = format!("{}?", routes::history(&stream, &tag));
        Ok(view! {
            {tag_head(&stream, &view, &asked, "History")}
            {strip(&revisions.items)}
            <table class="data">
                <caption class="visually-hidden">"History"</caption>
                <thead><tr>
                    <th scope="col" class="number">"Revision"</th><th scope="col">"Image"</th><th scope="col">"Since"</th>
                    <th scope="col">"Until"</th><th scope="col">"Cause"</th><th scope="col">"By"</th>
                    <th scope="col"><span class="visually-hidden">"Action"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            {pager(&base, revisions.previous.as_ref(), revisions.next.as_ref(), ["Newer", "Older"])}
        }
        .into_any())
    })
}

/// The revisions of this page on an axis of time; the table below is its twin.
fn strip(revisions: &[model::Revision]) -> AnyView {
    let (Some(newest), Some(oldest)) = (revisions.first(), revisions.last()) else {
        return ().into_any();
    };
    let span = (newest.created_at - oldest.created_at)
        .num_milliseconds()
        .max(1);
    let marks = revisions
        .iter()
        .enumerate()
        .map(|(i, revision)| {
            let x = 10 + (revision.created_at - oldest.created_at).num_milliseconds() * 980 / span;
            let title = format!("Revision {}, {}", revision.number, exact_time(revision.created_at));
            view! { <circle cx=x cy="12" r="5" class=if i == 0 { "current" } else { "" }><title>{title}</title></circle> }
        })
        .collect_view();
    view! { <svg class="revisions" viewBox="0 0 1000 24" preserveAspectRatio="none" aria-hidden="true"><line x1="10" y1="12" x2="990" y2="12"/>{marks}</svg> }.into_any()
}

/// A link to a tag that looks like one.
pub(super) fn tag_link(stream: &StreamRef, tag: &TagName) -> AnyView {
    let href = routes::tag(stream, tag);
    view! { <a class="tag" href=href>{icon("follow").into_any()}{tag.to_string()}</a> }.into_any()
}
