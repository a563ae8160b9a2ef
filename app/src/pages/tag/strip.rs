//! The revision strip: the revisions of a page on an axis of time. The table below it is its twin.

use leptos::prelude::*;
use model::{Revision, tag::Cause};

use crate::components::exact_time;

/// The least part of the axis between two marks, in tenths of a percent: each can be told and hit.
const GAP: i64 = 20;

/// Marks for the revisions of one page, newest first; the current one is filled, or marked as held. A click leads to
/// the row.
pub(super) fn strip(revisions: &[Revision], current: i64, held: bool) -> AnyView {
    let (Some(newest), Some(oldest)) = (revisions.first(), revisions.last()) else {
        return ().into_any();
    };
    if revisions.len() < 2 {
        return ().into_any();
    }
    let times = revisions.iter().rev();
    let places = places(
        &times
            .map(|r| r.created_at.timestamp_millis())
            .collect::<Vec<_>>(),
    );
    let marks = revisions
        .iter()
        .rev()
        .zip(places)
        .map(|(revision, tenths)| {
            let title = format!(
                "Revision {}, {}, {}",
                revision.number,
                exact_time(revision.created_at),
                cause(revision.cause)
            );
            let class = match (revision.number == current, held) {
                (true, true) => "held",
                (true, false) => "current",
                (false, _) => revision.cause.as_str(),
            };
            let at = format!("{}.{}%", tenths / 10, tenths % 10);
            view! {
                <a href=format!("#r{}", revision.number) tabindex="-1">
                    <circle cx=at cy="12" r="5" class=class><title>{title}</title></circle>
                </a>
            }
        })
        .collect_view();
    let day = |revision: &Revision| revision.created_at.format("%Y-%m-%d %H:%M").to_string();
    let (from, to) = (day(oldest), day(newest));
    view! {
        <div class="timeline" aria-hidden="true">
            <svg class="revisions" width="100%" height="24">
                <line x1="0" y1="12" x2="100%" y2="12"/>
                {marks}
            </svg>
            <p><span>{from}</span><span>{to}</span></p>
        </div>
    }
    .into_any()
}

/// Where moments are on the axis, in tenths of a percent: by time, but no two too close.
fn places(times: &[i64]) -> Vec<i64> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Vec::new();
    };
    let many = i64::try_from(times.len()).unwrap_or(i64::MAX);
    let gap = GAP.min(1000 / many);
    let span = (last - first).max(1);
    let mut places: Vec<i64> = Vec::with_capacity(times.len());
    for at in times {
        let place = (at - first).clamp(0, span).saturating_mul(1000) / span;
        places.push(
            places
                .last()
                .map_or(place, |before| place.max(before + gap)),
        );
    }
    // What was pushed over the end moves back.
    let mut most = 1000;
    for place in places.iter_mut().rev() {
        *place = (*place).min(most);
        most = *place - gap;
    }
    places
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Import => "imported",
        Cause::Tag => "tagged",
        Cause::Follow => "followed",
        Cause::Rollback => "rolled back",
        Cause::Push => "pushed",
    }
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn marks_lie_on_the_axis_by_time_and_apart() {
        assert_eq!(places(&[0, 50, 100]), [0, 500, 1000]);
        assert_eq!(places(&[0, 1, 1000]), [0, 20, 1000]);
        assert_eq!(places(&[0, 999, 1000]), [0, 980, 1000]);
        assert_eq!(places(&[7, 7, 7]), [0, 20, 40]);
        let many: Vec<_> = (0..200).map(|_| 0).collect();
        assert!(places(&many).iter().all(|place| (0..=1000).contains(place)));
    }
}
