//! No such page.

use leptos::prelude::*;

/// No such page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <h1>"No such page"</h1> }
}
