//! What a stream's page says above the table: an import under way, tags that wait, tags that failed.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    job::{JobView, thousands},
    stream::StreamView,
};

use crate::{
    components::{Button, Csrf, alert, time},
    routes,
};

/// The banners, most pressing first. `csrf` is there for those who may import what the limit left out.
pub(super) fn notices(
    view: &StreamView,
    newest: Option<&JobView>,
    limit: Option<usize>,
    csrf: Option<&String>,
    now: DateTime<Utc>,
) -> AnyView {
    let under_way = newest.filter(|job| !job.state.is_final());
    let running = under_way.map(|job| {
        let href = routes::job(&job.id);
        match job.next_try(now) {
            Some(due) => alert(
                "warn",
                view! {
                    <p>
                        {format!("The tags of {} could not be listed. They are asked for again ", job.source.name())}
                        {time(due, now)} ". " <a href=href>"Watch or stop it"</a>
                    </p>
                    <p class="muted">{job.error.clone()}</p>
                }
                .into_any(),
            ),
            None => alert(
                "info",
                view! { <p>"An import is under way. " <a href=href>"Watch it"</a></p> }.into_any(),
            ),
        }
    });
    // While tags arrive, what the newest finished import left out says nothing.
    let waiting = (view.left_out > 0 && under_way.is_none())
        .then(|| alert("info", left_out(view, newest, limit, csrf)));
    let failed = (view.row.failed > 0).then(|| alert("bad", failed(view)));
    view! { {running} {failed} {waiting} }.into_any()
}

/// What the newest import of the repository did not get to, and the button that imports it.
fn left_out(
    view: &StreamView,
    newest: Option<&JobView>,
    limit: Option<usize>,
    csrf: Option<&String>,
) -> AnyView {
    let left = view.left_out;
    let text = match newest {
        // The newest import is the one that left them out.
        Some(job) if job.waiting() == left => format!(
            "Imported {} of {} tags; {} {}.",
            thousands(job.progress.done - job.progress.failed),
            thousands(job.progress.total + job.progress.left_out),
            thousands(left),
            if left == 1 { "waits" } else { "wait" },
        ),
        _ if left == 1 => {
            "1 tag of the repository waits: its last import did not get to it.".to_owned()
        }
        _ => format!(
            "{} tags of the repository wait: its last import did not get to them.",
            thousands(left)
        ),
    };
    let at_once = limit.and_then(|limit| i64::try_from(limit).ok());
    let label = match at_once {
        Some(at_once) if at_once < left => format!("Import the next {}", thousands(at_once)),
        _ => format!("Import the remaining {}", thousands(left)),
    };
    let stream = &view.row.stream;
    let Some(csrf) = csrf else {
        return view! { <p>{text}</p> }.into_any();
    };
    view! {
        <form method="post" action="/api/fn/imports/rest" class="inline">
            <Csrf token=csrf.clone()/>
            <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
            <input type="hidden" name="name" value=stream.name.to_string()/>
            <p>{text}</p>
            <Button>{label}</Button>
        </form>
    }
    .into_any()
}

/// How many tags failed, and the way to them.
fn failed(view: &StreamView) -> AnyView {
    let (n, all) = (view.row.failed, view.row.tags);
    let text = if n == 1 {
        format!(
            "1 of {} tags failed to import last time. If it had an image, it keeps it. ",
            thousands(all)
        )
    } else {
        format!(
            "{} of {} tags failed to import last time. Those that had an image keep it. ",
            thousands(n),
            thousands(all)
        )
    };
    let href = routes::with_query(&routes::stream(&view.row.stream), &[("state", "failed")]);
    view! { <p>{text} <a href=href>"Show them"</a></p> }.into_any()
}
