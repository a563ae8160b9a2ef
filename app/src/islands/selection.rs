//! Counts the ticked rows of the form it stands in, and ticks them all.

use leptos::prelude::*;

/// "12 selected", and a button that ticks every row of the page. Stands in the form with the check boxes.
#[island]
pub fn RowSelection(
    /// Name of the check boxes.
    name: String,
    /// Id of the form.
    form: String,
) -> impl IntoView {
    let count = RwSignal::new(0_usize);
    watch(&form, &name, count);
    let select = move |_| tick(&form, &name, count);
    view! {
        <span class="selection script-only" role="status">{move || match count.get() {
            0 => "No tag selected".to_owned(),
            n => format!("{n} selected"),
        }}</span>
        <button type="button" class="button quiet script-only" on:click=select>"Select all on this page"</button>
    }
}

#[cfg(target_arch = "wasm32")]
fn boxes(form: &str, name: &str) -> Vec<web_sys::HtmlInputElement> {
    use wasm_bindgen::JsCast;
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return Vec::new();
    };
    let Ok(found) = document.query_selector_all(&format!("#{form} input[name='{name}']")) else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|i| found.get(i)?.dyn_into().ok())
        .collect()
}

#[cfg(target_arch = "wasm32")]
fn recount(form: &str, name: &str, count: RwSignal<usize>) {
    count.set(
        boxes(form, name)
            .iter()
            .filter(|input| input.checked())
            .count(),
    );
}

#[cfg(target_arch = "wasm32")]
fn watch(form: &str, name: &str, count: RwSignal<usize>) {
    use wasm_bindgen::{JsCast, closure::Closure};
    let (form_id, name) = (form.to_owned(), name.to_owned());
    let Some(element) = web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.get_element_by_id(form))
    else {
        return;
    };
    let listener = Closure::<dyn Fn()>::new(move || recount(&form_id, &name, count));
    // The page lives as long as its listener.
    if element
        .add_event_listener_with_callback("change", listener.as_ref().unchecked_ref())
        .is_ok()
    {
        listener.forget();
    }
}

#[cfg(target_arch = "wasm32")]
fn tick(form: &str, name: &str, count: RwSignal<usize>) {
    let all = boxes(form, name);
    let every = all.iter().all(web_sys::HtmlInputElement::checked);
    for input in &all {
        input.set_checked(!every);
    }
    recount(form, name, count);
}

#[cfg(not(target_arch = "wasm32"))]
fn watch(_form: &str, _name: &str, _count: RwSignal<usize>) {}

#[cfg(not(target_arch = "wasm32"))]
fn tick(_form: &str, _name: &str, _count: RwSignal<usize>) {}
