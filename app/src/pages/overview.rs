//! The overview: what needs attention, and what happened last.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    PageRequest,
    job::thousands,
    stream::{FailingTag, Overview},
};

use super::{
    Asked,
    job::jobs_table,
    page,
    stream::{again, may_write},
};
use crate::{
    components::{Empty, LinkButton, PageHead, exact_time, relative_time, size, time},
    islands::LivePage,
    routes,
};

const WHAT_A_STREAM_IS: &str = "A stream gives the images of a repository one name, keeps their history and follows \
                                the registry they come from. Begin by importing one.";

/// Failing tags that are listed.
const LISTED: i64 = 10;

/// The start page.
#[component]
pub fn OverviewPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let overview = call.engine.overview(&call.actor).await?;
        let jobs = call
            .engine
            .list_jobs(
                &call.actor,
                None,
                None,
                &PageRequest {
                    cursor: None,
                    size: 5,
                },
            )
            .await?;
        let more = call.engine.attention(&call.actor, LISTED).await?;
        let failed = routes::with_query(routes::STREAMS, &[("failed", "on")]);
        let figure = |n: i64, words: [&'static str; 2], href: &str, kind: &'static str| {
            let word = if n == 1 { words[0] } else { words[1] };
            let href = href.to_owned();
            let text = if n >= Overview::LIMIT {
                format!("{}+", thousands(Overview::LIMIT))
            } else {
                thousands(n)
            };
            let class = if n > 0 {
                format!("figure {kind}")
            } else {
                "figure".to_owned()
            };
            view! { <a class=class href=href><strong>{text}</strong><span>{word}</span></a> }
        };
        let may = asked.call.actor.may_write_anywhere().is_ok();
        let body = if overview.streams == 0 {
            let import = may.then(|| {
                view! { <LinkButton kind="primary" href=routes::NEW_STREAM>"Import a repository"</LinkButton> }
            });
            view! {
                <Empty title="No streams yet" why=WHAT_A_STREAM_IS icon_name="stream">
                    {import}
                </Empty>
            }
            .into_any()
        } else {
            view! {
                <section class="figures" aria-label="Figures">
                    {figure(overview.streams, ["stream", "streams"], routes::STREAMS, "")}
                    {figure(overview.failed_tags, ["tag failed to import", "tags failed to import"], &failed, "bad")}
                    {figure(overview.active_jobs, ["import under way", "imports under way"], routes::JOBS, "info")}
                    {figure(overview.insecure_streams, ["stream with insecure tags", "streams with insecure tags"], routes::POLICIES, "warn")}
                    {stored(more.stored)}
                    {due(more.next_due, asked.now)}
                </section>
                {attention(&more.tags, &asked, &failed)}
                <h2>"Newest imports"</h2>
                {jobs_table(&jobs.items, asked.now, true)}
                <p><a href=routes::JOBS>"All imports"</a></p>
            }
            .into_any()
        };
        // A new installation has one thing to do, and it is offered below.
        let action = (may && overview.streams > 0).then(|| {
            view! { <LinkButton kind="primary" href=routes::NEW_STREAM>"New stream"</LinkButton> }
        });
        Ok(view! { <PageHead title="Overview">{action}</PageHead> {body} <LivePage events=routes::events(None)/> }.into_any())
    })
}

/// Bytes stored in this registry.
fn stored(bytes: Option<i64>) -> Option<AnyView> {
    bytes.map(|bytes| {
        view! { <a class="figure" href=routes::STORAGE><strong>{size(bytes)}</strong><span>"stored here"</span></a> }
            .into_any()
    })
}

/// When the next scheduled import is due.
fn due(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<AnyView> {
    at.map(|at| {
        let text = if at <= now {
            "now".to_owned()
        } else {
            relative_time(at, now)
        };
        view! { <a class="figure" href=routes::JOBS title=exact_time(at)><strong>{text}</strong><span>"the next import is due"</span></a> }
            .into_any()
    })
}

/// Tags that fail, each with the way to try again.
fn attention(tags: &[FailingTag], asked: &Asked, all: &str) -> Option<AnyView> {
    if tags.is_empty() {
        return None;
    }
    let rows = tags
        .iter()
        .map(|one| {
            let name = format!("{}:{}", one.stream, one.tag);
            let href = routes::tag(&one.stream, &one.tag);
            let only = std::slice::from_ref(&one.tag);
            let retry = may_write(asked, &one.stream)
                .then(|| again(&asked.csrf, &one.stream, only, "Import again".to_owned()));
            view! {
                <tr>
                    <th scope="row"><a href=href>{name}</a></th>
                    <td data-label="Message"><p class="row-error" title=one.message.clone()>{one.message.clone()}</p></td>
                    <td data-label="Since">{time(one.since, asked.now)}</td>
                    <td class="number row-action">{retry}</td>
                </tr>
            }
        })
        .collect_view();
    let all = all.to_owned();
    Some(
        view! {
            <h2>"Needs attention"</h2>
            <table class="data attention">
                <caption class="visually-hidden">"Needs attention"</caption>
                <thead><tr>
                    <th scope="col">"Tag"</th><th scope="col">"Message"</th><th scope="col">"Since"</th>
                    <th scope="col"><span class="visually-hidden">"Action"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <p><a href=all>"All streams with failed tags"</a></p>
        }
        .into_any(),
    )
}
