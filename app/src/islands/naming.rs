//! Advice on a tag's name while it is typed. Without scripts it stands there after the preview.

use leptos::{ev, prelude::*};
use model::naming::advise;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

/// What to know about the name written in the field with this id; nothing for names that can move.
#[island]
pub fn NameAdvice(
    /// Id of the field.
    field: String,
    /// What is written there now.
    start: String,
) -> impl IntoView {
    let said = RwSignal::new(about(&start));
    Effect::new(move |_| {
        let field = field.clone();
        // What was typed before this was listening.
        let typed = document()
            .get_element_by_id(&field)
            .and_then(|element| element.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = typed {
            said.set(about(&input.value()));
        }
        let listening = window_event_listener(ev::input, move |event| {
            let input = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(input) = input.filter(|input| input.id() == field) {
                said.set(about(&input.value()));
            }
        });
        on_cleanup(move || listening.remove());
    });
    view! { <p class="hint" role="status">{said}</p> }
}

/// Advice on tags as written in a form: `latest`, `ruby:latest` or several, separated by spaces or commas; on the first
/// that needs it.
fn about(text: &str) -> String {
    text.split([',', ' '])
        .filter_map(|word| advise(word.rsplit(':').next().unwrap_or_default()))
        .map(|advice| advice.text)
        .next()
        .unwrap_or_default()
}
