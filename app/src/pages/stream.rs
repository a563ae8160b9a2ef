//! One stream: its tags, and its imports.

mod commands;
mod graph;
mod history;
mod imports;
mod notices;
mod paging;
mod past;
mod table;

use leptos::{prelude::*, server_fn::ServerFn};
use model::{
    Digest, StreamRef, TagName,
    job::{JobView, thousands},
    policy::{Freshness, Schedule},
    stream::StreamView,
    tag::TagFilter,
};

pub use self::{graph::StreamGraphPage, history::StreamHistoryPage, imports::StreamJobsPage};
pub(super) use self::{
    paging::base,
    past::{at_field, instant},
    table::source,
};
use super::{Asked, banner, below, done, page};
use crate::{
    api::{ApiError, StartMirror},
    components::{
        Button, CopyButton, Csrf, Empty, FilterChips, Filters, Kebab, LinkButton, PageHead, Tab,
        Tabs, badge, pager, reference, time,
    },
    islands::LivePage,
    routes,
};

/// A stream's tags.
#[component]
pub fn StreamPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        if !asked.query("at").is_empty() {
            return past::page(&asked, &stream).await;
        }
        let call = &asked.call;
        let view = call.engine.stream(&call.actor, &stream).await?;
        let filter = TagFilter {
            text: asked.query("text"),
            failed: asked.query("state") == FAILED,
        };
        let request = asked.page()?;
        let tags = call
            .engine
            .list_tags(&call.actor, &stream, &filter, &request)
            .await?;
        let newest = newest_job(&asked, &view).await?;
        let may = may_write(&asked, &stream);
        let here = routes::stream(&stream);
        let state = if filter.failed { FAILED } else { "" };
        let base = base(
            &here,
            &[("text", &filter.text), ("state", state)],
            request.size,
        );
        let narrowed = filter != TagFilter::default();
        let matching = (may && !filter.text.is_empty() && !filter.failed && !tags.items.is_empty())
            .then(|| {
                let text = [("all", "1"), ("text", filter.text.as_str())];
                routes::with_query(&routes::policies(&stream), &text)
            });
        let chips = chips(&filter, &here, request.size);
        let table = if tags.items.is_empty() && !narrowed {
            no_tags(&view, may)
        } else if tags.items.is_empty() {
            let of: Vec<_> = chips.iter().map(|(words, _)| words.clone()).collect();
            let why = format!("No tag of {stream} fits: {}.", of.join(", "));
            let all = here.clone();
            view! {
                <Empty title="No tag fits the filter" why=why>
                    <LinkButton href=all>"Clear the filter"</LinkButton>
                </Empty>
            }
            .into_any()
        } else {
            view! {
                {table::tag_table(&view, &tags.items, &asked, may)}
                {pager(&base, tags.previous.as_ref(), tags.next.as_ref(), ["Previous", "Next"])}
            }
            .into_any()
        };
        let limit = call.engine.config().max_tags_per_import;
        Ok(view! {
            {stream_head(&view, &asked, "Tags")}
            {banner(&asked)}
            {done(&asked, &stream)}
            {notices::notices(&view, newest.as_ref(), limit, may.then_some(&asked.csrf), asked.now)}
            <Filters action=here.clone() active=narrowed size=request.size>
                <label>"Tag contains " <input type="search" name="text" value=filter.text/></label>
                <label><input type="checkbox" name="state" value=FAILED checked=filter.failed/> " Failed"</label>
            </Filters>
            <FilterChips chips=chips clear=here.clone()/>
            {matching.map(|href| view! { <p class="small"><a href=href>"Policies of all tags that match…"</a></p> })}
            {table}
            {commands::commands(call, &stream, may)}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}

/// The value of `state` that leaves failed tags only.
const FAILED: &str = "failed";

/// What the tags are narrowed by, each with the list without it.
fn chips(filter: &TagFilter, here: &str, size: usize) -> Vec<(String, String)> {
    let text = (!filter.text.is_empty()).then_some(filter.text.as_str());
    let failed = filter.failed.then_some(FAILED);
    let without_text = paging::address(here, &[("state", failed.unwrap_or_default())], size);
    let without_failed = paging::address(here, &[("text", text.unwrap_or_default())], size);
    let text = text.map(|text| (format!("Tag contains {text}"), without_text));
    let failed = failed.map(|_| ("Failed".to_owned(), without_failed));
    text.into_iter().chain(failed).collect()
}

/// Whether who asks may change the stream. Buttons that would only be refused are not shown; the engine decides.
pub(super) fn may_write(asked: &Asked, stream: &StreamRef) -> bool {
    asked.call.actor.may_write(&stream.namespace).is_ok()
}

/// A button that imports tags again as they say; all imported tags of the stream if none is named.
pub(super) fn again(csrf: &str, stream: &StreamRef, tags: &[TagName], label: String) -> AnyView {
    let tags = tags
        .iter()
        .map(|tag| view! { <input type="hidden" name="tag[]" value=tag.to_string()/> })
        .collect_view();
    view! {
        <form method="post" action="/api/fn/imports/again" class="inline">
            <Csrf token=csrf.to_owned()/>
            <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
            <input type="hidden" name="name" value=stream.name.to_string()/>
            {tags}
            <Button>{label}</Button>
        </form>
    }
    .into_any()
}

/// A digest that leads to its image: 12 digits, the whole in the title and on the clipboard.
pub(super) fn image_link(stream: &StreamRef, digest: &Digest) -> AnyView {
    let whole = digest.to_string();
    let href = routes::image(stream, digest);
    view! {
        <span class="digest">
            <a href=href title=whole.clone()>
                <code><span class="muted wide">{format!("{}:", digest.algorithm())}</span>{digest.short().to_owned()}</code>
            </a>
            <CopyButton text=whole what="digest".to_owned()/>
        </span>
    }
    .into_any()
}

/// The stream's newest import, if it ever had one.
async fn newest_job(asked: &Asked, view: &StreamView) -> Result<Option<JobView>, ApiError> {
    let Some(id) = &view.last_job else {
        return Ok(None);
    };
    let call = &asked.call;
    Ok(Some(call.engine.job(&call.actor, id).await?))
}

fn stream_head(view: &StreamView, asked: &Asked, tab: &'static str) -> AnyView {
    let stream = &view.row.stream;
    let (now, csrf) = (asked.now, &asked.csrf);
    let imported = view.row.source.is_some() && view.row.tags > 0;
    let tags = if view.row.tags == 1 { "tag" } else { "tags" };
    let facts = view! {
        {view.row.source.as_ref().map(|source| view! { <span>"from " {reference(source)}</span> })}
        <span>{format!("{} {tags}", thousands(view.row.tags))}</span>
        <span>{format!("generation {}", thousands(view.generation))}</span>
        <span>"changed " {time(view.row.changed_at, now)}</span>
        {(view.freshness != Freshness::Local).then(|| view! { <span>{format!("pulls by tag: {}", view.freshness)}</span> })}
        {view.period.map(|_| view! { <span>{format!("scheduled tags: {}", Schedule::of_stream(view.period))}</span> })}
        {view.row.insecure.then(|| {
            let (title, word) = if view.insecure {
                ("Every tag of this stream may be fetched without a verified certificate or over plain HTTP", "Insecure")
            } else {
                ("Tags of this stream may be fetched without a verified certificate or over plain HTTP; the table says which", "Insecure tags")
            };
            view! { <span title=title>{badge("warn", "warn", word)}</span> }
        })}
    };
    let may = may_write(asked, stream);
    let mirrored = view.row.tags > 0 && asked.call.engine.config().mirror;
    let mirror = (may && mirrored).then(|| {
        view! {
            <form method="post" action=StartMirror::PATH class="inline">
                <Csrf token=csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <Button>"Mirror all tags now"</Button>
            </form>
        }
    });
    let every =
        (may && imported).then(|| again(csrf, stream, &[], "Import all tags again".to_owned()));
    let past = format!(
        "{}?at={}",
        routes::stream(stream),
        now.format("%Y-%m-%dT%H:%M:%SZ")
    );
    let buttons = may.then(|| {
        view! {
            <LinkButton href=routes::import(stream)>"Import"</LinkButton>
            <LinkButton href=routes::stream_policy(stream)>"Policies"</LinkButton>
            <LinkButton kind="primary" href=routes::tag_form(stream)>"Set a tag…"</LinkButton>
        }
    });
    let delete = may.then(|| {
        view! { <a class="danger" href=routes::delete_stream(stream)>"Delete the stream…"</a> }
    });
    let (definition, naming) = (routes::stream_definition(stream), routes::naming(stream));
    let described = routes::describe_stream(stream);
    let actions = view! {
        {buttons}
        <Kebab label=format!("More actions for {stream}")>
            {every}
            {mirror}
            <a href=past>"At a past time…"</a>
            <a href=naming>"Naming report"</a>
            <a href=definition>"Export"</a>
            <a href=described>"Describe"</a>
            {delete}
        </Kebab>
    };
    let mut crumbs = below(stream);
    crumbs.truncate(2);
    let tabs = vec![
        Tab {
            name: "Tags",
            href: routes::stream(stream),
            count: Some(view.row.tags),
        },
        Tab {
            name: "Imports",
            href: routes::stream_jobs(stream),
            count: None,
        },
        Tab {
            name: "History",
            href: routes::stream_history(stream),
            count: None,
        },
        Tab {
            name: "Graph",
            href: routes::graph(stream),
            count: None,
        },
    ];
    view! {
        <PageHead title=stream.name.to_string() mono=true crumbs=crumbs facts=facts.into_any()>{actions}</PageHead>
        <Tabs tabs=tabs current=tab/>
    }
    .into_any()
}

/// An empty stream: what would fill it.
fn no_tags(view: &StreamView, may: bool) -> AnyView {
    let why = match &view.row.source {
        Some(source) => {
            format!("Nothing of {source} has arrived yet. Its imports say what came of them.")
        }
        None => "Tags come with an import, or by tagging an image that is here.".to_owned(),
    };
    let stream = &view.row.stream;
    let import = may.then(|| {
        view! { <LinkButton kind="primary" href=routes::import(stream)>"Import tags"</LinkButton> }
    });
    let imports = routes::stream_jobs(stream);
    view! {
        <Empty title="No tags yet" why=why icon_name="tag">
            {import}
            <a href=imports>"See its imports"</a>
        </Empty>
    }
    .into_any()
}
