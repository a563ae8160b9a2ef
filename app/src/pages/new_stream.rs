//! The form that makes a stream.

use leptos::prelude::*;

/// The form that makes a stream.
#[component]
pub fn NewStreamPage() -> impl IntoView {
    view! { <h1>"The form that makes a stream"</h1> }
}
