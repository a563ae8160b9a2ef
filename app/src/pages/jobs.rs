//! All imports.

use leptos::prelude::*;

/// All imports.
#[component]
pub fn JobsPage() -> impl IntoView {
    view! { <h1>"All imports"</h1> }
}
