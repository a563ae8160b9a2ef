//! The first administrator's password.

use leptos::prelude::*;

/// The first administrator's password.
#[component]
pub fn SetupPage() -> impl IntoView {
    view! { <h1>"The first administrator's password"</h1> }
}
