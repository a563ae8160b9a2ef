//! Imports, newest first.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::job::{JobKind, JobState, JobView, thousands};

use crate::{
    components::{Empty, LinkButton, PageHead, outcome_badge, pager, reference, time},
    islands::LivePage,
    pages::{banner, by, page, stream::base},
    routes,
};

/// All imports.
#[component]
pub fn JobsPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let request = asked.page()?;
        let state = JobState::from_word(&asked.query("state"));
        let jobs = call
            .engine
            .list_jobs(&call.actor, None, state, &request)
            .await?;
        let body = if jobs.items.is_empty() && state.is_some() {
            nothing_fits(routes::JOBS)
        } else if jobs.items.is_empty() {
            view! {
                <Empty title="No imports yet" icon_name="import"
                    why="An import reads the tags of a repository, and what their images say of themselves, into a stream.">
                    <LinkButton kind="primary" href=routes::NEW_STREAM>"Import a repository"</LinkButton>
                </Empty>
            }
            .into_any()
        } else {
            jobs_table(&jobs.items, asked.now, true)
        };
        let word = state.map_or("", JobState::as_str);
        let base = base(routes::JOBS, &[("state", word)], request.size);
        Ok(view! {
            <PageHead title="Imports"/>
            {banner(&asked)}
            {by_state(routes::JOBS, state)}
            {body}
            {pager(&base, jobs.previous.as_ref(), jobs.next.as_ref(), ["Newer", "Older"])}
            <LivePage events=routes::events(None)/>
        }
        .into_any())
    })
}

/// Links that narrow a list of imports to those of one state.
pub(in crate::pages) fn by_state(here: &str, current: Option<JobState>) -> AnyView {
    const STATES: [(&str, Option<JobState>); 5] = [
        ("All", None),
        ("Running", Some(JobState::Running)),
        ("Failed", Some(JobState::Failed)),
        ("Succeeded", Some(JobState::Succeeded)),
        ("Cancelled", Some(JobState::Cancelled)),
    ];
    let chips = STATES
        .map(|(word, state)| {
            let href = routes::with_query(here, &[("state", state.map_or("", JobState::as_str))]);
            let here = (state == current).then_some("true");
            view! { <li><a class="chip" href=href aria-current=here>{word}</a></li> }
        })
        .collect_view();
    view! { <ul class="chips" aria-label="Imports by state">{chips}</ul> }.into_any()
}

/// No import is in the state asked for.
pub(in crate::pages) fn nothing_fits(all: &str) -> AnyView {
    let all = all.to_owned();
    view! {
        <Empty title="No import is in this state" why="Imports that wait are among all." icon_name="import">
            <LinkButton href=all>"Show all"</LinkButton>
        </Empty>
    }
    .into_any()
}

/// What an import is, in words: "Import of 50 tags", "Scheduled import of 1 tag", "Mirror of 2 tags".
pub(in crate::pages) fn what(job: &JobView) -> String {
    let kind = match job.kind {
        JobKind::Import => "Import",
        JobKind::Schedule => "Scheduled import",
        JobKind::Mirror => "Mirror",
    };
    match job.progress.total {
        0 => kind.to_owned(),
        1 => format!("{kind} of 1 tag"),
        n => format!("{kind} of {} tags", thousands(n)),
    }
}

