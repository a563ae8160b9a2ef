//! Imports: the list, and one with its progress and what came of each tag.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    StreamRef,
    job::{ItemState, JobItem, JobView, thousands},
};

use super::{banner, empty, head, page};
use crate::{
    components::{Csrf, alert, badge, job_badge, pager, reference, time},
    islands::{LiveProgress, Snapshot},
    routes,
};

/// All imports, newest first.
#[component]
pub fn JobsPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let jobs = call
            .engine
            .list_jobs(&call.actor, None, &asked.page()?)
            .await?;
        let body = if jobs.items.is_empty() {
            empty(
                "No imports yet",
                "An import reads tags and metadata of a repository into a stream.".into(),
                view! { <a class="button primary" href=routes::NEW_STREAM>"Import a repository"</a> }.into_any(),
            )
        } else {
            jobs_table(&jobs.items, asked.now, true)
        };
        let base = format!("{}?", routes::JOBS);
        Ok(view! {
            {head(Vec::new(), "Imports".into(), ().into_any(), ().into_any())}
            {body}
            {pager(&base, jobs.previous.as_ref(), jobs.next.as_ref(), ["Newer", "Older"])}
        }
        .into_any())
    })
}

/// A table of imports; with the stream they are for when it is not clear.
pub(super) fn jobs_table(jobs: &[JobView], now: DateTime<Utc>, with_stream: bool) -> AnyView {
    if jobs.is_empty() {
        return view! { <p class="muted">"None yet."</p> }.into_any();
    }
    let rows = jobs
        .iter()
        .map(|job| {
            let stream = with_stream.then(|| {
                let href = routes::stream(&job.stream);
                view! { <td data-label="Stream"><a href=href>{job.stream.to_string()}</a></td> }
            });
            view! {
                <tr>
                    <th scope="row"><a href=routes::job(&job.id)>{time(job.created_at, now)}</a></th>
                    {stream}
                    <td data-label="Source">{reference(&job.source)}</td>
                    <td data-label="State">{job_badge(job.state)}</td>
                    <td data-label="Tags">{tags_line(job)}</td>
                    <td data-label="Took" class="number">{took(job, now)}</td>
                    <td data-label="By">{job.actor.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Imports"</caption>
            <thead><tr>
                <th scope="col">"Asked for"</th>{with_stream.then(|| view! { <th scope="col">"Stream"</th> })}
                <th scope="col">"Source"</th><th scope="col">"State"</th><th scope="col">"Tags"</th>
                <th scope="col" class="number">"Took"</th><th scope="col">"By"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn tags_line(job: &JobView) -> String {
    let p = job.progress;
    let mut parts = vec![format!("{} of {}", thousands(p.done), thousands(p.total))];
    for (n, word) in [
        (p.unchanged, "unchanged"),
        (p.failed, "failed"),
        (p.left_out, "left out"),
    ] {
        if n > 0 {
            parts.push(format!("{} {word}", thousands(n)));
        }
    }
    parts.join(" · ")
}

fn took(job: &JobView, now: DateTime<Utc>) -> String {
    let Some(started) = job.started_at else {
        return "—".to_owned();
    };
    let millis = (job.finished_at.unwrap_or(now) - started)
        .num_milliseconds()
        .max(0);
    if millis < 10_000 {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    } else {
        format!("{} s", thousands(millis / 1000))
    }
}

/// One import.
#[component]
pub fn JobPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let job = call.engine.job(&call.actor, &asked.id()).await?;
        let only = ItemState::from_word(&asked.query("state"));
        let items = call
            .engine
            .job_items(&call.actor, &job.id, only, &asked.page()?)
            .await?;
        let ended = job.state.is_final();
        let start = Snapshot {
            state: job.state.as_str().to_owned(),
            text: job.summary(asked.now),
            done: job.progress.done,
            failed: job.progress.failed,
            total: job.progress.total,
        };
        let here = routes::job(&job.id);
        let facts = view! {
            {job_badge(job.state)}
            <span>"from " {reference(&job.source)}</span>
            <span>"asked for " {time(job.created_at, asked.now)} {format!(" by {}", job.actor)}</span>
            {(job.attempts > 1).then(|| view! { <span>{format!("taken up {} times", job.attempts)}</span> })}
        };
        let actions = if ended {
            view! { <a class="button primary" href=routes::stream(&job.stream)>"Open the stream"</a> }.into_any()
        } else {
            view! {
                <form method="post" action="/api/fn/imports/cancel" class="inline">
                    <Csrf token=asked.csrf.clone()/>
                    <input type="hidden" name="id" value=job.id.clone()/>
                    <button class="button danger">"Cancel"</button>
                </form>
            }
            .into_any()
        };
        let error = (!job.error.is_empty()).then(|| {
            let inner = view! {
                <p><strong>"The import failed. The stream keeps what it had."</strong></p>
                <pre class="well">{job.error.clone()}</pre>
                {(!job.hint.is_empty()).then(|| view! { <p>{job.hint.clone()}</p> })}
            };
            alert("bad", inner.into_any())
        });
        let filter = |state: &'static str, word: &'static str| {
            let current = asked.query("state") == state;
            let href = if state.is_empty() {
                here.clone()
            } else {
                format!("{here}?state={state}")
            };
            view! { <li><a href=href aria-current=current.then_some("page")>{word}</a></li> }
        };
        let base = match only {
            Some(state) => format!("{here}?state={}&", state.as_str()),
            None => format!("{here}?"),
        };
        let crumbs = vec![
            ("Imports".to_owned(), routes::JOBS.to_owned()),
            (job.stream.to_string(), routes::stream(&job.stream)),
        ];
        Ok(view! {
            // Without scripts the page looks again by itself.
            {(!ended).then(|| view! { <noscript><meta http-equiv="refresh" content="2"/></noscript> })}
            {head(crumbs, format!("Import into {}", job.stream.name), facts.into_any(), actions)}
            {banner(&asked)}
            <LiveProgress id=job.id.clone() start=start/>
            {error}
            <nav aria-label="Tags by result"><ul class="tabs">
                {filter("", "All")}{filter("failed", "Failed")}{filter("left-out", "Left out")}
            </ul></nav>
            {items_table(&job.stream, &items.items, asked.now)}
            {pager(&base, items.previous.as_ref(), items.next.as_ref(), ["Previous", "Next"])}
        }
        .into_any())
    })
}

fn items_table(stream: &StreamRef, items: &[JobItem], now: DateTime<Utc>) -> AnyView {
    if items.is_empty() {
        return view! { <p class="muted">"No tags here yet."</p> }.into_any();
    }
    let rows = items
        .iter()
        .map(|item| {
            let there = matches!(item.state, ItemState::Imported | ItemState::Unchanged | ItemState::Failed);
            let name = item.tag.to_string();
            let name = if there {
                view! { <a href=routes::tag(stream, &item.tag)>{name}</a> }.into_any()
            } else {
                view! { <code>{name}</code> }.into_any()
            };
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td data-label="Result">{item_badge(item.state)}</td>
                    <td data-label="Image">{item.digest.as_ref().map(|digest| { let href = routes::image(stream, digest); view! { <a href=href><code>{digest.short().to_owned()}</code></a> } })}</td>
                    <td data-label="When">{item.at.map(|at| time(at, now).into_any())}</td>
                    <td data-label="Message">{(!item.message.is_empty()).then(|| view! { <code class="row-error">{item.message.clone()}</code> })}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Tags"</caption>
            <thead><tr><th scope="col">"Tag"</th><th scope="col">"Result"</th><th scope="col">"Image"</th><th scope="col">"When"</th><th scope="col">"Message"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn item_badge(state: ItemState) -> AnyView {
    match state {
        ItemState::Pending => badge("info", "wait", "Pending").into_any(),
        ItemState::Imported => badge("ok", "ok", "Imported").into_any(),
        ItemState::Unchanged => badge("quiet", "ok", "Unchanged").into_any(),
        ItemState::Failed => badge("bad", "fail", "Failed").into_any(),
        ItemState::LeftOut => badge("quiet", "stop", "Left out").into_any(),
        ItemState::Cancelled => badge("quiet", "stop", "Cancelled").into_any(),
    }
}
