//! The document around every page: head, top bar, rail, and which page is where.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    hooks::use_location,
    path,
};

use super::{delete, image, import, job, login, overview, stream, streams, tag, tag_form};
use crate::{
    components::{Csrf, Mark, icon},
    context::RequestContext,
    islands::ThemeSwitch,
    routes,
};

/// The HTML document.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<RequestContext>()
        .map_or_else(|| "system".to_owned(), |context| context.theme);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href="/pkg/weir.css"/>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body><App/></body>
        </html>
    }
}

/// All pages. Data pages wait for their data, so that they are whole without scripts.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Weir".to_owned() } else { format!("{title} · Weir") }/>
        <Router>
            <a class="skip" href="#main">"To the content"</a>
            <Frame/>
            <main id="main">
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=overview::OverviewPage ssr=SsrMode::Async/>
                    <Route path=path!("/login") view=login::LoginPage ssr=SsrMode::Async/>
                    <Route path=path!("/setup") view=login::SetupPage ssr=SsrMode::Async/>
                    <Route path=path!("/streams") view=streams::StreamsPage ssr=SsrMode::Async/>
                    <Route path=path!("/streams/new") view=import::NewStreamPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name") view=stream::StreamPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/import") view=import::ImportPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/imports") view=stream::StreamJobsPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/tag") view=tag_form::TagFormPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/delete") view=delete::DeleteStreamPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/tags/delete") view=delete::DeleteTagsPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag") view=tag::TagPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag/history") view=tag::TagHistoryPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/i/:digest") view=image::ImagePage ssr=SsrMode::Async/>
                    <Route path=path!("/imports") view=job::JobsPage ssr=SsrMode::Async/>
                    <Route path=path!("/imports/:id") view=job::JobPage ssr=SsrMode::Async/>
                </Routes>
            </main>
        </Router>
    }
}

/// Top bar and rail; only the bar for people who are not signed in.
#[component]
fn Frame() -> impl IntoView {
    let Some(context) = use_context::<RequestContext>() else {
        return ().into_any();
    };
    let location = use_location();
    let here = location.pathname.get_untracked();
    let next = format!(
        "{here}{}{}",
        if location.search.get_untracked().is_empty() {
            ""
        } else {
            "?"
        },
        location.search.get_untracked()
    );
    let theme = view! {
        <form method="post" action="/theme" class="theme">
            <Csrf token=context.csrf.clone()/>
            <input type="hidden" name="next" value=next/>
            <ThemeSwitch theme=context.theme.clone()/>
        </form>
    };
    let Some(actor) = context.actor else {
        return view! { <header class="topbar"><a class="brand" href="/"><Mark/>"Weir"</a><span class="grow"></span>{theme}</header> }.into_any();
    };
    let item = |href: &'static str, name: &'static str, icon_name: &'static str| {
        let current = if href == "/" {
            here == "/"
        } else {
            here.starts_with(href) || (href == routes::STREAMS && here.starts_with("/s/"))
        };
        view! { <li><a href=href aria-current=current.then_some("page")>{icon(icon_name).into_any()}<span>{name}</span></a></li> }
    };
    let items = view! {
        {item(routes::OVERVIEW, "Overview", "home")}
        {item(routes::STREAMS, "Streams", "stream")}
        {item(routes::JOBS, "Imports", "import")}
    };
    view! {
        <header class="topbar">
            <a class="brand" href="/"><Mark/>"Weir"</a>
            <form class="search" method="get" action=routes::STREAMS role="search">
                <label class="visually-hidden" for="search">"Find streams"</label>
                <input id="search" type="search" name="text" placeholder="Find streams"/>
            </form>
            <span class="grow"></span>
            <details class="menu">
                <summary>{actor.name.clone()}</summary>
                <div class="menu-body">
                    <p class="muted">{format!("Signed in as {} ({})", actor.name, actor.role.as_str())}</p>
                    {theme}
                    <form method="post" action="/logout"><Csrf token=context.csrf/><button class="button quiet">"Sign out"</button></form>
                </div>
            </details>
        </header>
        <nav class="rail" aria-label="Main"><ul>{items}</ul></nav>
    }
    .into_any()
}

#[component]
fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <header class="page-head"><h1>"There is no such page"</h1></header>
        <p>"The address may be mistyped, or what it showed was deleted."</p>
        <p><a class="button primary" href=routes::STREAMS>"To the streams"</a></p>
    }
}
