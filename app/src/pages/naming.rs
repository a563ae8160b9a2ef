//! The report on tag names: which cannot move, which have not for long, and what they weigh.

use chrono::{DateTime, Duration, Utc};
use engine::StaleTag;
use leptos::prelude::*;
use model::{StreamRef, naming::EXAMPLES};

use super::{
    Asked, below, page,
    stream::{base, image_link, may_write},
};
use crate::{
    api::ApiError,
    components::{Button, Empty, PageHead, SelectionBar, alert, badge, pager, size, time},
    islands::SelectAll,
    routes,
};

/// Days without a second image after which a tag is called stale, unless asked otherwise.
const DAYS: i64 = 90;

/// The report.
#[component]
pub fn NamingPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let days = match asked.query("days").as_str() {
            "" => DAYS,
            text => text
                .parse()
                .ok()
                .filter(|days| (1..=3650).contains(days))
                .ok_or_else(|| {
                    ApiError::invalid(
                        "days",
                        format!("\u{201c}{text}\u{201d} is no number of days from 1 to 3650"),
                    )
                })?,
        };
        let request = asked.page()?;
        let found = call
            .engine
            .stale_tags(&call.actor, &stream, Duration::days(days), &request)
            .await?;
        let here = routes::naming(&stream);
        let days_text = days.to_string();
        let base = base(&here, &[("days", &days_text)], request.size);
        let pager = pager(
            &base,
            found.previous.as_ref(),
            found.next.as_ref(),
            ["Previous", "Next"],
        );
        let (further, tags) = (found.next.is_some(), found.items);
        let bytes: i64 = tags.iter().filter_map(|tag| tag.row.size).sum();
        let uncounted = match tags.iter().filter(|tag| tag.row.size.is_none()).count() {
            0 => String::new(),
            n => format!(" without {n} for several platforms"),
        };
        let summary = format!(
            "{} for {days} days; together {}{uncounted}, counted as if no layers were shared.",
            match tags.len() {
                1 => "The tag on this page can hardly move by its name, or has had one image only"
                    .to_owned(),
                n => format!(
                    "The {n} tags on this page can hardly move by their names, or have had one image only"
                ),
            },
            size(bytes)
        );
        let table = if tags.is_empty() && further {
            alert(
                "info",
                view! { <p>"None of the tags looked at so far; the next page looks further."</p> }
                    .into_any(),
            )
        } else if tags.is_empty() {
            view! { <Empty title="Nothing to tidy" why="Every name can move, and no tag has been left alone for long." icon_name="tag"/> }
                .into_any()
        } else {
            view! { <p>{summary}</p> {table(&stream, &tags, &asked)} }.into_any()
        };
        let examples = EXAMPLES
            .iter()
            .map(|(name, what)| view! { <div><dt><code>{format!("{}:{name}", stream.name)}</code></dt><dd>{*what}</dd></div> })
            .collect_view();
        Ok(view! {
            <PageHead title=format!("Tag names of {stream}") crumbs=below(&stream)/>
            <form class="filters" method="get" action=here>
                <label>"One image for days " <input type="number" name="days" min="1" max="3650" value=days.to_string()/></label>
                <Button>"Show"</Button>
            </form>
            {table}
            {pager}
            <section>
                <h2>"Names that tell their purpose"</h2>
                <dl class="kv">{examples}</dl>
            </section>
        }
        .into_any())
    })
}

fn table(stream: &StreamRef, tags: &[StaleTag], asked: &Asked) -> AnyView {
    let may = may_write(asked, stream);
    let rows = tags
        .iter()
        .map(|tag| row(stream, tag, may, asked.now))
        .collect_view();
    let table = view! {
        <table class="data">
            <caption class="visually-hidden">"Tags"</caption>
            <thead><tr>
                <th scope="col">"Tag"</th><th scope="col">"Why"</th><th scope="col">"Digest"</th>
                <th scope="col" class="number">"Size"</th><th scope="col">"Since"</th>
                {may.then(|| view! {
                    <th scope="col" class="tick"><span class="visually-hidden">"Select"</span><SelectAll name="tag[]".to_owned() form="tags".to_owned()/></th>
                })}
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    };
    if !may {
        return table.into_any();
    }
    view! {
        <form id="tags" method="get" action=routes::delete_tags(stream)>
            {table}
            <SelectionBar form="tags" name="tag[]"><Button kind="danger">"Delete…"</Button></SelectionBar>
        </form>
    }
    .into_any()
}

fn row(stream: &StreamRef, tag: &StaleTag, may: bool, now: DateTime<Utc>) -> AnyView {
    let name = tag.row.name.to_string();
    let advice = tag
        .advice
        .as_ref()
        .map(|advice| view! { <span>{advice.text.clone()}</span> });
    let stale = tag
        .stale
        .then(|| badge("warn", "wait", "One image for long"));
    let head = tag.row.head.as_ref();
    let tick = may.then(|| {
        let label = format!("Select {name}");
        view! { <td class="tick"><input type="checkbox" name="tag[]" value=name.clone() aria-label=label/></td> }
    });
    view! {
        <tr>
            <th scope="row"><a href=routes::tag(stream, &tag.row.name)>{name.clone()}</a></th>
            <td data-label="Why"><div>{stale} " " {advice}</div></td>
            <td data-label="Digest">{head.map(|head| image_link(stream, &head.digest))}</td>
            <td data-label="Size" class="number nowrap">{tag.row.size.filter(|bytes| *bytes > 0).map(size)}</td>
            <td data-label="Since">{head.map(|head| time(head.created_at, now).into_any())}</td>
            {tick}
        </tr>
    }
    .into_any()
}
