//! The stream list.

use leptos::prelude::*;

/// The stream list.
#[component]
pub fn StreamsPage() -> impl IntoView {
    view! { <h1>"The stream list"</h1> }
}
