//! The head of a page, its tabs, and the parts of the frame around every page.

use leptos::prelude::*;
use leptos_meta::Title;
use model::job::thousands;

use super::{Mark, icon};

/// Where we are, the page's name, one line of facts, and what can be done. Sets the document's title too.
///
/// Children are the actions at the right: links and small forms, at most one of them primary.
#[component]
pub fn PageHead(
    /// The name: of a thing, or of the page in sentence case.
    #[prop(into)]
    title: String,
    /// The title is a name of the user's, so it is set in the typeface of code.
    #[prop(optional)]
    mono: bool,
    /// Text and address of each page above, outermost first. Namespaces are links.
    #[prop(optional)]
    crumbs: Vec<(String, String)>,
    /// `<span>`s and badges.
    #[prop(optional, into)]
    facts: Option<AnyView>,
    /// The actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let crumbs = (!crumbs.is_empty()).then(|| {
        let links = crumbs
            .into_iter()
            .map(|(text, href)| view! { <li><a href=href>{text}</a></li> })
            .collect_view();
        view! { <nav aria-label="Breadcrumb"><ol class="crumbs">{links}</ol></nav> }
    });
    view! {
        <Title text=title.clone()/>
        <header class="page-head">
            {crumbs}
            <div class="title-row">
                <h1 class=mono.then_some("mono")>{title}</h1>
                {children.map(|actions| view! { <div class="actions">{actions()}</div> })}
            </div>
            {facts.map(|facts| view! { <div class="facts">{facts}</div> })}
        </header>
    }
}

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Its word.
    pub name: &'static str,
    /// Its page.
    pub href: String,
    /// A number beside the word.
    pub count: Option<i64>,
}

/// Tabs: links to sibling pages, the current one marked.
#[component]
pub fn Tabs(
    /// The tabs, in order.
    tabs: Vec<Tab>,
    /// The word of the current one.
    current: &'static str,
    /// What the tabs are, for screen readers.
    #[prop(default = "Views")]
    label: &'static str,
) -> impl IntoView {
    let links = tabs
        .into_iter()
        .map(|tab| {
            let here = (tab.name == current).then_some("page");
            let count = tab
                .count
                .map(|n| view! { <span class="count">{thousands(n)}</span> });
            view! { <li><a href=tab.href aria-current=here>{tab.name}{count}</a></li> }
        })
        .collect_view();
    view! { <nav aria-label=label><ul class="tabs">{links}</ul></nav> }
}

/// An entry of the main navigation: only what exists and is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// Its word.
    pub name: &'static str,
    /// Its page.
    pub href: String,
    /// Name of its icon.
    pub icon: &'static str,
    /// Whether this page or one below it is shown.
    pub current: bool,
    /// Begins a new group: a hairline is drawn above.
    pub group: bool,
}

fn entries(items: &[NavItem]) -> AnyView {
    items
        .iter()
        .map(|item| {
            let class = item.group.then_some("group");
            view! {
                <li class=class>
                    <a href=item.href.clone() title=item.name aria-current=item.current.then_some("page")>{icon(item.icon).into_any()}<span>{item.name}</span></a>
                </li>
            }
        })
        .collect_view()
        .into_any()
}

/// The main navigation at the left; icons below 1100 px, hidden below 720 px, where [`NavMenu`] stands in.
/// Goes between the top bar and `<main>`.
#[component]
pub fn Rail(
    /// The entries.
    items: Vec<NavItem>,
) -> impl IntoView {
    view! { <nav class="rail" aria-label="Main"><ul>{entries(&items)}</ul></nav> }
}

/// The main navigation on phones: a menu that opens without scripts. First in the top bar; hidden on wider screens.
#[component]
pub fn NavMenu(
    /// The entries, as in the rail.
    items: Vec<NavItem>,
) -> impl IntoView {
    view! {
        <details class="menu nav-menu" name="menu">
            <summary aria-label="Menu">{icon("menu").into_any()}</summary>
            <nav class="menu-body left" aria-label="Main"><ul>{entries(&items)}</ul></nav>
        </details>
    }
}

/// The mark and the name, linking to the overview.
#[component]
pub fn Brand(
    /// The overview's address.
    #[prop(into)]
    href: String,
) -> impl IntoView {
    view! { <a class="brand" href=href><Mark/><span>"Weir"</span></a> }
}

/// How many imports run, in the top bar; nothing if none.
#[component]
pub fn RunningPill(
    /// How many are waiting or running.
    count: i64,
    /// Where they are listed.
    #[prop(into)]
    href: String,
) -> impl IntoView {
    (count > 0).then(|| {
        let word = if count == 1 { "import" } else { "imports" };
        view! {
            <a class="pill" href=href>
                {icon("run").into_any()}{thousands(count)}<span class="visually-hidden">{format!(" {word} under way")}</span>
            </a>
        }
    })
}
