//! One import: how far it is, and what came of each tag. The list of imports is in [`list`].

mod items;
mod list;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    PageRequest, TagName,
    job::{ItemState, JobKind, JobState, JobView, thousands},
};

pub use self::list::JobsPage;
pub(super) use self::list::{by_state, jobs_table, nothing_fits};
use super::{
    Asked, banner, page,
    stream::{again, base, may_write},
};
use crate::{
    api::ApiError,
    components::{
        Button, Csrf, ErrorState, LinkButton, PageHead, alert, outcome_badge, pager, reference,
        time,
    },
    islands::{LiveProgress, Snapshot},
    routes,
};

/// One import.
#[component]
pub fn JobPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let job = call.engine.job(&call.actor, &asked.id()).await?;
        let only = ItemState::from_word(&asked.query("state"));
        let request = asked.page()?;
        let mut items = call
            .engine
            .job_items(&call.actor, &job.id, only, &request)
            .await?;
        // While it runs the newest results come first; in order they are there when it has ended.
        if !job.state.is_final() && only.is_none() && request.cursor.is_none() {
            let newest = call
                .engine
                .newest_job_items(&call.actor, &job.id, request.size)
                .await?;
            if !newest.is_empty() {
                items.items = newest;
                items.next = None;
            }
        }
        let failed = failed_tags(&asked, &job).await?;
        let here = routes::job(&job.id);
        let word = only.map_or("", ItemState::as_str);
        let base = base(&here, &[("state", word)], request.size);
        let crumbs = vec![
            ("Imports".to_owned(), routes::JOBS.to_owned()),
            (job.stream.to_string(), routes::stream(&job.stream)),
        ];
        let actions = actions(&job, &asked, &failed);
        // Without scripts the page looks again by itself.
        let look_again = (!job.state.is_final())
            .then(|| view! { <noscript><meta http-equiv="refresh" content="2"/></noscript> });
        Ok(view! {
            <PageHead title=title(&job) crumbs=crumbs facts=facts(&job, asked.now)>
                {actions}
            </PageHead>
            {banner(&asked)}
            <LiveProgress id=job.id.clone() start=snapshot(&job, asked.now)/>
            {retry(&job, asked.now)}
            {error(&job, &asked, &failed)}
            {(!job.note.is_empty()).then(|| alert("warn", view! { <p>{job.note.clone()}</p> }.into_any()))}
            {items::filters(&here, &job.progress, word)}
            {items::items_table(&job, &items.items, only, asked.now)}
            {pager(&base, items.previous.as_ref(), items.next.as_ref(), ["Previous", "Next"])}
            {look_again}
        }
        .into_any())
    })
}

fn title(job: &JobView) -> String {
    match job.kind {
        JobKind::Import | JobKind::Schedule => format!("Import into {}", job.stream.name),
        JobKind::Mirror => format!("Mirror of {}", job.stream.name),
    }
}

/// Tags that an ended import failed on, as many as one page lists, for those who may import them again.
async fn failed_tags(asked: &Asked, job: &JobView) -> Result<Vec<TagName>, ApiError> {
    let import = job.kind != JobKind::Mirror;
    if !import
        || !job.state.is_final()
        || job.progress.failed == 0
        || !may_write(asked, &job.stream)
    {
        return Ok(Vec::new());
    }
    let first = PageRequest {
        cursor: None,
        size: PageRequest::MAX,
    };
    let call = &asked.call;
    let items = call
        .engine
        .job_items(&call.actor, &job.id, Some(ItemState::Failed), &first)
        .await?;
    Ok(items.items.into_iter().map(|item| item.tag).collect())
}

fn snapshot(job: &JobView, now: DateTime<Utc>) -> Snapshot {
    Snapshot {
        state: job.state.as_str().to_owned(),
        text: job.summary(now),
        done: job.progress.done,
        failed: job.progress.failed,
        total: job.progress.total,
    }
}

