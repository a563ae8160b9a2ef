//! Counts the ticked rows of the form it stands in, and ticks them all.

use leptos::{ev, prelude::*};
use model::job::thousands;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

/// "12 selected", and buttons that tick every row of the page or none. Stands in the bar for ticked rows.
#[island]
pub fn RowSelection(
    /// Name of the check boxes.
    name: String,
    /// Id of the form.
    form: String,
) -> impl IntoView {
    let rows = Rows::of(form, name);
    let (all, none) = (rows.clone(), rows.clone());
    let (count, total) = rows.watch();
    let number = |n: usize| thousands(i64::try_from(n).unwrap_or(i64::MAX));
    view! {
        <span class="selection script-only" role="status">{move || match count.get() {
            0 => String::new(),
            n => format!("{} selected", number(n)),
        }}</span>
        <button type="button" class="button quiet script-only" hidden=move || count.get() == total.get() on:click=move |_| all.tick(true)>
            {move || format!("Select all {} on this page", number(total.get()))}
        </button>
        <button type="button" class="button quiet script-only" on:click=move |_| none.tick(false)>"Clear"</button>
    }
}

/// The check box in a table's head: ticks every row of the page or none, and shows which.
#[island]
pub fn SelectAll(
    /// Name of the check boxes.
    name: String,
    /// Id of the form.
    form: String,
) -> impl IntoView {
    let rows = Rows::of(form, name);
    let (count, total) = rows.watch();
    let every = move || count.get() > 0 && count.get() == total.get();
    view! {
        <input type="checkbox" class="script-only" aria-label="Select all on this page"
            prop:checked=every
            prop:indeterminate={move || count.get() > 0 && !every()}
            on:change=move |event| rows.tick(event_target_checked(&event))/>
    }
}

/// The rows' check boxes of one form.
#[derive(Clone)]
struct Rows {
    form: String,
    name: String,
}

impl Rows {
    fn of(form: String, name: String) -> Self {
        Self { form, name }
    }

    fn boxes(&self) -> Vec<HtmlInputElement> {
        let query = format!("#{} input[name='{}']", self.form, self.name);
        let Ok(found) = document().query_selector_all(&query) else {
            return Vec::new();
        };
        (0..found.length())
            .filter_map(|i| found.get(i)?.dyn_into().ok())
            .collect()
    }

    /// How many are ticked, and how many there are; kept up to date. A page that is gone back to has ticks already.
    fn watch(&self) -> (RwSignal<usize>, RwSignal<usize>) {
        let (count, total) = (RwSignal::new(0), RwSignal::new(0));
        let rows = self.clone();
        Effect::new(move |_| {
            let rows = rows.clone();
            let recount = move || {
                let boxes = rows.boxes();
                total.set(boxes.len());
                count.set(boxes.iter().filter(|input| input.checked()).count());
            };
            recount();
            let _ = window_event_listener(ev::change, move |_| recount());
        });
        (count, total)
    }

    /// Ticks all or none, and tells whoever watches.
    fn tick(&self, ticked: bool) {
        let boxes = self.boxes();
        for input in &boxes {
            input.set_checked(ticked);
        }
        let Ok(event) = web_sys::Event::new("change") else {
            return;
        };
        // Nobody cancels this event.
        let _ = window().dispatch_event(&event);
    }
}
