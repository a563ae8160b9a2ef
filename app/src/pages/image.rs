//! An image.

use leptos::prelude::*;

/// An image.
#[component]
pub fn ImagePage() -> impl IntoView {
    view! { <h1>"An image"</h1> }
}
