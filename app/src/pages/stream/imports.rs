//! A stream's imports, newest first.

use leptos::prelude::*;

use super::{base, may_write, sized, stream_head};
use crate::{
    components::pager,
    pages::{banner, empty, job::jobs_table, page},
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
        let may = may_write(&asked, &stream);
        let here = routes::stream_jobs(&stream);
        let base = base(&here, &[], request.size);
        let more = jobs.previous.is_some() || jobs.next.is_some();
        let table = if jobs.items.is_empty() {
            empty(
                "No imports yet",
                "Nothing was ever imported into this stream.".into(),
                may.then(|| view! { <a class="button primary" href=routes::import(&stream)>"Import tags"</a> })
                    .into_any(),
            )
        } else {
            jobs_table(&jobs.items, asked.now, false)
        };
        Ok(view! {
            {stream_head(&view, &asked, "Imports")}
            {banner(&asked)}
            {sized(&here, None, request.size, more)}
            {table}
            {pager(&base, jobs.previous.as_ref(), jobs.next.as_ref(), ["Newer", "Older"])}
        }
        .into_any())
    })
}
