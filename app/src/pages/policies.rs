//! The report on policies: what the server allows, and which streams and tags allow insecure connections.

use leptos::prelude::*;
use model::{
    Page, Reference, StreamRef, TagName,
    job::thousands,
    policy::{InsecureBy, InsecureRow},
};

use super::{Asked, edit::period_in_force, page, stream, tag::tag_link};
use crate::{
    components::{Empty, PageHead, badge, pager, reference},
    islands::LivePage,
    routes,
};

/// The report.
#[component]
pub fn PolicyReportPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let request = asked.page()?;
        let rows = call.engine.list_insecure(&call.actor, &request).await?;
        let base = stream::base(routes::POLICIES, &[], request.size);
        let more = rows.previous.is_some() || rows.next.is_some();
        let list = if rows.items.is_empty() {
            let why = if more {
                "This page of the list has become empty."
            } else {
                "Every stream and tag is imported over HTTPS with a verified certificate."
            };
            view! { <Empty title="Nothing is insecure" why=why icon_name="lock"/> }.into_any()
        } else {
            view! {
                {table(&rows, &asked)}
                {pager(&base, rows.previous.as_ref(), rows.next.as_ref(), ["Previous", "Next"])}
            }
            .into_any()
        };
        Ok(view! {
            <PageHead title="Policies"/>
            <section>
                <h2>"In force on this server"</h2>
                {in_force(&asked)}
            </section>
            <section>
                <h2>"Insecure connections"</h2>
                <p class="hint">"Streams and tags that may be imported without a verified certificate or over plain HTTP, and who allows it."</p>
                {list}
            </section>
            <LivePage events=routes::events(None)/>
        }
        .into_any())
    })
}

/// What the settings say.
fn in_force(asked: &Asked) -> AnyView {
    let config = asked.call.engine.config();
    let patterns = config.allowed_registries.patterns();
    let registries = if patterns.is_empty() {
        "All".into_any()
    } else {
        patterns
            .into_iter()
            .map(|pattern| view! { <div><code>{pattern}</code></div> })
            .collect_view()
            .into_any()
    };
    let period = period_in_force(asked).to_string();
    let rate = match config.imports_per_minute {
        Some(n) => format!(
            "At most {} a minute, by each process",
            thousands(i64::from(n))
        ),
        None => "No limit".to_owned(),
    };
    view! {
        <dl class="kv">
            <div><dt>"Allowed registries"</dt><dd>{registries} " " {set_by("WEIR_ALLOWED_REGISTRIES", "allowed_registries")}</dd></div>
            <div><dt>"Period of schedules"</dt><dd>{period}", unless the tag or its stream says otherwise " {set_by("WEIR_SCHEDULE_INTERVAL", "schedule_interval")}</dd></div>
            <div><dt>"Scheduled imports"</dt><dd>{rate} " " {set_by("WEIR_IMPORTS_PER_MINUTE", "imports_per_minute")}</dd></div>
        </dl>
        <p class="hint">"These are settings of the server: an administrator changes them in the environment or in weir.toml and starts it again."</p>
    }
    .into_any()
}

/// Where a setting is set.
fn set_by(variable: &'static str, key: &'static str) -> AnyView {
    view! { <span class="muted">"set by " <code>{variable}</code> " or " <code>{key}</code> " in weir.toml"</span> }
        .into_any()
}

/// The rows of one stream.
struct OfStream<'a> {
    stream: &'a StreamRef,
    /// For how many tags the stream allows it itself, if it does.
    whole: Option<i64>,
    tags: Vec<&'a TagName>,
    source: Option<&'a Reference>,
}

/// Rows come in order of their streams.
fn by_stream(rows: &[InsecureRow]) -> Vec<OfStream<'_>> {
    let mut all: Vec<OfStream<'_>> = Vec::new();
    for row in rows {
        if all.last().is_none_or(|last| last.stream != &row.stream) {
            all.push(OfStream {
                stream: &row.stream,
                whole: None,
                tags: Vec::new(),
                source: None,
            });
        }
        let Some(last) = all.last_mut() else { continue };
        match &row.by {
            InsecureBy::Stream { tags, source } => {
                last.whole = Some(*tags);
                last.source = source.as_ref();
            }
            InsecureBy::Tag { tag, source, .. } => {
                last.tags.push(tag);
                last.source = last.source.or(source.as_ref());
            }
        }
    }
    all
}

fn table(rows: &Page<InsecureRow>, asked: &Asked) -> AnyView {
    let lines = by_stream(&rows.items)
        .iter()
        .map(|of| line(of, stream::may_write(asked, of.stream)))
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Insecure connections"</caption>
            <thead><tr>
                <th scope="col">"Stream"</th><th scope="col">"From"</th><th scope="col">"Who allows it"</th><th scope="col">"Change"</th>
            </tr></thead>
            <tbody>{lines}</tbody>
        </table>
    }
    .into_any()
}

fn line(of: &OfStream<'_>, may: bool) -> AnyView {
    let at = of.stream;
    let whole = of
        .whole
        .map(|tags| view! { <div>{badge("warn", "open", "Stream")} " "{for_all(tags)}</div> });
    let tags = (!of.tags.is_empty()).then(|| {
        let links = of
            .tags
            .iter()
            .map(|tag| tag_link(at, tag))
            .collect_view();
        let words = match of.tags.len() {
            1 => "1 tag allows it itself".to_owned(),
            n => format!("{n} tags allow it themselves"),
        };
        view! { <details><summary>{badge("warn", "open", "Tags")} " "{words}</summary><div>{links}</div></details> }
    });
    let change = may.then(|| {
        let stream = of.whole.map(|_| {
            let label = format!("Change the policy of {at}");
            view! { <a href=routes::stream_policy(at) aria-label=label>"Stream…"</a> " " }
        });
        let tags = (!of.tags.is_empty()).then(|| {
            let tags: Vec<_> = of.tags.iter().map(|tag| ("tag", tag.as_str())).collect();
            let href = routes::with_query(&routes::policies(at), &tags);
            let label = format!("Change the policies of these tags of {at}");
            view! { <a href=href aria-label=label>"Tags…"</a> }
        });
        view! { {stream} {tags} }
    });
    view! {
        <tr>
            <th scope="row"><a href=routes::stream(at)>{name(at)}</a></th>
            <td data-label="From">{of.source.map(|source| reference(&source.without_tag()).into_any())}</td>
            <td data-label="Who allows it"><div>{whole} {tags}</div></td>
            <td data-label="Change">{change}</td>
        </tr>
    }
    .into_any()
}

fn name(at: &StreamRef) -> AnyView {
    view! { <span class="muted">{format!("{}/", at.namespace)}</span>{at.name.to_string()} }
        .into_any()
}

fn for_all(tags: i64) -> String {
    match tags {
        0 => "for all tags it will have".to_owned(),
        1 => "for its 1 tag and those to come".to_owned(),
        n => format!("for its {} tags and those to come", thousands(n)),
    }
}
