//! Around tables: previews, pagers, row menus, the bar for ticked rows, what a list is narrowed by.

use std::collections::HashMap;

use leptos::prelude::*;
use model::{Aspect, Cursor, PageRequest, Plan, job::thousands};

use super::{alert, icon, shortened};
use crate::islands::RowSelection;

/// A difference: a row each, what is gone and what came.
#[component]
pub fn PreviewTable(
    /// What, what it is on the first side, what on the second.
    rows: Vec<[String; 3]>,
    /// Name of the table.
    caption: &'static str,
    /// What the two sides are called.
    sides: [&'static str; 2],
) -> impl IntoView {
    let rows = rows
        .into_iter()
        .map(|[what, before, after]| {
            view! {
                <tr>
                    <th scope="row">{what}</th>
                    <td data-label=sides[0]>{value(before, "removed")}</td>
                    <td data-label=sides[1]>{value(after, "added")}</td>
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

/// What is not there is a dash and no change of colour.
fn value(text: String, class: &'static str) -> AnyView {
    if text.is_empty() || text == "—" {
        view! { <span class="muted">"—"</span> }.into_any()
    } else {
        let short = shortened(&text);
        let title = (short != text).then_some(text);
        view! { <code class=class title=title>{short}</code> }.into_any()
    }
}

/// Rows a preview lists, and names a row of many lists: enough to see what is meant.
const MOST_LISTED: usize = 100;

/// What changes alike: of whom, and what.
struct Alike {
    of: Vec<String>,
    aspect: Aspect,
}

/// The changes of plans as rows; what changes alike for many is one row. Names carry their stream if there are several.
fn alike(plans: &[Plan]) -> Vec<Alike> {
    let mut found: Vec<Alike> = Vec::new();
    let mut at = HashMap::new();
    for plan in plans {
        for change in &plan.changes {
            let of = match (change.tag(), plans.len() > 1) {
                (Some(tag), true) => format!("{}:{tag}", plan.stream),
                (Some(tag), false) => tag.to_string(),
                (None, true) => plan.stream.to_string(),
                (None, false) => String::new(),
            };
            for aspect in change.rows() {
                let key = (aspect.name, aspect.before.clone(), aspect.after.clone());
                let row = *at.entry(key).or_insert(found.len());
                match found.get_mut(row) {
                    Some(alike) => alike.of.push(of.clone()),
                    None => found.push(Alike {
                        of: vec![of.clone()],
                        aspect,
                    }),
                }
            }
        }
    }
    found
}

/// What plans would change, before and after. No colours but for what deserves a second look.
pub fn plan_table(plans: &[Plan]) -> AnyView {
    let mut found = alike(plans);
    if found.is_empty() {
        return ().into_any();
    }
    let more = found.len().saturating_sub(MOST_LISTED);
    found.truncate(MOST_LISTED);
    let rows = found
        .into_iter()
        .map(|Alike { of, aspect }| {
            let kind = aspect.kind().unwrap_or_default();
            let what = match of.as_slice() {
                [one] => format!("{one} {}", aspect.name).trim().to_owned(),
                many => format!("{} · {}", members(many), aspect.name),
            };
            let names = (of.len() > 1).then(|| names(&of));
            view! {
                <tr>
                    <th scope="row">{what} {names}</th>
                    <td data-label="Now">{value(aspect.before, "muted")}</td>
                    <td data-label="Then">{value(aspect.after, kind)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="data plan">
            <caption class="visually-hidden">"Preview"</caption>
            <thead><tr><th scope="col">"What"</th><th scope="col">"Now"</th><th scope="col">"Then"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {(more > 0).then(|| view! { <p class="muted">{format!("And {} more changes like these.", count(more))}</p> })}
    }
    .into_any()
}

/// How many they are: tags, streams when no name has a tag.
fn members(names: &[String]) -> String {
    let streams = names
        .iter()
        .all(|name| name.contains('/') && !name.contains(':'));
    let what = if streams { "streams" } else { "tags" };
    format!("{} {what}", count(names.len()))
}

fn names(of: &[String]) -> AnyView {
    let more = of.len().saturating_sub(MOST_LISTED);
    let listed = of[..of.len() - more].join(", ");
    let more = (more > 0).then(|| format!(" and {} more", count(more)));
    view! { <details><summary>"Which"</summary><p><code>{listed}</code>{more}</p></details> }
        .into_any()
}

fn count(n: usize) -> String {
    thousands(i64::try_from(n).unwrap_or(i64::MAX))
}

/// What plans would do: sentences and warnings, then the form that confirms, then what it changes, which may be long.
#[component]
pub fn Preview(
    /// The plans, a stream each.
    plans: Vec<Plan>,
    /// The form that confirms, if there is something to confirm.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let said = plans
        .iter()
        .map(|plan| {
            let warnings = plan
                .warnings
                .iter()
                .map(|warning| alert("warn", view! { <p>{warning.0.clone()}</p> }.into_any()))
                .collect_view();
            view! { <p class="sentence">{plan.sentence.clone()}</p> {warnings} }
        })
        .collect_view();
    view! {
        {said}
        {children.map(|children| children())}
        {plan_table(&plans)}
    }
}

/// Rows a page can have.
const SIZES: [usize; 4] = [25, 50, 100, 200];

/// Links to the pages before and after, and how many rows a page has. `base` is the page's address with every other query
/// value, ending in `?` or `&`; `words` are "Newer" and "Older", or "Previous" and "Next" for lists that are not by time.
pub fn pager(
    base: &str,
    previous: Option<&Cursor>,
    next: Option<&Cursor>,
    words: [&'static str; 2],
) -> AnyView {
    let (plain, size) = without_size(base);
    if previous.is_none() && next.is_none() && size == PageRequest::DEFAULT {
        return ().into_any();
    }
    let link = |cursor: Option<&Cursor>, word: &'static str, rel: &'static str| {
        cursor.map(|cursor| {
            let href = format!("{base}cursor={}", escape(&cursor.to_string()));
            view! { <a class="button" href=href rel=rel>{word}</a> }
        })
    };
    let sizes = SIZES
        .map(|n| {
            let href = format!("{plain}size={n}");
            let label = format!("{n} rows per page");
            view! { <a href=href aria-label=label aria-current=(n == size).then_some("true")>{n}</a> }
        })
        .collect_view();
    view! {
        <nav class="pager" aria-label="Pages">
            {link(previous, words[0], "prev")}
            {link(next, words[1], "next")}
            <span class="sizes">"Rows per page " {sizes}</span>
        </nav>
    }
    .into_any()
}

/// The address without its choice of rows, and that choice.
fn without_size(base: &str) -> (String, usize) {
    let found = base.rsplit_once("size=").and_then(|(before, rest)| {
        let (size, after) = rest.split_once('&')?;
        Some((format!("{before}{after}"), size.parse().ok()?))
    });
    found.unwrap_or_else(|| (base.to_owned(), PageRequest::DEFAULT))
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

/// A button that asks before it does what cannot be undone: opens what to know and the form. Works without scripts.
#[component]
pub fn Ask(
    /// Its word: "Remove".
    word: &'static str,
    /// Its name: "Remove the credential for quay.io".
    #[prop(into)]
    label: String,
    /// What to know, and the form with its button.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="menu ask" name="menu">
            <summary aria-label=label>{word}</summary>
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

/// The form that narrows a list. On phones it is folded away until asked for or in use.
#[component]
pub fn Filters(
    /// The list's address.
    #[prop(into)]
    action: String,
    /// Whether something narrows the list now.
    active: bool,
    /// Rows per page, which a filter keeps.
    size: usize,
    /// Labels around controls; the button is there already.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="fold" open=active><summary>"Filter"</summary></details>
        <form class="filters" method="get" action=action>
            {(size != PageRequest::DEFAULT).then(|| view! { <input type="hidden" name="size" value=size.to_string()/> })}
            {children()}
            <button class="button">"Filter"</button>
        </form>
    }
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

#[cfg(test)]
mod tests {
    use model::{Change, StreamRef};

    use super::*;

    #[test]
    fn what_changes_alike_is_one_row() {
        let hold = |tag: &str| Change::SetHold {
            tag: tag.parse().unwrap(),
            before: false,
            after: true,
        };
        let plan = |name: &str, changes| Plan {
            stream: StreamRef::parse("shop", name).unwrap(),
            changes,
            warnings: Vec::new(),
            sentence: String::new(),
        };
        let insecure = Change::SetInsecure {
            before: false,
            after: true,
        };
        let one = [plan("a", vec![hold("1"), hold("2"), insecure.clone()])];
        let found = alike(&one);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].of, ["1", "2"]);
        assert_eq!(members(&found[0].of), "2 tags");
        assert_eq!(found[1].aspect.kind(), Some("warn"));
        let two = [one[0].clone(), plan("b", vec![insecure])];
        let found = alike(&two);
        assert_eq!(found[0].of, ["shop/a:1", "shop/a:2"]);
        assert_eq!(members(&found[1].of), "2 streams");
    }

    #[test]
    fn the_rows_a_page_has_are_read_from_its_address() {
        assert_eq!(
            without_size("/s/a/b?text=2&size=100&"),
            ("/s/a/b?text=2&".to_owned(), 100)
        );
        assert_eq!(without_size("/imports?"), ("/imports?".to_owned(), 50));
    }
}
