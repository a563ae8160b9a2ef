//! The key `/` goes to the search field, as in many tools. Without scripts the field is reached like any other.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Listens for `/` wherever nothing is being typed.
#[island]
pub fn SearchKey(
    /// Id of the field.
    field: String,
) -> impl IntoView {
    Effect::new(move |_| {
        let field = field.clone();
        let listening = window_event_listener(ev::keydown, move |event| {
            let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
            if event.key() == "/" && !modified && !typing() && focus(&field).is_some() {
                event.prevent_default();
            }
        });
        on_cleanup(move || listening.remove());
    });
    ().into_view()
}

/// Whether keys go into a field now.
fn typing() -> bool {
    document().active_element().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

fn focus(id: &str) -> Option<()> {
    let field = document().get_element_by_id(id)?;
    field.dyn_ref::<HtmlElement>()?.focus().ok()
}
