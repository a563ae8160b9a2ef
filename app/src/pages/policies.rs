//! The report on policies: what the server allows, and which streams and tags allow insecure connections.

use leptos::prelude::*;
use model::{
    Page, StreamRef,
    job::thousands,
    policy::{InsecureBy, InsecureRow},
};

use super::{Asked, edit::period_in_force, page, stream};
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
                {stream::sized(routes::POLICIES, None, request.size, more)}
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
            <div><dt>"Allowed registries"</dt><dd>{registries} {set_by("WEIR_ALLOWED_REGISTRIES", "allowed_registries")}</dd></div>
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

fn table(rows: &Page<InsecureRow>, asked: &Asked) -> AnyView {
    let lines = rows
        .items
        .iter()
        .map(|row| line(row, stream::may_write(asked, &row.stream)))
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Insecure connections"</caption>
            <thead><tr>
                <th scope="col">"Stream or tag"</th><th scope="col">"From"</th><th scope="col">"Why"</th><th scope="col">"Change"</th>
            </tr></thead>
            <tbody>{lines}</tbody>
        </table>
    }
    .into_any()
}

fn line(row: &InsecureRow, may: bool) -> AnyView {
    let at = &row.stream;
    let (href, tag, source, why, change) = match &row.by {
        InsecureBy::Stream { tags, source } => (
            routes::stream(at),
            None,
            source,
            view! { <div>{badge("warn", "open", "Stream")} " "{for_all(*tags)}</div> }.into_any(),
            routes::stream_policy(at),
        ),
        InsecureBy::Tag {
            tag,
            source,
            stream_too,
        } => (
            routes::tag(at, tag),
            Some(format!(":{tag}")),
            source,
            view! { <div>{badge("warn", "open", "Tag")} {if *stream_too { " allows it, and so does its stream" } else { " allows it itself" }}</div> }.into_any(),
            routes::tag_policies(at, tag),
        ),
    };
    let label = format!(
        "Change the policy of {at}{}",
        tag.clone().unwrap_or_default()
    );
    let change = may.then(|| view! { <a href=change aria-label=label>"Policy…"</a> });
    view! {
        <tr>
            <th scope="row"><a href=href>{name(at)}{tag}</a></th>
            <td data-label="From">{source.as_ref().map(|source| reference(source).into_any())}</td>
            <td data-label="Why">{why}</td>
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
