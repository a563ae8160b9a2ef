//! Copies a text to the clipboard. Without scripts the button is not shown: the text can be selected.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlTextAreaElement};

use crate::components::icon;

const SHOWN: Duration = Duration::from_secs(2);

/// A button that copies `text` and says so.
#[island]
pub fn CopyButton(
    /// What is copied.
    text: String,
    /// What that is, for the button's name.
    what: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            if to_clipboard(&text).await {
                copied.set(true);
                set_timeout(move || copied.set(false), SHOWN);
            }
        });
    };
    view! {
        <button type="button" class="copy script-only" class:done=copied aria-label=format!("Copy {what}") title="Copy" on:click=copy>
            {move || icon(if copied.get() { "ok" } else { "copy" })}
        </button>
        <span class="visually-hidden" aria-live="polite">{move || copied.get().then_some("Copied")}</span>
    }
}

/// Whether it worked. Browsers have a clipboard only over HTTPS and on localhost; elsewhere the old way is tried.
async fn to_clipboard(text: &str) -> bool {
    let window = window();
    if window.is_secure_context() {
        let written = window.navigator().clipboard().write_text(text);
        return JsFuture::from(written).await.is_ok();
    }
    by_selection(text).unwrap_or(false)
}

/// Selects the text in a field of its own and has the browser copy what is selected.
fn by_selection(text: &str) -> Option<bool> {
    let document = document();
    let focused = document.active_element();
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_value(text);
    area.set_class_name("visually-hidden");
    document.body()?.append_child(&area).ok()?;
    area.select();
    let copied = document
        .dyn_ref::<HtmlDocument>()
        .and_then(|document| document.exec_command("copy").ok());
    area.remove();
    // The button keeps the focus, so that the keyboard goes on from there.
    if let Some(element) =
        focused.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = element.focus();
    }
    copied
}
