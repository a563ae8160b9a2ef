//! Copies a text to the clipboard. Without scripts the button is not shown: the text can be selected.

use leptos::prelude::*;

/// A button that copies `text` and says so.
#[island]
pub fn CopyButton(
    /// What is copied.
    text: String,
    /// What that is, for the button's name.
    what: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let label = format!("Copy {what}");
    let on_click = move |_| {
        put(&text);
        copied.set(true);
    };
    view! {
        <button type="button" class="copy script-only" aria-label=label title="Copy" on:click=on_click>
            {move || if copied.get() { "✓" } else { "⧉" }}
        </button>
        <span class="visually-hidden" aria-live="polite">{move || if copied.get() { "Copied" } else { "" }}</span>
    }
}

#[cfg(target_arch = "wasm32")]
fn put(text: &str) {
    if let Some(window) = web_sys::window() {
        // The browser may refuse; the text stays selectable.
        let _ = window.navigator().clipboard().write_text(text);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn put(_text: &str) {}
