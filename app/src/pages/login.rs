//! The sign-in form.

use leptos::prelude::*;

/// The sign-in form.
#[component]
pub fn LoginPage() -> impl IntoView {
    view! { <h1>"The sign-in form"</h1> }
}
