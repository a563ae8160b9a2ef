//! The layers of an image: one stacked strip for the whole, then a row each with a bar of its share.

use leptos::prelude::*;
use model::image::Layer;

use super::{digest, size};

/// Layers base first, with the build step that made each.
pub fn layers(layers: &[Layer]) -> AnyView {
    if layers.is_empty() {
        return ().into_any();
    }
    let total: i64 = layers.iter().map(|layer| layer.size).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
    let share = |bytes: i64| {
        if total == 0 {
            0.0
        } else {
            bytes as f64 * 1000.0 / total as f64
        }
    };
    let mut at = 0.0;
    let strip = layers
        .iter()
        .enumerate()
        .map(|(i, layer)| {
            let width = share(layer.size);
            let x = at;
            at += width;
            view! { <rect x=format!("{x:.1}") y="0" height="10" width=format!("{:.1}", (width - 2.0).max(0.5)) class=if i % 2 == 0 { "even" } else { "odd" }/> }
        })
        .collect_view();
    let rows = layers
        .iter()
        .map(|layer| {
            let width = format!("{:.1}", share(layer.size));
            view! {
                <tr>
                    <td data-label="Layer">{digest(&layer.digest)}</td>
                    <td data-label="Made by"><code class="command">{layer.created_by.clone()}</code></td>
                    <td data-label="Size" class="number">{size(layer.size)}</td>
                    <td data-label="Share" class="bar">
                        <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="even" x="0" y="0" height="10" width=width/></svg>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{strip}</svg>
        <table class="data layers">
            <caption>{format!("{} layers, {}", layers.len(), size(total))}</caption>
            <thead><tr><th scope="col">"Layer"</th><th scope="col">"Made by"</th><th scope="col" class="number">"Size"</th><th scope="col">"Share"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
