//! A stream's imports, newest first.

use leptos::prelude::*;

use super::{base, may_write, sized, stream_head};
use crate::{
    components::{Empty, LinkButton, pager},
    islands::LivePage,
    pages::{banner, job::jobs_table, page},
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
        let jobs = call
            .engine
            .list_jobs(&call.actor, Some(&stream), &request)
            .await?;
        let here = routes::stream_jobs(&stream);
        let base = base(&here, &[], request.size);
        let more = jobs.previous.is_some() || jobs.next.is_some();
        let table = if jobs.items.is_empty() {
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
            {sized(&here, None, request.size, more)}
            {table}
            {pager(&base, jobs.previous.as_ref(), jobs.next.as_ref(), ["Newer", "Older"])}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}
