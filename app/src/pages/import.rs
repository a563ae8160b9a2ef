//! The form that imports into a stream.

use leptos::prelude::*;

/// The form that imports into a stream.
#[component]
pub fn ImportPage() -> impl IntoView {
    view! { <h1>"The form that imports into a stream"</h1> }
}
