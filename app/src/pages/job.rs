//! One import.

use leptos::prelude::*;

/// One import.
#[component]
pub fn JobPage() -> impl IntoView {
    view! { <h1>"One import"</h1> }
}
