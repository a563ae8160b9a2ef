//! Previews of deleting a stream or tags.

use leptos::prelude::*;

/// Deleting a stream.
#[component]
pub fn DeleteStreamPage() -> impl IntoView {
    view! { <h1>"Delete stream"</h1> }
}

/// Deleting tags.
#[component]
pub fn DeleteTagsPage() -> impl IntoView {
    view! { <h1>"Delete tags"</h1> }
}
