//! Chooses the theme. Without scripts the form around it does; the island makes it instant.

use leptos::prelude::*;

/// Buttons inside the `/theme` form: system, light, dark.
#[island]
pub fn ThemeSwitch(
    /// The theme in force.
    theme: String,
) -> impl IntoView {
    let current = RwSignal::new(theme);
    let button = move |name: &'static str, label: &'static str| {
        view! {
            <button type="submit" name="theme" value=name aria-pressed=move || (current.get() == name).to_string()
                on:click=move |event| {
                    if apply(name) {
                        event.prevent_default();
                        current.set(name.to_owned());
                    }
                }>{label}</button>
        }
    };
    view! { <span class="themes" role="group" aria-label="Theme">{button("system", "System")}{button("light", "Light")}{button("dark", "Dark")}</span> }
}

/// Puts the theme on the page and into its cookie; `false` leaves it to the form.
#[cfg(target_arch = "wasm32")]
fn apply(name: &str) -> bool {
    use wasm_bindgen::JsCast;
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return false;
    };
    let Some(root) = document.document_element() else {
        return false;
    };
    if root.set_attribute("data-theme", name).is_err() {
        return false;
    }
    let Some(document) = document.dyn_ref::<web_sys::HtmlDocument>() else {
        return false;
    };
    document
        .set_cookie(&format!(
            "theme={name}; path=/; max-age=31536000; samesite=lax"
        ))
        .is_ok()
}

#[cfg(not(target_arch = "wasm32"))]
fn apply(_name: &str) -> bool {
    false
}
