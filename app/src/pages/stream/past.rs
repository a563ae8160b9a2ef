//! A stream as it was at an instant (`?at=`): which image each tag pointed at then.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use leptos::prelude::*;
use model::{StreamRef, tag::TagThen};

use super::{base, image_link, stream_head};
use crate::{
    api::ApiError,
    components::{
        Button, Empty, ErrorSummary, TextField, alert, exact_time, field_error, pager, reference,
        time,
    },
    pages::Asked,
    routes,
};

/// What the page shows instead of the tags of today.
pub(super) async fn page(asked: &Asked, stream: &StreamRef) -> Result<AnyView, ApiError> {
    let call = &asked.call;
    let view = call.engine.stream(&call.actor, stream).await?;
    let text = asked.query("at");
    let request = asked.page()?;
    let here = routes::stream(stream);
    let read = instant(&text);
    let error = read
        .as_ref()
        .err()
        .map(|message| ApiError::invalid("at", message.clone()));
    let shown = match read {
        Ok(at) => {
            let then = call
                .engine
                .stream_at(&call.actor, stream, at, &request)
                .await?;
            let base = base(&here, &[("at", &text)], request.size);
            let nothing =
                then.tags.items.is_empty() && then.deleted.is_empty() && !then.more_deleted;
            let table = if nothing {
                let why = format!("{stream} had no tag with an image at that time.");
                view! { <Empty title="No tags then" why=why icon_name="tag"/> }.into_any()
            } else {
                view! {
                    {table(stream, "Tags", (&then.tags.items, &text), asked.now)}
                    {pager(&base, then.tags.previous.as_ref(), then.tags.next.as_ref(), ["Previous", "Next"])}
                    {(!then.deleted.is_empty()).then(|| view! {
                        <h2>"Deleted since"</h2>
                        {table(stream, "Deleted since", (&then.deleted, &text), asked.now)}
                    })}
                    {then.more_deleted.then(|| alert("info", view! {
                        <p>"More tags were deleted since than the first 200, by name, which were looked at."</p>
                    }.into_any()))}
                }
                .into_any()
            };
            let words = format!("{} as it was at {}. ", stream.name, exact_time(at));
            let now = here.clone();
            let banner = alert(
                "info",
                view! { <p>{words} <a href=now>"Back to now"</a></p> }.into_any(),
            );
            view! { {banner} {table} }.into_any()
        }
        Err(_) => ().into_any(),
    };
    let head = stream_head(&view, asked, "Tags");
    let action = here;
    Ok(view! {
        {head}
        <ErrorSummary error=error.clone()/>
        <form class="filters" method="get" action=action>
            {at_field(text, error.as_ref())}
            <Button>"Show"</Button>
        </form>
        {shown}
    }
    .into_any())
}

/// Where the instant is written.
pub(in crate::pages) fn at_field(text: String, error: Option<&ApiError>) -> AnyView {
    view! {
        <TextField name="at" label="As it was at" value=text hint="A date or time in UTC, as in 2026-05-01 or 2026-05-01 12:00" error=field_error(error, "at")/>
    }
    .into_any()
}

fn table(
    stream: &StreamRef,
    caption: &'static str,
    (tags, at): (&[TagThen], &str),
    now: DateTime<Utc>,
) -> AnyView {
    let rows = tags
        .iter()
        .map(|tag| {
            let href = routes::with_query(&routes::tag(stream, &tag.name), &[("at", at)]);
            let name = view! { <a href=href>{tag.name.to_string()}</a> };
            view! {
                <tr>
                    <th scope="row">{name}</th>
                    <td data-label="Digest">{image_link(stream, &tag.digest)}</td>
                    <td data-label="Found at">{reference(&tag.reference)}</td>
                    <td data-label="Revision" class="number">{tag.number.map_or_else(|| "—".to_owned(), |n| n.to_string())}</td>
                    <td data-label="Since">{time(tag.since, now)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">{caption}</caption>
            <thead><tr>
                <th scope="col">"Tag"</th><th scope="col">"Digest"</th><th scope="col">"Found at"</th>
                <th scope="col" class="number">"Revision"</th><th scope="col">"Since"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// Reads a time: RFC 3339, or a date with or without a time of day, in UTC. A date alone means its end.
pub(in crate::pages) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    for form in [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
    ] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, form) {
            return Ok(at.and_utc());
        }
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    day.and_then(|day| day.and_hms_opt(23, 59, 59))
        .map(|at| at.and_utc())
        .ok_or_else(|| {
            format!("\u{201c}{text}\u{201d} is no time: write 2026-05-01, 2026-05-01 12:00 or 2026-05-01T12:00:00Z")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_utc_and_a_date_means_its_end() {
        for (text, read) in [
            ("2026-05-01", "2026-05-01T23:59:59Z"),
            ("2026-05-01 12:00", "2026-05-01T12:00:00Z"),
            (" 2026-05-01T12:00:05 ", "2026-05-01T12:00:05Z"),
            ("2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00Z"),
        ] {
            assert_eq!(
                instant(text).unwrap(),
                read.parse::<DateTime<Utc>>().unwrap(),
                "{text}"
            );
        }
        for text in ["", "yesterday", "2026-02-30", "2026-05-01 25:00"] {
            assert!(instant(text).unwrap_err().contains("is no time"), "{text}");
        }
    }
}