/// A table of imports: of many streams, or of the one whose page it is on. The first column leads to the import.
pub(in crate::pages) fn jobs_table(
    jobs: &[JobView],
    now: DateTime<Utc>,
    with_stream: bool,
) -> AnyView {
    if jobs.is_empty() {
        return view! { <p class="muted">"None yet."</p> }.into_any();
    }
    let heads = if with_stream {
        view! {
            <th scope="col">"What"</th><th scope="col">"Stream"</th><th scope="col" class="wide">"Source"</th><th scope="col">"State"</th><th scope="col">"Progress"</th>
            <th scope="col">"Started"</th><th scope="col" class="number middle">"Duration"</th><th scope="col">"By"</th>
        }
        .into_any()
    } else {
        view! {
            <th scope="col">"What"</th><th scope="col">"Result"</th><th scope="col" class="number">"Imported"</th>
            <th scope="col" class="number">"Unchanged"</th><th scope="col" class="number">"Failed"</th>
            <th scope="col" class="number">"Left out"</th><th scope="col">"Started"</th><th scope="col" class="number middle">"Duration"</th><th scope="col">"By"</th>
        }
        .into_any()
    };
    let row = if with_stream { row_of_many } else { row_of_one };
    let rows = jobs.iter().map(|job| row(job, now)).collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Imports"</caption>
            <thead><tr>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row_of_many(job: &JobView, now: DateTime<Utc>) -> AnyView {
    let stream = &job.stream;
    view! {
        <tr id=format!("i-{}", job.id)>
            <th scope="row"><a href=routes::job(&job.id)>{what(job)}</a></th>
            <td data-label="Stream"><a href=routes::stream(stream)>{stream.to_string()}</a></td>
            <td data-label="Source" class="wide">{reference(&job.source)}</td>
            <td data-label="State">{outcome_badge(job)}</td>
            <td data-label="Progress"><div>{progress(job)} {trouble(job)}</div></td>
            <td data-label="Started">{time(started(job), now)}</td>
            <td data-label="Duration" class="number middle">{took(job, now)}</td>
            <td data-label="By">{by(&job.actor)}</td>
        </tr>
    }
    .into_any()
}

fn row_of_one(job: &JobView, now: DateTime<Utc>) -> AnyView {
    let p = job.progress;
    let imported = p.done - p.unchanged - p.failed;
    view! {
        <tr id=format!("i-{}", job.id)>
            <th scope="row"><a href=routes::job(&job.id)>{what(job)}</a></th>
            <td data-label="Result"><div>{outcome_badge(job)} {trouble(job)}</div></td>
            <td data-label="Imported" class="number">{thousands(imported.max(0))}</td>
            <td data-label="Unchanged" class="number">{thousands(p.unchanged)}</td>
            <td data-label="Failed" class="number">{thousands(p.failed)}</td>
            <td data-label="Left out" class="number">{thousands(p.left_out)}</td>
            <td data-label="Started">{time(started(job), now)}</td>
            <td data-label="Duration" class="number middle">{took(job, now)}</td>
            <td data-label="By">{by(&job.actor)}</td>
        </tr>
    }
    .into_any()
}

/// When a worker took it; when it was asked for, if none has yet.
fn started(job: &JobView) -> DateTime<Utc> {
    job.started_at.unwrap_or(job.created_at)
}

/// Why the whole failed, on its row.
fn trouble(job: &JobView) -> AnyView {
    (!job.error.is_empty())
        .then(|| view! { <p class="row-error one-line" title=job.error.clone()>{job.error.clone()}</p> })
        .into_any()
}

fn progress(job: &JobView) -> String {
    let p = job.progress;
    let mut parts = Vec::new();
    if p.total > 0 {
        let tags = if p.total == 1 { "tag" } else { "tags" };
        parts.push(format!(
            "{} of {} {tags}",
            thousands(p.done),
            thousands(p.total)
        ));
    }
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

/// How long it took, or has been at it.
pub(super) fn took(job: &JobView, now: DateTime<Utc>) -> String {
    let Some(started) = job.started_at else {
        return "—".to_owned();
    };
    let millis = (job.finished_at.unwrap_or(now) - started)
        .num_milliseconds()
        .max(0);
    duration(millis)
}

fn duration(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds {
        ..10 => format!("{seconds}.{} s", millis % 1000 / 100),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!(
            "{} h {} min",
            thousands(seconds / 3_600),
            seconds % 3_600 / 60
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_the_unit_that_fits() {
        for (millis, text) in [
            (0, "0.0 s"),
            (1_250, "1.2 s"),
            (59_999, "59 s"),
            (125_000, "2 min 5 s"),
            (7_260_000, "2 h 1 min"),
        ] {
            assert_eq!(duration(millis), text);
        }
    }
}
