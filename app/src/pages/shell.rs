//! The HTML document and the frame around every page.

use leptos::{hydration::HydrationScripts, prelude::*};
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::components::Router;

use super::router::AppRoutes;
use crate::context;

/// The HTML document.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = context::request().map(|request| request.theme).unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <link rel="stylesheet" href="/pkg/weir.css"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Frame and routes.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Weir".to_owned() } else { format!("{title} · Weir") }/>
        <a class="skip-link" href="#main">"Skip to content"</a>
        <Router>
            <main id="main" tabindex="-1">
                <AppRoutes/>
            </main>
        </Router>
    }
}
