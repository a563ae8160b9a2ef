//! A stream's imports, newest first.

use leptos::prelude::*;
use model::job::JobState;

use super::{base, may_write, stream_head};
use crate::{
    components::{Empty, LinkButton, pager},
    islands::LivePage,
    pages::{
        banner,
        job::{by_state, jobs_table, nothing_fits},
        page,
    },
    routes,
};

/// A stream's imports.
#[component]
pub fn StreamJobsPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let view = call.engine.stream(&call.actor, &stream).await?;
        let request = asked.page()?;
        let state = JobState::from_word(&asked.query("state"));
        let jobs = call
            .engine
            .list_jobs(&call.actor, Some(&stream), state, &request)
            .await?;
        let here = routes::stream_jobs(&stream);
        let word = state.map_or("", JobState::as_str);
        let base = base(&here, &[("state", word)], request.size);
        let table = if jobs.items.is_empty() && state.is_some() {
            nothing_fits(&here)
        } else if jobs.items.is_empty() {
            let import = may_write(&asked, &stream).then(|| {
                view! { <LinkButton kind="primary" href=routes::import(&stream)>"Import tags"</LinkButton> }
            });
            view! {
                <Empty title="No imports yet" why="Nothing was ever imported into this stream." icon_name="import">
                    {import}
                </Empty>
            }
            .into_any()
        } else {
            jobs_table(&jobs.items, asked.now, false)
        };
        Ok(view! {
            {stream_head(&view, &asked, "Imports")}
            {banner(&asked)}
            {by_state(&here, state)}
            {table}
            {pager(&base, jobs.previous.as_ref(), jobs.next.as_ref(), ["Newer", "Older"])}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}
