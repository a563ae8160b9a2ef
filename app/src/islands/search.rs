//! The key `/` goes to the search field, as in many tools, unless it is switched off: people who speak to their computer
//! press keys by accident (WCAG 2.1.4). Without scripts there is neither the key nor its switch.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};

use super::cookie;

/// The cookie that says `off`.
const COOKIE: &str = "search_key";

/// Listens for `/` wherever nothing is being typed, and shows the switch for that.
#[island]
pub fn SearchKey(
    /// Id of the field.
    field: String,
) -> impl IntoView {
    // Known in the browser only.
    let on = RwSignal::new(None::<bool>);
    let field = StoredValue::new(field);
    Effect::new(move |_| {
        on.set(Some(cookie::read(COOKIE).as_deref() != Some("off")));
        let listening = window_event_listener(ev::keydown, move |event| {
            let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
            let meant = event.key() == "/" && !modified && !typing();
            if meant && on.get_untracked() == Some(true) && focus(&field.get_value()).is_some() {
                event.prevent_default();
            }
        });
        on_cleanup(move || listening.remove());
    });
    Effect::new(move |_| {
        let Some(input) = document().get_element_by_id(&field.get_value()) else {
            return;
        };
        // Who cannot be told of the key finds it in the menu, too.
        let _ = match on.get() {
            Some(true) => input.set_attribute("title", "Press / to come here"),
            _ => input.remove_attribute("title"),
        };
    });
    let switch = move |event| {
        let chosen = event_target::<HtmlInputElement>(&event).checked();
        on.set(Some(chosen));
        cookie::keep(COOKIE, if chosen { "on" } else { "off" });
    };
    view! {
        <label class="switch" hidden=move || on.get().is_none()>
            <input type="checkbox" prop:checked=move || on.get() == Some(true) on:change=switch/>
            " Key / goes to search"
        </label>
    }
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
