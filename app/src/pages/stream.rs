//! A stream and its tags.

use leptos::prelude::*;

/// A stream and its tags.
#[component]
pub fn StreamPage() -> impl IntoView {
    view! { <h1>"A stream and its tags"</h1> }
}
