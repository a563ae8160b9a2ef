//! The list of streams.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    Namespace, Page,
    job::thousands,
    name::NameError,
    stream::{StreamFilter, StreamRow},
};

use super::{Asked, empty, head, page, stream};
use crate::{
    api::ApiError,
    components::{badge, job_badge, pager, reference, time},
    routes,
};

/// All streams, or those a filter leaves.
#[component]
pub fn StreamsPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let filter = filter(&asked)?;
        let request = asked.page()?;
        let list = call.engine.list_streams(&call.actor, &filter, &request);
        let streams = list.await?;
        let namespaces = call.engine.list_namespaces(&call.actor).await?;
        let base = stream::base(
            routes::STREAMS,
            &[
                ("text", &filter.text),
                (
                    "namespace",
                    filter.namespace.as_ref().map_or("", Namespace::as_str),
                ),
                ("failed", if filter.failed { "on" } else { "" }),
            ],
            request.size,
        );
        let actions =
            view! { <a class="button primary" href=routes::NEW_STREAM>"New stream"</a> }.into_any();
        let narrowed = filter != StreamFilter::default();
        let first = streams.previous.is_none() && streams.next.is_none();
        // Nothing to narrow in a new installation.
        let filters = (narrowed || !first || !streams.items.is_empty())
            .then(|| filters(&filter, &namespaces, request.size));
        Ok(view! {
            {head(Vec::new(), "Streams".into(), ().into_any(), actions)}
            {filters}
            {list_view(&streams, narrowed, asked.now, &base)}
        }
        .into_any())
    })
}

/// The filter in the address.
fn filter(asked: &Asked) -> Result<StreamFilter, ApiError> {
    let namespace = match asked.query("namespace").as_str() {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|error: NameError| ApiError::invalid("namespace", error.to_string()))?,
        ),
    };
    Ok(StreamFilter {
        namespace,
        text: asked.query("text"),
        failed: !asked.query("failed").is_empty(),
    })
}

fn filters(filter: &StreamFilter, namespaces: &[Namespace], size: usize) -> AnyView {
    let chosen = filter.namespace.as_ref();
    // A namespace of the address that is not there is still what the list is narrowed to.
    let missing = chosen.filter(|chosen| !namespaces.contains(chosen));
    let options = missing
        .into_iter()
        .chain(namespaces)
        .map(|name| {
            let selected = chosen == Some(name);
            let name = name.to_string();
            view! { <option value=name.clone() selected=selected>{name.clone()}</option> }
        })
        .collect_view();
    let clear = (*filter != StreamFilter::default())
        .then(|| view! { <a href=routes::STREAMS>"Clear the filter"</a> });
    view! {
        <form class="filters" method="get" action=routes::STREAMS>
            <label>"Name contains " <input type="search" name="text" value=filter.text.clone()/></label>
            <label>"Namespace " <select name="namespace"><option value="">"All"</option>{options}</select></label>
            <label><input type="checkbox" name="failed" checked=filter.failed/> " With failed tags"</label>
            {stream::rows_per_page(size)}
            <button class="button">"Filter"</button>
            {clear}
        </form>
    }
    .into_any()
}

fn list_view(streams: &Page<StreamRow>, narrowed: bool, now: DateTime<Utc>, base: &str) -> AnyView {
    let pages = || {
        pager(
            base,
            streams.previous.as_ref(),
            streams.next.as_ref(),
            ["Previous", "Next"],
        )
    };
    if streams.items.is_empty() && narrowed {
        return empty(
            "No stream fits the filter",
            "No stream has this name, namespace and state.".into(),
            view! { <a class="button" href=routes::STREAMS>"Clear the filter"</a> }.into_any(),
        );
    }
    if streams.items.is_empty() && streams.previous.is_some() {
        // The last row of this page was deleted since.
        return empty(
            "No more streams",
            "This page of the list has become empty.".into(),
            view! { <a class="button" href=routes::STREAMS>"To the first page"</a> }.into_any(),
        );
    }
    if streams.items.is_empty() {
        return empty(
            "No streams yet",
            "A stream gives the images of a repository one name and keeps their history.".into(),
            view! { <a class="button primary" href=routes::NEW_STREAM>"Import a repository"</a> }
                .into_any(),
        );
    }
    let rows = streams
        .items
        .iter()
        .map(|row| stream_row(row, now))
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Streams"</caption>
            <thead><tr>
                <th scope="col">"Stream"</th><th scope="col">"Source"</th><th scope="col" class="number">"Tags"</th>
                <th scope="col">"Last change"</th><th scope="col">"Import state"</th><th scope="col">"Policy"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {pages()}
    }
    .into_any()
}

fn stream_row(row: &StreamRow, now: DateTime<Utc>) -> AnyView {
    let failed =
        (row.failed > 0).then(|| badge("bad", "fail", format!("{} failed", thousands(row.failed))));
    // "Failed" beside "2 failed" would say it twice.
    let import = match row.import {
        Some(model::job::JobState::Failed) if row.failed > 0 => None,
        state => state.map(job_badge),
    };
    let never = (failed.is_none() && import.is_none())
        .then(|| view! { <span class="muted">"never imported"</span> });
    view! {
        <tr>
            <th scope="row"><a href=routes::stream(&row.stream)><span class="muted">{format!("{}/", row.stream.namespace)}</span>{row.stream.name.to_string()}</a></th>
            <td data-label="Source">{row.source.as_ref().map(|source| reference(source).into_any())}</td>
            <td data-label="Tags" class="number">{thousands(row.tags)}</td>
            <td data-label="Last change">{time(row.changed_at, now)}</td>
            <td data-label="Import state">{import} " " {failed} {never}</td>
            <td data-label="Policy">{row.insecure.then(|| badge("warn", "warn", "Insecure"))}</td>
        </tr>
    }
    .into_any()
}
