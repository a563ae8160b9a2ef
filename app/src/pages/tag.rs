//! A tag.

use leptos::prelude::*;

/// A tag.
#[component]
pub fn TagPage() -> impl IntoView {
    view! { <h1>"A tag"</h1> }
}
