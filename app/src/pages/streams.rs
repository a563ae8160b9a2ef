//! The list of streams.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    Namespace, Page, StreamRef,
    job::thousands,
    name::NameError,
    stream::{StreamFilter, StreamRow},
};

use super::{Asked, changed, page, stream};
use crate::{
    api::ApiError,
    components::{
        Button, Empty, FilterChips, Filters, Kebab, LinkButton, PageHead, SelectionBar, badge,
        job_badge, pager, reference, time,
    },
    islands::{LivePage, SelectAll},
    routes,
};

/// All streams, or those a filter leaves.
#[component]
pub fn StreamsPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let found = find(&asked).await?;
        if let Some(page) = found {
            leptos_axum::redirect(&page);
            return Ok(().into_any());
        }
        let filter = filter(&asked)?;
        let request = asked.page()?;
        let list = call.engine.list_streams(&call.actor, &filter, &request);
        let streams = list.await?;
        let namespaces = call.engine.list_namespaces(&call.actor).await?;
        let base = stream::base(routes::STREAMS, &routes::filtered(&filter), request.size);
        let narrowed = filter != StreamFilter::default();
        let first = streams.previous.is_none() && streams.next.is_none();
        // Nothing to narrow in a new installation.
        let filters = (narrowed || !first || !streams.items.is_empty())
            .then(|| filters(&filter, &namespaces, request.size));
        let settings = filter
            .namespace
            .as_ref()
            .filter(|name| namespaces.contains(name) && call.actor.may_administer().is_ok())
            .map(|name| {
                let href = routes::namespace_settings(name);
                view! { <LinkButton href=href>"Namespace settings"</LinkButton> }
            });
        let may = call.actor.may_write_anywhere().is_ok();
        let bulk = (may && !streams.items.is_empty()).then(|| {
            let href = routes::bulk_matching(&filter);
            let words = if narrowed {
                "Policies of all that match…"
            } else {
                "Policies of all streams…"
            };
            view! { <Kebab label="More actions for streams"><a href=href>{words}</a></Kebab> }
        });
        let make = may.then(|| {
            view! {
                <LinkButton href=routes::APPLY>"Apply definitions"</LinkButton>
                <LinkButton kind="primary" href=routes::NEW_STREAM>"New stream"</LinkButton>
            }
        });
        let done: i64 = asked.query("done").parse().unwrap_or(0);
        Ok(view! {
            <PageHead title="Streams">
                {settings}
                {make}
                {bulk}
            </PageHead>
            {(done > 0).then(|| changed(routes::bulk_undo(done)))}
            {filters}
            {list_view(&streams, narrowed, &asked, &base, may)}
            <LivePage events=routes::events(None)/>
        }
        .into_any())
    })
}

/// Where the search field leads: to the stream, tag or image it names, else to the streams whose name contains it.
async fn find(asked: &Asked) -> Result<Option<String>, ApiError> {
    let text = asked.query("find");
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (engine, actor) = (&asked.call.engine, &asked.call.actor);
    let (path, rest) = match text.find(['@', ':']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let stream = path
        .split_once('/')
        .and_then(|(namespace, name)| StreamRef::parse(namespace, name).ok());
    let page = match stream {
        Some(stream) if engine.stream(actor, &stream).await.is_ok() => {
            let digest = rest.strip_prefix('@').and_then(|text| text.parse().ok());
            let tag = rest.strip_prefix(':').and_then(|text| text.parse().ok());
            match (digest, tag) {
                (Some(digest), _) => routes::image(&stream, &digest),
                (None, Some(tag)) => routes::tag(&stream, &tag),
                (None, None) => routes::stream(&stream),
            }
        }
        _ => {
            let digest = text.parse().ok();
            let holder = match &digest {
                Some(digest) => engine.stream_with_image(actor, digest).await?,
                None => None,
            };
            match holder.zip(digest) {
                Some((stream, digest)) => routes::image(&stream, &digest),
                None => routes::with_query(routes::STREAMS, &[("text", text)]),
            }
        }
    };
    Ok(Some(page))
}

/// The filter in the address.
pub(super) fn filter(asked: &Asked) -> Result<StreamFilter, ApiError> {
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
    let (text, failed) = (filter.text.clone(), filter.failed);
    view! {
        <Filters action=routes::STREAMS active=*filter != StreamFilter::default() size=size>
            <label>"Name contains " <input type="search" name="text" value=text/></label>
            <label>"Namespace " <select name="namespace"><option value="">"All"</option>{options}</select></label>
            <label><input type="checkbox" name="failed" checked=failed/> " With failed tags"</label>
        </Filters>
        <FilterChips chips=chips(filter) clear=routes::STREAMS/>
    }
    .into_any()
}

/// What the list is narrowed by, each with the list without it.
fn chips(filter: &StreamFilter) -> Vec<(String, String)> {
    let namespace = filter.namespace.as_ref().map_or("", Namespace::as_str);
    let failed = if filter.failed { "on" } else { "" };
    let all = [
        (
            "text",
            filter.text.as_str(),
            format!("Name contains {}", filter.text),
        ),
        ("namespace", namespace, format!("Namespace {namespace}")),
        ("failed", failed, "With failed tags".to_owned()),
    ];
    let without = |name: &str| {
        let rest: Vec<_> = all
            .iter()
            .filter(|(other, ..)| *other != name)
            .map(|(other, value, _)| (*other, *value))
            .collect();
        routes::with_query(routes::STREAMS, &rest)
    };
    all.iter()
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(name, _, words)| (words.clone(), without(name)))
        .collect()
}

