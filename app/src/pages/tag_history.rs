//! What a tag pointed at.

use leptos::prelude::*;

/// What a tag pointed at.
#[component]
pub fn TagHistoryPage() -> impl IntoView {
    view! { <h1>"What a tag pointed at"</h1> }
}
