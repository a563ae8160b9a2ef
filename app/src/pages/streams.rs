//! The list of streams.

use leptos::prelude::*;
use model::{
    job::thousands,
    stream::{StreamFilter, StreamRow},
};

use super::{empty, head, page};
use crate::{
    api::ApiError,
    components::{badge, escape, job_badge, pager, reference, time},
    routes,
};

/// All streams, or those a filter leaves.
#[component]
pub fn StreamsPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let namespace = match asked.query("namespace").as_str() {
            "" => None,
            text => Some(text.parse().map_err(|e: model::name::NameError| {
                ApiError::invalid("namespace", e.to_string())
            })?),
        };
        let filter = StreamFilter {
            namespace,
            text: asked.query("text"),
            failed: !asked.query("failed").is_empty(),
        };
        let streams = call
            .engine
            .list_streams(&call.actor, &filter, &asked.page()?)
            .await?;
        let namespaces = call.engine.list_namespaces(&call.actor).await?;
        let now = asked.now;
        let filtered = filter != StreamFilter::default();
        let rows = streams
            .items
            .iter()
            .map(|row| stream_row(row, now))
            .collect_view();
        let chosen = filter
            .namespace
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let base = format!(
            "{}?namespace={chosen}&text={}{}&",
            routes::STREAMS,
            escape(&filter.text),
            if filter.failed { "&failed=on" } else { "" }
        );
        let table = if streams.items.is_empty() && filtered {
            empty(
                "No stream fits the filter",
                "Nothing has this name, namespace and state.".into(),
                view! { <a class="button" href=routes::STREAMS>"Clear the filter"</a> }.into_any(),
            )
        } else if streams.items.is_empty() {
            empty(
                "No streams yet",
                "A stream gives the images of a repository one name and keeps their history."
                    .into(),
                view! { <a class="button primary" href=routes::NEW_STREAM>"New stream"</a> }
                    .into_any(),
            )
        } else {
            view! {
                <table class="data">
                    <caption class="visually-hidden">"Streams"</caption>
                    <thead><tr>
                        <th scope="col">"Stream"</th><th scope="col">"Source"</th><th scope="col" class="number">"Tags"</th>
                        <th scope="col">"Last change"</th><th scope="col">"Import"</th><th scope="col">"Policy"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
                {pager(&base, streams.previous.as_ref(), streams.next.as_ref(), ["Previous", "Next"])}
            }
            .into_any()
        };
        let options = namespaces
            .iter()
            .map(|name| {
                let name = name.to_string();
                view! { <option value=name.clone() selected={name == chosen}>{name.clone()}</option> }
            })
            .collect_view();
        let actions =
            view! { <a class="button primary" href=routes::NEW_STREAM>"New stream"</a> }.into_any();
        Ok(view! {
            {head(Vec::new(), "Streams".into(), ().into_any(), actions)}
            <form class="filters" method="get" action=routes::STREAMS>
                <label>"Name contains " <input type="search" name="text" value=filter.text.clone()/></label>
                <label>"Namespace " <select name="namespace"><option value="">"All"</option>{options}</select></label>
                <label><input type="checkbox" name="failed" checked=filter.failed/> " With failed tags"</label>
                <button class="button">"Filter"</button>
                {filtered.then(|| view! { <a href=routes::STREAMS>"Clear"</a> })}
            </form>
            {table}
        }
        .into_any())
    })
}

fn stream_row(row: &StreamRow, now: chrono::DateTime<chrono::Utc>) -> AnyView {
    let import = match (row.failed, row.import) {
        (0, state) => state.map(|state| job_badge(state).into_any()),
        (n, _) => Some(badge("bad", "fail", format!("{} failed", thousands(n))).into_any()),
    };
    view! {
        <tr>
            <th scope="row"><a href=routes::stream(&row.stream)><span class="muted">{format!("{}/", row.stream.namespace)}</span>{row.stream.name.to_string()}</a></th>
            <td data-label="Source">{row.source.as_ref().map(|source| reference(source).into_any())}</td>
            <td data-label="Tags" class="number">{thousands(row.tags)}</td>
            <td data-label="Last change">{time(row.changed_at, now)}</td>
            <td data-label="Import">{import}</td>
            <td data-label="Policy">{row.insecure.then(|| badge("warn", "warn", "Insecure"))}</td>
        </tr>
    }
    .into_any()
}
