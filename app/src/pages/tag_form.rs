//! The form that sets a tag.

use leptos::prelude::*;

/// The form that sets a tag.
#[component]
pub fn TagFormPage() -> impl IntoView {
    view! { <h1>"The form that sets a tag"</h1> }
}
