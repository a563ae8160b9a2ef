//! The report on policies: what the server allows, and which streams and tags allow insecure connections.

use leptos::prelude::*;
use model::{Page, StreamRef, job::thousands, policy::InsecureRow};

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
                <th scope="col">"Stream"</th><th scope="col">"From"</th><th scope="col">"Who allows it"</th><th scope="col">"Change"</th>
            </tr></thead>
            <tbody>{lines}</tbody>
        </table>
    }
    .into_any()
}

fn line(of: &InsecureRow, may: bool) -> AnyView {
    let at = &of.stream;
    let whole = of
        .whole
        .then(|| view! { <div>{badge("warn", "open", "Stream")} " "{for_all(of.tags)}</div> });
    let more = of.insecure_tags - i64::try_from(of.named.len()).unwrap_or(i64::MAX);
    let tags = (of.insecure_tags > 0).then(|| {
        let links = of
            .named
            .iter()
            .map(|tag| tag_link(at, tag))
            .collect_view();
        let more = (more > 0).then(|| format!(" and {} more", thousands(more)));
        let words = match of.insecure_tags {
            1 => "1 tag allows it itself".to_owned(),
            n => format!("{} tags allow it themselves", thousands(n)),
        };
        view! { <details><summary>{badge("warn", "open", "Tags")} " "{words}</summary><div>{links}{more}</div></details> }
    });
    let change = may.then(|| {
        let stream = of.whole.then(|| {
            let label = format!("Stream policy of {at}");
            view! { <a href=routes::stream_policy(at) aria-label=label>"Stream…"</a> " " }
        });
        let tags = (of.insecure_tags > 0).then(|| {
            // More than an address can name: all tags of the stream.
            let (pairs, label, text) = if more > 0 {
                let label = format!("Change the policies of all tags of {at}");
                (vec![("all", "1")], label, "All tags…")
            } else {
                let pairs = of.named.iter().map(|tag| ("tag", tag.as_str()));
                let label = format!("Change the policies of these tags of {at}");
                (pairs.collect(), label, "Tags…")
            };
            let href = routes::with_query(&routes::policies(at), &pairs);
            view! { <a href=href aria-label=label>{text}</a> }
        });
        view! { {stream} {tags} }
    });
    view! {
        <tr>
            <th scope="row"><a href=routes::stream(at)>{name(at)}</a></th>
            <td data-label="From">{of.source.as_ref().map(|source| reference(&source.without_tag()).into_any())}</td>
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
