//! Chooses the theme. Without scripts the form around it does; the island makes it instant.

use leptos::prelude::*;

use super::cookie;

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
                    if apply(name).is_some() {
                        event.prevent_default();
                        current.set(name.to_owned());
                    }
                }>{label}</button>
        }
    };
    view! { <span class="themes" role="group" aria-label="Theme">{button("system", "System")}{button("light", "Light")}{button("dark", "Dark")}</span> }
}

/// Puts the theme on the page and into its cookie; nothing if that fails, which leaves it to the form.
fn apply(name: &str) -> Option<()> {
    let root = document().document_element()?;
    root.set_attribute("data-theme", name).ok()?;
    cookie::keep("theme", name)
}