fn list_view(
    streams: &Page<StreamRow>,
    narrowed: bool,
    asked: &Asked,
    base: &str,
    may: bool,
) -> AnyView {
    let pages = || {
        pager(
            base,
            streams.previous.as_ref(),
            streams.next.as_ref(),
            ["Previous", "Next"],
        )
    };
    if streams.items.is_empty() && narrowed {
        let chips = filter(asked)
            .map(|filter| chips(&filter))
            .unwrap_or_default();
        let of: Vec<_> = chips.into_iter().map(|(words, _)| words).collect();
        let why = format!(
            "No stream fits: {}. A tag is found as namespace/stream:tag, an image by its whole digest.",
            of.join(", ")
        );
        return view! {
            <Empty title="No stream fits the filter" why=why icon_name="search">
                <LinkButton href=routes::STREAMS>"Clear the filter"</LinkButton>
            </Empty>
        }
        .into_any();
    }
    if streams.items.is_empty() && streams.previous.is_some() {
        // The last rows of this page were deleted since.
        return view! {
            <Empty title="No more streams" why="This page of the list has become empty.">
                <LinkButton href=routes::STREAMS>"To the first page"</LinkButton>
            </Empty>
        }
        .into_any();
    }
    if streams.items.is_empty() {
        let import = may.then(|| {
            view! { <LinkButton kind="primary" href=routes::NEW_STREAM>"Import a repository"</LinkButton> }
        });
        return view! {
            <Empty title="No streams yet" why="A stream gives the images of a repository one name and keeps their history." icon_name="stream">
                {import}
            </Empty>
        }
        .into_any();
    }
    let rows = streams
        .items
        .iter()
        .map(|row| stream_row(row, asked.now, may))
        .collect_view();
    let table = view! {
        <table class="data">
            <caption class="visually-hidden">"Streams"</caption>
            <thead><tr>
                <th scope="col">"Stream"</th><th scope="col">"Source"</th><th scope="col" class="number">"Tags"</th>
                <th scope="col">"Last change"</th><th scope="col">"Import state"</th><th scope="col">"Policy"</th>
                {may.then(|| view! {
                    <th scope="col" class="tick"><span class="visually-hidden">"Select"</span><SelectAll name="stream[]".to_owned() form="streams".to_owned()/></th>
                })}
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    };
    if !may {
        return view! { {table} {pages()} }.into_any();
    }
    view! {
        <form id="streams" method="get" action=routes::STREAMS_POLICIES>
            {table}
            <SelectionBar form="streams" name="stream[]"><Button>"Policies…"</Button></SelectionBar>
        </form>
        {pages()}
    }
    .into_any()
}

fn stream_row(row: &StreamRow, now: DateTime<Utc>, may: bool) -> AnyView {
    let tick = may.then(|| {
        let name = row.stream.to_string();
        let label = format!("Select {name}");
        view! { <td class="tick"><input type="checkbox" name="stream[]" value=name aria-label=label/></td> }
    });
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
        <tr id=format!("s-{}", row.stream)>
            <th scope="row"><a href=routes::stream(&row.stream)><span class="muted">{format!("{}/", row.stream.namespace)}</span>{row.stream.name.to_string()}</a></th>
            <td data-label="Source">{row.source.as_ref().map(|source| reference(source).into_any())}</td>
            <td data-label="Tags" class="number">{thousands(row.tags)}</td>
            <td data-label="Last change">{time(row.changed_at, now)}</td>
            <td data-label="Import state">{import} " " {failed} {never}</td>
            <td data-label="Policy">{row.insecure.then(|| badge("warn", "open", "Insecure tags"))}</td>
            {tick}
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chip_leads_to_the_list_without_it() {
        let filter = StreamFilter {
            namespace: "team".parse().ok(),
            text: "a b".into(),
            failed: true,
        };
        let links: Vec<_> = chips(&filter).into_iter().map(|(_, link)| link).collect();
        assert_eq!(
            links,
            [
                "/streams?namespace=team&failed=on",
                "/streams?text=a%20b&failed=on",
                "/streams?text=a%20b&namespace=team"
            ]
        );
        assert!(chips(&StreamFilter::default()).is_empty());
    }
}
