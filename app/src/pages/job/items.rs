//! What came of each tag of an import.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::job::{ItemState, JobItem, JobView, Progress};

use crate::{
    components::{Tab, Tabs, badge, time},
    pages::stream::image_link,
    routes,
};

/// Links that narrow the table, with how many each shows.
pub(super) fn filters(here: &str, progress: &Progress, current: &str) -> AnyView {
    let all = progress.total + progress.left_out;
    let tab = |name, state: &str, n| Tab {
        name,
        href: if state.is_empty() {
            here.to_owned()
        } else {
            format!("{here}?state={state}")
        },
        count: Some(n),
    };
    let tabs = vec![
        tab("All", "", all),
        tab("Failed", "failed", progress.failed),
        tab("Left out", "left-out", progress.left_out),
    ];
    let current = match current {
        "" => "All",
        "failed" => "Failed",
        "left-out" => "Left out",
        _ => "",
    };
    view! { <Tabs tabs=tabs current=current label="Tags by result"/> }.into_any()
}

/// The tags of one page, or why there are none.
pub(super) fn items_table(
    job: &JobView,
    items: &[JobItem],
    only: Option<ItemState>,
    now: DateTime<Utc>,
) -> AnyView {
    if items.is_empty() {
        let why = match (only, job.state.is_final()) {
            (Some(ItemState::Failed), true) => "No tag failed.",
            (Some(ItemState::Failed), false) => "No tag has failed so far.",
            (Some(ItemState::LeftOut), _) => "The limit left no tag out.",
            (Some(_), _) => "No tag is in this state.",
            (None, true) => "It looked at no tag.",
            (None, false) => "The tag list is being read.",
        };
        return view! { <p class="muted">{why}</p> }.into_any();
    }
    let rows = items.iter().map(|item| row(job, item, now)).collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Tags"</caption>
            <thead><tr>
                <th scope="col">"Tag"</th><th scope="col">"State"</th><th scope="col">"Digest"</th>
                <th scope="col">"Message"</th><th scope="col">"Time"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(job: &JobView, item: &JobItem, now: DateTime<Utc>) -> AnyView {
    // A tag that was not looked at need not be there.
    let there = matches!(
        item.state,
        ItemState::Imported | ItemState::Unchanged | ItemState::Mirrored | ItemState::Failed
    );
    let name = item.tag.to_string();
    let name = if there {
        view! { <a href=routes::tag(&job.stream, &item.tag)>{name}</a> }.into_any()
    } else {
        view! { <span>{name}</span> }.into_any()
    };
    let digest = item
        .digest
        .as_ref()
        .map(|digest| image_link(&job.stream, digest));
    let message = (!item.message.is_empty()).then(|| {
        let class = if item.state == ItemState::Failed {
            "row-error"
        } else {
            "muted"
        };
        view! { <p class=class>{item.message.clone()}</p> }
    });
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td data-label="State">{item_badge(item.state)}</td>
            <td data-label="Digest">{digest}</td>
            <td data-label="Message">{message}</td>
            <td data-label="Time">{item.at.map(|at| time(at, now).into_any())}</td>
        </tr>
    }
    .into_any()
}

fn item_badge(state: ItemState) -> AnyView {
    match state {
        ItemState::Pending => badge("info", "wait", "Pending"),
        ItemState::Imported => badge("ok", "ok", "Imported"),
        ItemState::Unchanged => badge("quiet", "ok", "Unchanged"),
        ItemState::Mirrored => badge("ok", "ok", "Stored"),
        ItemState::Failed => badge("bad", "fail", "Failed"),
        ItemState::Held => badge("quiet", "pin", "Held"),
        ItemState::LeftOut => badge("quiet", "stop", "Left out"),
        ItemState::Cancelled => badge("quiet", "stop", "Cancelled"),
    }
}
