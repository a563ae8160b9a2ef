//! Copies texts to the clipboard, for every button that has one. Without scripts the buttons are not shown: what they
//! copy can be selected.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlDocument, HtmlTextAreaElement};

const SHOWN: Duration = Duration::from_secs(2);

/// Listens for clicks on any [`crate::components::CopyButton`], also on those that come to the page later; says what
/// it did.
#[island]
pub fn Clipboard() -> impl IntoView {
    let said = RwSignal::new("");
    Effect::new(move |_| {
        let listening = window_event_listener(ev::click, move |event| {
            let button = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .and_then(|target| target.closest("[data-copy]").ok().flatten());
            if let Some(button) = button {
                spawn_local(copy(button, said));
            }
        });
        on_cleanup(move || listening.remove());
    });
    view! { <span class="visually-hidden" aria-live="polite">{said}</span> }
}

async fn copy(button: Element, said: RwSignal<&'static str>) {
    let text = button.get_attribute("data-copy").unwrap_or_default();
    if !to_clipboard(&text).await {
        return;
    }
    // Nothing to do if the button is gone by now.
    let _ = button.class_list().add_1("done");
    said.set("Copied");
    set_timeout(
        move || {
            let _ = button.class_list().remove_1("done");
            said.set("");
        },
        SHOWN,
    );
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
