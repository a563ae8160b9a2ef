//! Around tables: previews, pagers, row menus, the bar for ticked rows, what a list is narrowed by.

use leptos::prelude::*;
use model::{Cursor, Plan, job::thousands};

use super::{alert, icon};
use crate::islands::RowSelection;

/// What would change: a row each, before and after.
#[component]
pub fn PreviewTable(
    /// What, what it is now, what it will be.
    rows: Vec<[String; 3]>,
    /// Name of the table.
    #[prop(default = "Preview")]
    caption: &'static str,
    /// What the two sides are called.
    #[prop(default = ["Now", "Then"])]
    sides: [&'static str; 2],
) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|[what, before, after]| {
            // What is not there is a dash and no change of colour.
            let side = |text: String, class: &'static str| {
                if text.is_empty() || text == "—" {
                    view! { <span class="muted">"—"</span> }.into_any()
                } else {
                    view! { <code class=class>{text}</code> }.into_any()
                }
            };
            view! {
                <tr>
                    <th scope="row">{what}</th>
                    <td data-label=sides[0]>{side(before, "removed")}</td>
                    <td data-label=sides[1]>{side(after, "added")}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="data plan diff">
            <caption class="visually-hidden">{caption}</caption>
            <thead><tr><th scope="col">"What"</th><th scope="col">{sides[0]}</th><th scope="col">{sides[1]}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Changes a preview lists: enough to see what is meant.
const MOST_LISTED: usize = 100;

/// What a plan would change: sentence, warnings, and a [`PreviewTable`]. The button that confirms follows it.
#[component]
pub fn Preview(
    /// The plan.
    plan: Plan,
) -> impl IntoView {
    let listed = plan.changes.len().min(MOST_LISTED);
    let more = plan.changes.len() - listed;
    let rows: Vec<_> = plan.changes[..listed]
        .iter()
        .flat_map(model::Change::rows)
        .collect();
    let warnings = plan
        .warnings
        .into_iter()
        .map(|warning| alert("warn", view! { <p>{warning.0}</p> }.into_any()))
        .collect_view();
    view! {
        <p class="sentence">{plan.sentence}</p>
        {warnings}
        {(!rows.is_empty()).then(|| view! { <PreviewTable rows=rows/> })}
        {(more > 0).then(|| view! { <p class="muted">{format!("And {} more changes like these.", thousands(i64::try_from(more).unwrap_or(i64::MAX)))}</p> })}
    }
}

/// Links to the pages before and after. `base` is the page's address with every other query value, ending in `?` or `&`;
/// `words` are "Newer" and "Older", or "Previous" and "Next" for lists that are not by time.
pub fn pager(
    base: &str,
    previous: Option<&Cursor>,
    next: Option<&Cursor>,
    words: [&'static str; 2],
) -> AnyView {
    if previous.is_none() && next.is_none() {
        return ().into_any();
    }
    let link = |cursor: Option<&Cursor>, word: &'static str, rel: &'static str| {
        cursor.map(|cursor| {
            let href = format!("{base}cursor={}", escape(&cursor.to_string()));
            view! { <a class="button" href=href rel=rel>{word}</a> }
        })
    };
    view! {
        <nav class="pager" aria-label="Pages">
            {link(previous, words[0], "prev")}
            {link(next, words[1], "next")}
        </nav>
    }
    .into_any()
}

/// Percent-encodes a query value.
#[must_use]
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// A menu of more actions, of a row or a page. Opens without scripts; opening one closes the others.
///
/// Children are `<a>`s and `<form>`s with a [`super::Button`]; class `danger` marks what destroys.
#[component]
pub fn Kebab(
    /// What the actions are for: "Actions for ruby:2.0".
    #[prop(into)]
    label: String,
    /// The actions.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="menu kebab" name="menu">
            <summary aria-label=label title="More actions">{icon("more").into_any()}</summary>
            <div class="menu-body">{children()}</div>
        </details>
    }
}

/// The bar for ticked rows: shown while any row of the form is ticked (by the style, so without scripts too), with how
/// many. Last child of the form that holds the table.
///
/// Children are the buttons that send the form: "Import again", "Delete…".
#[component]
pub fn SelectionBar(
    /// Id of the form.
    #[prop(into)]
    form: String,
    /// Name of the rows' check boxes.
    #[prop(into)]
    name: String,
    /// The buttons.
    children: Children,
) -> impl IntoView {
    view! { <div class="selection-bar"><RowSelection name=name form=form/>{children()}</div> }
}

/// What a list is narrowed by: a chip each, which links to the list without it, and one that clears all.
#[component]
pub fn FilterChips(
    /// Words of each filter ("State: failed") and the address without it; nothing is shown if there are none.
    chips: Vec<(String, String)>,
    /// The address without any.
    #[prop(into)]
    clear: String,
) -> impl IntoView {
    (!chips.is_empty()).then(|| {
        let chips = chips
            .into_iter()
            .map(|(text, href)| {
                let label = format!("Remove the filter {text}");
                view! { <li><a class="chip" href=href aria-label=label>{text}{icon("close").into_any()}</a></li> }
            })
            .collect_view();
        view! { <ul class="chips" aria-label="Active filters">{chips}<li><a href=clear>"Clear all"</a></li></ul> }
    })
}
