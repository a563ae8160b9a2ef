//! A tag's history: every image it pointed at, newest first.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    PageRequest, Revision, StreamRef, TagName,
    job::thousands,
    tag::{Cause, TagView},
};

use super::{past, strip::strip, tag_head};
use crate::{
    api::ApiError,
    components::{Empty, badge, pager, time},
    islands::LivePage,
    pages::{
        Asked, banner, by, page,
        stream::{base, image_link, may_write},
    },
    routes,
};

/// A tag's history.
#[component]
pub fn TagHistoryPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        if !asked.query("at").is_empty() {
            return past::history_page(&asked, &stream, &tag).await;
        }
        let call = &asked.call;
        let view = call.engine.tag(&call.actor, &stream, &tag).await?;
        let request = asked.page()?;
        let revisions = call
            .engine
            .history(&call.actor, &stream, &tag, &request)
            .await?;
        let newer = match &revisions.previous {
            Some(cursor) => {
                let above = PageRequest {
                    cursor: Some(cursor.clone()),
                    size: 1,
                };
                newest_of(&asked, &stream, &view, &above).await?
            }
            None => None,
        };
        let here = routes::history(&stream, &tag);
        let base = base(&here, &[], request.size);
        let table = if revisions.items.is_empty() {
            view! {
                <Empty title="No revisions yet" why="A revision is added whenever the tag begins to point at another image."/>
            }
            .into_any()
        } else {
            let current = view.row.head.as_ref().map_or(0, |head| head.number);
            let until = ends(&revisions.items, newer.as_ref());
            view! {
                {strip(&revisions.items, current, view.row.hold.is_some())}
                {table(&stream, &tag, &revisions.items, until, current, &asked)}
            }
            .into_any()
        };
        Ok(view! {
            {tag_head(&stream, &view, &asked, "History")}
            {banner(&asked)}
            {table}
            {pager(&base, revisions.previous.as_ref(), revisions.next.as_ref(), ["Newer", "Older"])}
            <LivePage events=routes::events(Some(&stream))/>
        }
        .into_any())
    })
}

/// A page of the revisions there were at an instant.
pub(super) async fn as_it_was(
    stream: &StreamRef,
    tag: &TagName,
    revisions: &[Revision],
    asked: &Asked,
) -> AnyView {
    let call = &asked.call;
    let above = revisions.first().map_or(0, |newest| newest.number + 1);
    let newer = call.engine.revision(&call.actor, stream, tag, above).await;
    let until = ends(revisions, newer.ok().as_ref());
    let today = call.engine.tag(&call.actor, stream, tag).await.ok();
    let current = today.and_then(|view| view.row.head);
    let current = current.map_or(0, |head| head.number);
    table(stream, tag, revisions, until, current, asked)
}

/// The revision just above a page: it ended the first one there.
async fn newest_of(
    asked: &Asked,
    stream: &StreamRef,
    view: &TagView,
    above: &PageRequest,
) -> Result<Option<Revision>, ApiError> {
    let call = &asked.call;
    let page = call
        .engine
        .history(&call.actor, stream, &view.row.name, above)
        .await?;
    Ok(page.items.into_iter().next_back())
}

/// When each revision ended: when the one above it began. The current one has not.
fn ends(revisions: &[Revision], newer: Option<&Revision>) -> Vec<Option<DateTime<Utc>>> {
    let above = newer.map(|revision| revision.created_at);
    let begins = revisions.iter().map(|revision| Some(revision.created_at));
    std::iter::once(above)
        .chain(begins)
        .take(revisions.len())
        .collect()
}

fn table(
    stream: &StreamRef,
    tag: &TagName,
    revisions: &[Revision],
    until: Vec<Option<DateTime<Utc>>>,
    current: i64,
    asked: &Asked,
) -> AnyView {
    let may = may_write(asked, stream);
    let rows = revisions
        .iter()
        .zip(until)
        .map(|(revision, until)| {
            let mark = revision.number == current;
            row(stream, tag, revision, until, mark, may, asked.now)
        })
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"History"</caption>
            <thead><tr>
                <th scope="col">"Revision"</th><th scope="col">"Digest"</th><th scope="col">"Since"</th>
                <th scope="col">"Until"</th><th scope="col">"Cause"</th><th scope="col">"By"</th>
                <th scope="col"><span class="visually-hidden">"Action"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(
    stream: &StreamRef,
    tag: &TagName,
    revision: &Revision,
    until: Option<DateTime<Utc>>,
    current: bool,
    may: bool,
    now: DateTime<Utc>,
) -> AnyView {
    let number = thousands(revision.number);
    let source = format!("{}@{}", stream.name, revision.digest);
    let job = revision.job_id.as_ref().map(|job| {
        let href = routes::job(job);
        view! { " · " <a href=href>"import"</a> }
    });
    let compare = (!current).then(|| {
        let label = format!("Compare revision {number} with the current image");
        let href = routes::diff_with_current(stream, tag, revision.number);
        view! { <a href=href aria-label=label>"Compare"</a> }
    });
    let restore = (may && !current).then(|| {
        let label = format!("Restore revision {number}");
        let href = routes::rollback_to(stream, tag, revision.number);
        view! { " · " <a href=href aria-label=label>"Restore"</a> }
    });
    let tag_this = may.then(|| {
        let label = format!("Tag this: revision {number}");
        let dot = (!current).then_some(" · ");
        view! { {dot} <a href=routes::tag_form_from(stream, &source) aria-label=label>"Tag this"</a> }
    });
    view! {
        <tr id=format!("r{}", revision.number)>
            <th scope="row">{number}</th>
            <td data-label="Digest">
                <span>{image_link(stream, &revision.digest)} {current.then(|| badge("ok", "ok", "Current"))}</span>
            </td>
            <td data-label="Since">{time(revision.created_at, now)}</td>
            <td data-label="Until">{until.map_or_else(|| view! { <span class="muted">"now"</span> }.into_any(), |at| time(at, now).into_any())}</td>
            <td data-label="Cause"><span>{cause(revision.cause)} {job}</span></td>
            <td data-label="By">{by(&revision.actor)}</td>
            <td class="number nowrap">{compare} {restore} {tag_this}</td>
        </tr>
    }
    .into_any()
}

/// Why the tag moved, in words.
fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Import => "Imported",
        Cause::Tag => "Tagged",
        Cause::Follow => "Followed",
        Cause::Rollback => "Rolled back",
        Cause::Push => "Pushed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: i64) -> Revision {
        let digest = format!("sha256:{}", "a".repeat(64));
        Revision {
            number,
            digest: digest.parse().unwrap(),
            reference: format!("h.io/a@{digest}").parse().unwrap(),
            generation: number,
            created_at: DateTime::from_timestamp(number * 60, 0).unwrap(),
            cause: Cause::Import,
            actor: String::new(),
            job_id: None,
        }
    }

    #[test]
    fn a_revision_ends_when_the_one_above_it_began_also_across_pages() {
        let page = [revision(3), revision(2)];
        let at = |n: i64| DateTime::from_timestamp(n * 60, 0);
        assert_eq!(ends(&page, None), [None, at(3)]);
        assert_eq!(ends(&page, Some(&revision(4))), [at(4), at(3)]);
    }
}