fn facts(job: &JobView, now: DateTime<Utc>) -> AnyView {
    let by = if job.actor.is_empty() {
        String::new()
    } else {
        format!(" by {}", job.actor)
    };
    view! {
        <span>{outcome_badge(job)}</span>
        <span>"from " {reference(&job.source)}</span>
        {(!job.narrow.is_empty()).then(|| view! { <span>{format!("only {}", job.narrow)}</span> })}
        <span>"asked for " {time(job.created_at, now)} {by}</span>
        {job.finished_at.map(|at| view! { <span>"ended " {time(at, now)}</span> })}
        {job.started_at.filter(|_| job.state.is_final()).map(|_| view! { <span>{format!("took {}", list::took(job, now))}</span> })}
        {(job.attempts > 1).then(|| view! { <span>{format!("taken up {} times", thousands(job.attempts))}</span> })}
    }
    .into_any()
}

/// Cancel while it runs; after that the way to the stream, and another try for what failed.
fn actions(job: &JobView, asked: &Asked, failed: &[TagName]) -> AnyView {
    let may = may_write(asked, &job.stream);
    if !job.state.is_final() {
        return (may && !job.cancelling)
            .then(|| {
                view! {
                    <form method="post" action="/api/fn/imports/cancel" class="inline">
                        <Csrf token=asked.csrf.clone()/>
                        <input type="hidden" name="id" value=job.id.clone()/>
                        <Button kind="danger">"Cancel"</Button>
                    </form>
                }
            })
            .into_any();
    }
    let retry = (!failed.is_empty()).then(|| {
        let n = i64::try_from(failed.len()).unwrap_or(i64::MAX);
        let label = match n {
            1 => "Import the failed tag again".to_owned(),
            n if n < job.progress.failed => {
                format!("Import the first {} failed tags again", thousands(n))
            }
            n => format!("Import the {} failed tags again", thousands(n)),
        };
        again(&asked.csrf, &job.stream, failed, label)
    });
    view! {
        {retry}
        <LinkButton kind="primary" href=routes::stream(&job.stream)>"Open the stream"</LinkButton>
    }
    .into_any()
}

/// When the next try is due, if it waits for one.
fn retry(job: &JobView, now: DateTime<Utc>) -> AnyView {
    let Some(due) = job.next_try(now) else {
        return ().into_any();
    };
    let tries = match job.attempts {
        1 => "The first try".to_owned(),
        n => format!("Try {}", thousands(n)),
    };
    alert(
        "info",
        view! {
            <p>
                {format!("{tries} did not get through. The next one is due ")} {time(due, now)} "."
            </p>
        }
        .into_any(),
    )
}

/// Why the whole failed: the other side's words, and what to do.
fn error(job: &JobView, asked: &Asked, failed: &[TagName]) -> AnyView {
    if job.error.is_empty() {
        return ().into_any();
    }
    let title = if job.kind == JobKind::Mirror {
        "Not everything is stored. What was is served from here."
    } else if job.state.is_final() {
        "The import failed. The stream keeps what it had."
    } else {
        "The latest try failed. The stream keeps what it has."
    };
    let form = (job.kind != JobKind::Mirror
        && job.state == JobState::Failed
        && may_write(asked, &job.stream))
    .then(|| {
        // One tag may come from elsewhere than the rest of its stream: it says itself from where and how.
        if let (false, [tag]) = (job.all_tags, failed) {
            let href = routes::tag(&job.stream, tag);
            return view! { <LinkButton href=href>{format!("Open {tag}")}</LinkButton> }.into_any();
        }
        let source = job.source.to_string();
        let insecure = if job.insecure { "on" } else { "" };
        let fields = [("source", source.as_str()), ("insecure", insecure)];
        let href = routes::with_query(&routes::import(&job.stream), &fields);
        view! { <LinkButton href=href>"Change and import again"</LinkButton> }.into_any()
    });
    let when = (
        job.finished_at.or(job.started_at).unwrap_or(job.created_at),
        asked.now,
    );
    view! {
        <ErrorState title=title said=job.error.clone() hint=job.hint.clone() when=when attempt=job.attempts id=job.id.clone()>
            {form}
        </ErrorState>
    }
    .into_any()
}
