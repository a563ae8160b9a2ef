//! A stream's history: everything that changed, newest first, narrowed by tag, time and cause.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use model::{
    Aspect, StreamRef,
    journal::{CAUSES, Entry, JournalFilter},
};

use super::{base, image_link, may_write, stream_head};
use crate::{
    api::ApiError,
    components::{Empty, FilterChips, Filters, pager, shortened, time},
    islands::LivePage,
    pages::{Asked, banner, by, page},
    routes,
};

/// A stream's history.
#[component]
pub fn StreamHistoryPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let view = call.engine.stream(&call.actor, &stream).await?;
        let request = asked.page()?;
        let given = Given::read(&asked);
        let filter = given.filter()?;
        let entries = call
            .engine
            .stream_history(&call.actor, &stream, &filter, &request)
            .await?;
        let here = routes::stream_history(&stream);
        let base = base(&here, &given.pairs(), request.size);
        let table = if entries.items.is_empty() {
            let chips = given.chips(&here).into_iter().map(|(words, _)| words);
            let of: Vec<_> = chips.collect();
            let why = if of.is_empty() {
                "Nothing of this stream has changed yet.".to_owned()
            } else {
                format!("No change of this stream fits: {}.", of.join(", "))
            };
            view! { <Empty title="Nothing fits" why=why/> }.into_any()
        } else {
            table(&stream, &entries.items, &asked)
        };
        let options = std::iter::once("")
            .chain(CAUSES)
            .map(|cause| {
                let word = if cause.is_empty() { "any" } else { cause };
                view! { <option value=cause selected={given.cause == cause}>{word}</option> }
            })
            .collect_view();
        let chips = given.chips(&here);
        Ok(view! {
            {stream_head(&view, &asked, "History")}
            {banner(&asked)}
            <Filters action=here.clone() active=!chips.is_empty() size=request.size>
                <label>"Tag " <input type="search" name="tag" value=given.tag.clone()/></label>
                <label>"Cause " <select name="cause">{options}</select></label>
                <label>"From " <input type="date" name="from" value=given.from.clone()/></label>
                <label>"To " <input type="date" name="to" value=given.to.clone()/></label>
            </Filters>
            <FilterChips chips=chips clear=here/>
            {table}
            {pager(&base, entries.previous.as_ref(), entries.next.as_ref(), ["Newer", "Older"])}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}

/// The filter as it was written.
struct Given {
    tag: String,
    cause: String,
    from: String,
    to: String,
}

impl Given {
    fn read(asked: &Asked) -> Self {
        Self {
            tag: asked.query("tag"),
            cause: asked.query("cause"),
            from: asked.query("from"),
            to: asked.query("to"),
        }
    }

    fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            ("tag", &self.tag),
            ("cause", &self.cause),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    fn filter(&self) -> Result<JournalFilter, ApiError> {
        let tag = match self.tag.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|error: model::name::NameError| {
                ApiError::invalid("tag", error.to_string())
            })?),
        };
        let to = day("to", &self.to)?.map(|day| day.checked_add_days(Days::new(1)).unwrap_or(day));
        Ok(JournalFilter {
            tag,
            cause: self.cause.clone(),
            from: day("from", &self.from)?.map(midnight),
            until: to.map(midnight),
        })
    }

    /// What narrows the list, each with the list without it.
    fn chips(&self, here: &str) -> Vec<(String, String)> {
        let pairs = self.pairs();
        pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| {
                let others: Vec<_> = pairs
                    .iter()
                    .copied()
                    .filter(|(other, _)| other != name)
                    .collect();
                (format!("{name} {value}"), routes::with_query(here, &others))
            })
            .collect()
    }
}

fn day(field: &str, text: &str) -> Result<Option<NaiveDate>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        ApiError::invalid(
            field,
            format!("\u{201c}{text}\u{201d} is no day: write it as in 2026-05-01"),
        )
    })
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn table(stream: &StreamRef, entries: &[Entry], asked: &Asked) -> AnyView {
    let may = may_write(asked, stream);
    let mut last = 0;
    let rows = entries
        .iter()
        .flat_map(|entry| {
            // Once a transaction is enough.
            let undo = (may && entry.undoable() && entry.number != last)
                .then(|| routes::undo(stream, entry.number));
            last = entry.number;
            let mut undo = undo;
            entry
                .change
                .rows()
                .into_iter()
                .enumerate()
                .map(|(i, row)| line(stream, entry, i, row, undo.take(), asked.now))
                .collect::<Vec<_>>()
        })
        .collect_view();
    view! {
        <table class="data journal">
            <caption class="visually-hidden">"History"</caption>
            <thead><tr>
                <th scope="col">"What"</th><th scope="col">"Before"</th><th scope="col">"After"</th>
                <th scope="col">"When"</th><th scope="col">"Cause"</th><th scope="col">"By"</th>
                <th scope="col"><span class="visually-hidden">"Action"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn line(
    stream: &StreamRef,
    entry: &Entry,
    i: usize,
    row: Aspect,
    undo: Option<String>,
    now: DateTime<Utc>,
) -> AnyView {
    let id = format!("j{}-{}-{i}", entry.number, entry.position);
    let undo = undo.map(|href| {
        let label = format!("Undo version {}", entry.number);
        view! { <a href=href aria-label=label>"Undo"</a> }
    });
    let tag = entry.change.tag().map(|tag| {
        let href = routes::tag(stream, tag);
        view! { <a href=href>{tag.to_string()}</a> " " }
    });
    view! {
        <tr id=id>
            <th scope="row">{tag} <span class="muted">{row.name}</span></th>
            <td data-label="Before">{side(stream, row.before)}</td>
            <td data-label="After">{side(stream, row.after)}</td>
            <td data-label="When">{time(entry.at, now)}</td>
            <td data-label="Cause">{entry.cause.clone()}</td>
            <td data-label="By">{by(&entry.actor)}</td>
            <td class="number">{undo}</td>
        </tr>
    }
    .into_any()
}

/// A value: a digest leads to its image; those within a text are cut to what tells them apart, the whole is in the title.
fn side(stream: &StreamRef, text: String) -> AnyView {
    if let Ok(digest) = text.parse() {
        return image_link(stream, &digest);
    }
    let short = shortened(&text);
    let title = (short != text).then_some(text);
    view! { <span class="value" title=title>{short}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_nonsense_is_named() {
        let given = |from: &str, to: &str| Given {
            tag: String::new(),
            cause: String::new(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let filter = given("2026-05-01", "2026-05-01").filter().unwrap();
        let length = filter.until.unwrap() - filter.from.unwrap();
        assert_eq!(length, chrono::TimeDelta::days(1), "both ends are within");
        let error = given("May", "").filter().unwrap_err();
        assert_eq!(error.field(), Some("from"));
    }
}
