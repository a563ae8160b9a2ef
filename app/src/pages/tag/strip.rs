//! The revision strip: the revisions of a page on an axis of time. The table below it is its twin.

use leptos::prelude::*;
use model::{Revision, tag::Cause};

use crate::components::exact_time;

/// Marks for the revisions of one page, newest first; the current one is filled. A click leads to the row.
pub(super) fn strip(revisions: &[Revision], current: i64) -> AnyView {
    let (Some(newest), Some(oldest)) = (revisions.first(), revisions.last()) else {
        return ().into_any();
    };
    if revisions.len() < 2 {
        return ().into_any();
    }
    let start = oldest.created_at;
    let span = (newest.created_at - start).num_milliseconds().max(1);
    let marks = revisions
        .iter()
        .rev()
        .map(|revision| {
            let at = (revision.created_at - start).num_milliseconds();
            let title = format!(
                "Revision {}, {}, {}",
                revision.number,
                exact_time(revision.created_at),
                cause(revision.cause)
            );
            let class = if revision.number == current {
                "current"
            } else {
                revision.cause.as_str()
            };
            view! {
                <a href=format!("#r{}", revision.number) tabindex="-1">
                    <circle cx=percent(at, span) cy="12" r="5" class=class><title>{title}</title></circle>
                </a>
            }
        })
        .collect_view();
    view! {
        <svg class="revisions" width="100%" height="24" aria-hidden="true">
            <line x1="1%" y1="12" x2="99%" y2="12"/>
            {marks}
        </svg>
    }
    .into_any()
}

/// Where a moment is on the axis, from 1 % to 99 %, so that the marks at both ends are whole.
fn percent(at: i64, span: i64) -> String {
    let tenths = 10 + at.clamp(0, span).saturating_mul(980) / span;
    format!("{}.{}%", tenths / 10, tenths % 10)
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
    use super::percent;

    #[test]
    fn marks_lie_on_the_axis() {
        assert_eq!(percent(0, 100), "1.0%");
        assert_eq!(percent(50, 100), "50.0%");
        assert_eq!(percent(100, 100), "99.0%");
        assert_eq!(percent(0, 1), "1.0%");
    }
}
