//! The document around every page: head, top bar, rail, and which page is where.

use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use super::{
    bulk, credentials, definition, delete, describe, diff, edit, error, image, import, job, login,
    namespace, naming, overview, policies, storage, stream, streams, tag, tag_form, tokens,
};
use crate::{
    api::ApiError,
    components::{Brand, Button, Csrf, NavItem, NavMenu, Rail, RunningPill},
    context::{self, RequestContext},
    islands::{Clipboard, SearchKey, ThemeSwitch},
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
                    <Route path=path!("/streams/policies") view=bulk::StreamsPoliciesPage ssr=SsrMode::Async/>
                    <Route path=path!("/streams/undo") view=bulk::StreamsUndoPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name") view=stream::StreamPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/import") view=import::ImportPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/imports") view=stream::StreamJobsPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/history") view=stream::StreamHistoryPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/graph") view=stream::StreamGraphPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/tag") view=tag_form::TagFormPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/delete") view=delete::DeleteStreamPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/tags/delete") view=delete::DeleteTagsPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/tags/policies") view=edit::PoliciesPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/policy") view=edit::StreamPolicyPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/compare") view=diff::DiffPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/naming") view=naming::NamingPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/undo") view=edit::UndoPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag/rollback") view=edit::RollbackPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag/release") view=edit::ReleasePage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag") view=tag::TagPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag/history") view=tag::TagHistoryPage ssr=SsrMode::Async/>
                    <Route path=path!("/apply") view=definition::ApplyPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/definition") view=definition::StreamDefinitionPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag/definition") view=definition::TagDefinitionPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/i/:digest/definition") view=definition::ImageDefinitionPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/describe") view=describe::DescribeStreamPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/t/:tag/describe") view=describe::DescribeTagPage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/i/:digest/describe") view=describe::DescribeImagePage ssr=SsrMode::Async/>
                    <Route path=path!("/s/:ns/:name/i/:digest") view=image::ImagePage ssr=SsrMode::Async/>
                    <Route path=path!("/imports") view=job::JobsPage ssr=SsrMode::Async/>
                    <Route path=path!("/policies") view=policies::PolicyReportPage ssr=SsrMode::Async/>
                    <Route path=path!("/credentials") view=credentials::CredentialsPage ssr=SsrMode::Async/>
                    <Route path=path!("/storage") view=storage::StoragePage ssr=SsrMode::Async/>
                    <Route path=path!("/imports/:id") view=job::JobPage ssr=SsrMode::Async/>
                    <Route path=path!("/account/tokens") view=tokens::TokensPage ssr=SsrMode::Async/>
                    <Route path=path!("/n/:ns/settings") view=namespace::NamespacePage ssr=SsrMode::Async/>
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
        return view! { <header class="topbar"><Brand href=routes::OVERVIEW/><span class="grow"></span>{theme}</header> }.into_any();
    };
    let items = navigation(&path, actor.may_write_anywhere().is_ok());
    view! {
        <header class="topbar">
            <NavMenu items=items.clone()/>
            <Brand href=routes::OVERVIEW/>
            <form class="search" method="get" action=routes::STREAMS role="search">
                <label class="visually-hidden" for="search">"Find a stream, tag or image"</label>
                <input id="search" type="search" name="find" placeholder="Find a stream, ns/name:tag or digest"/>
            </form>
            <span class="grow"></span>
            <span id="running"><RunningImports/></span>
            <details class="menu" name="menu">
                <summary>{actor.name.clone()}</summary>
                <div class="menu-body">
                    <p class="muted">{format!("Signed in as {} ({})", actor.name, actor.role.as_str())}</p>
                    <a href=routes::TOKENS>"API tokens"</a>
                    {theme}
                    <SearchKey field="search".to_owned()/>
                    <form method="post" action=routes::LOGOUT><Csrf token=request.csrf/><Button kind="quiet">"Sign out"</Button></form>
                </div>
            </details>
            <Clipboard/>
        </header>
        <Rail items=items/>
    }
    .into_any()
}

/// The pages there are, with the one that `path` is or is below.
fn navigation(path: &str, writes: bool) -> Vec<NavItem> {
    let below = |href: &str| {
        path.strip_prefix(href)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let item = |name, href: &str, icon, current| NavItem {
        name,
        href: href.to_owned(),
        icon,
        current,
        group: false,
    };
    let streams = below(routes::STREAMS) || below("/s") || below(routes::APPLY);
    let mut items = vec![
        item(
            "Overview",
            routes::OVERVIEW,
            "home",
            path == routes::OVERVIEW,
        ),
        item("Streams", routes::STREAMS, "stream", streams),
        item("Imports", routes::JOBS, "import", below(routes::JOBS)),
        item(
            "Policies",
            routes::POLICIES,
            "policy",
            below(routes::POLICIES),
        ),
        item(
            "Storage",
            routes::STORAGE,
            "upstream",
            below(routes::STORAGE),
        ),
    ];
    if writes {
        let here = below(routes::CREDENTIALS);
        items.push(item("Credentials", routes::CREDENTIALS, "lock", here));
    }
    items
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
                Some(view! { <RunningPill count=figures.active_jobs href=routes::JOBS/> })
            })}
        </Suspense>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_belongs_to_the_entry_above_it() {
        let current = |path: &str| {
            let items = navigation(path, true);
            let current = items.iter().filter(|item| item.current);
            current.map(|item| item.name).collect::<Vec<_>>()
        };
        for (path, name) in [
            ("/", "Overview"),
            ("/streams", "Streams"),
            ("/streams/new", "Streams"),
            ("/s/team/ruby/imports", "Streams"),
            ("/imports/01a2", "Imports"),
            ("/policies", "Policies"),
            ("/s/team/ruby/tags/policies", "Streams"),
        ] {
            assert_eq!(current(path), [name], "{path}");
        }
        assert!(current("/setup").is_empty());
    }
}
