//! How far something is, as the server knows it. What moves by itself is [`crate::islands::LiveProgress`].

use leptos::prelude::*;

/// A bar and a line of text.
#[component]
pub fn Progress(
    /// How many are done.
    done: i64,
    /// Of how many; 0 while that is not known, which shows a bar that moves.
    total: i64,
    /// The line: "312 of 1 000 tags · 4 failed · 41/s · about 17 s".
    #[prop(into)]
    text: String,
    /// What is counted, for screen readers.
    #[prop(default = "Tags looked at")]
    label: &'static str,
) -> impl IntoView {
    let known = total > 0;
    view! {
        <div class="progress">
            <progress aria-label=label max=total.max(1).to_string() value=known.then(|| done.to_string())></progress>
            <p>{text}</p>
        </div>
    }
}
