//! The document around every page: head, top bar, rail, and which page is where.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};
use model::{job::thousands, stream::Overview};

use super::{delete, error, image, import, job, login, overview, stream, streams, tag, tag_form};
use crate::{
    api::ApiError,
    components::{Csrf, Mark, icon},
    context::{self, RequestContext},
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
                <Routes fallback=error::NotFoundPage>
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
    let Some(request) = use_context::<RequestContext>() else {
        return ().into_any();
    };
    let here = context::here();
    let path = here.split('?').next().unwrap_or_default().to_owned();
    let theme = view! {
        <form method="post" action=routes::THEME class="theme">
            <Csrf token=request.csrf.clone()/>
            <input type="hidden" name="next" value=here/>
            <ThemeSwitch theme=request.theme.clone()/>
        </form>
    };
    let Some(actor) = request.actor else {
        return view! { <header class="topbar"><a class="brand" href=routes::OVERVIEW><Mark/>"Weir"</a><span class="grow"></span>{theme}</header> }.into_any();
    };
    let item = |href: &'static str, name: &'static str, icon_name: &'static str| {
        let current = if href == routes::OVERVIEW {
            path == href
        } else {
            path.starts_with(href) || (href == routes::STREAMS && path.starts_with("/s/"))
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
            <a class="brand" href=routes::OVERVIEW><Mark/>"Weir"</a>
            <form class="search" method="get" action=routes::STREAMS role="search">
                <label class="visually-hidden" for="search">"Find streams"</label>
                <input id="search" type="search" name="text" placeholder="Find streams"/>
            </form>
            <span class="grow"></span>
            <RunningImports/>
            <details class="menu">
                <summary>{actor.name.clone()}</summary>
                <div class="menu-body">
                    <p class="muted">{format!("Signed in as {} ({})", actor.name, actor.role.as_str())}</p>
                    {theme}
                    <form method="post" action=routes::LOGOUT><Csrf token=request.csrf/><button class="button quiet">"Sign out"</button></form>
                </div>
            </details>
        </header>
        <nav class="rail" aria-label="Main"><ul>{items}</ul></nav>
    }
    .into_any()
}

/// How many imports wait or run, as a link to them; nothing if none do.
#[component]
fn RunningImports() -> impl IntoView {
    let call = context::call();
    view! {
        <Suspense>
            {Suspend::new(async move {
                let call = call.ok()?;
                let figures = call.engine.overview(&call.actor).await.map_err(ApiError::from).ok()?;
                let n = figures.active_jobs;
                let more = if n >= Overview::LIMIT { "+" } else { "" };
                let words = if n == 1 { " import under way" } else { " imports under way" };
                (n > 0).then(|| view! {
                    <a class="badge info" href=routes::JOBS>
                        {icon("run").into_any()}{thousands(n)}{more}<span class="visually-hidden">{words}</span>
                    </a>
                })
            })}
        </Suspense>
    }
}
