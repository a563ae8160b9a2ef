//! Which page answers which address. Every page waits for its data, so it is whole without scripts.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route},
    path,
};

use super::{
    delete::{DeleteStreamPage, DeleteTagsPage},
    image::ImagePage,
    import::ImportPage,
    job::JobPage,
    jobs::JobsPage,
    login::LoginPage,
    new_stream::NewStreamPage,
    not_found::NotFoundPage,
    overview::OverviewPage,
    setup::SetupPage,
    stream::StreamPage,
    stream_imports::StreamImportsPage,
    streams::StreamsPage,
    tag::TagPage,
    tag_form::TagFormPage,
    tag_history::TagHistoryPage,
};

/// The routes.
#[component]
pub fn AppRoutes() -> impl IntoView {
    let mode = SsrMode::Async;
    view! {
        <FlatRoutes fallback=NotFoundPage>
            <Route path=path!("/") view=OverviewPage ssr=mode.clone()/>
            <Route path=path!("/login") view=LoginPage ssr=mode.clone()/>
            <Route path=path!("/setup") view=SetupPage ssr=mode.clone()/>
            <Route path=path!("/streams") view=StreamsPage ssr=mode.clone()/>
            <Route path=path!("/streams/new") view=NewStreamPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name") view=StreamPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/import") view=ImportPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/imports") view=StreamImportsPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/tag") view=TagFormPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/delete") view=DeleteStreamPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/tags/delete") view=DeleteTagsPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/t/:tag") view=TagPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/t/:tag/history") view=TagHistoryPage ssr=mode.clone()/>
            <Route path=path!("/s/:ns/:name/i/:digest") view=ImagePage ssr=mode.clone()/>
            <Route path=path!("/imports") view=JobsPage ssr=mode.clone()/>
            <Route path=path!("/imports/:id") view=JobPage ssr=mode/>
        </FlatRoutes>
    }
}
