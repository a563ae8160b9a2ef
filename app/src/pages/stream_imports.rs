//! The imports of a stream.

use leptos::prelude::*;

/// The imports of a stream.
#[component]
pub fn StreamImportsPage() -> impl IntoView {
    view! { <h1>"The imports of a stream"</h1> }
}
