//! The build steps of an image, as its config tells them.

use leptos::prelude::*;
use model::image::Step;

use super::parts::cut;
use crate::components::exact_time;

/// Steps shown; an image with more is not made for reading.
const SHOWN: usize = 200;

/// The steps, oldest first; those that made no layer are muted.
pub(super) fn steps(steps: &[Step]) -> AnyView {
    if steps.is_empty() {
        return ().into_any();
    }
    let rows = steps
        .iter()
        .take(SHOWN)
        .map(|step| {
            let class = step.empty_layer.then_some("muted");
            let title = step.created_at.map(exact_time);
            view! { <li class=class title=title><code class="command">{cut(&step.created_by)}</code></li> }
        })
        .collect_view();
    let more = steps.len().saturating_sub(SHOWN);
    let summary = match steps.len() {
        1 => "1 step".to_owned(),
        n => format!("{n} steps"),
    };
    view! {
        <section>
            <h2>"Build steps"</h2>
            <details>
                <summary>{summary}</summary>
                <ol class="steps">{rows}</ol>
                {(more > 0).then(|| view! { <p class="muted">{format!("and {more} more")}</p> })}
            </details>
        </section>
    }
    .into_any()
}
