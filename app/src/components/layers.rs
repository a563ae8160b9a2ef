//! The layers of an image: one stacked strip for the whole, then a row each with a bar of its share.

use leptos::prelude::*;
use model::{image::Layer, job::thousands};

use super::{digest, size};

/// Width of a strip and of a full bar, in units of its drawing.
const FULL: f64 = 1000.0;
/// The smallest layer is still seen.
const LEAST: f64 = 2.0;

/// A share of the whole in units of the drawing.
fn share(bytes: i64, total: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
    let share = bytes.max(0) as f64 / total.max(1) as f64;
    share * FULL
}

/// Where each layer's block begins and how wide it is; together they fill the strip.
fn blocks(sizes: &[i64], total: i64) -> Vec<(f64, f64)> {
    let wanted: Vec<f64> = sizes
        .iter()
        .map(|size| share(*size, total).max(LEAST))
        .collect();
    let scale = FULL / wanted.iter().sum::<f64>().max(1.0);
    let mut at = 0.0;
    wanted
        .into_iter()
        .map(|width| {
            let block = (at, width * scale);
            at += block.1;
            block
        })
        .collect()
}

/// Layers base first, with the build step that made each. Nothing for an image without layers.
pub fn layers(layers: &[Layer]) -> AnyView {
    if layers.is_empty() {
        return ().into_any();
    }
    let sizes: Vec<i64> = layers.iter().map(|layer| layer.size).collect();
    let total: i64 = sizes.iter().sum();
    let strip = blocks(&sizes, total)
        .into_iter()
        .zip(layers)
        .enumerate()
        .map(|(i, ((x, width), layer))| {
            let class = if i % 2 == 0 { "even" } else { "odd" };
            let title = format!("Layer {}, {}", i + 1, size(layer.size));
            view! { <rect class=class x=format!("{x:.1}") width=format!("{width:.1}") height="10"><title>{title}</title></rect> }
        })
        .collect_view();
    let largest = sizes.iter().copied().max().unwrap_or(0);
    let rows = layers
        .iter()
        .enumerate()
        .map(|(i, layer)| {
            let width = format!("{:.1}", share(layer.size, total).max(LEAST));
            let percent = format!("{:.0} %", share(layer.size, total) / 10.0);
            let class = if layer.size == largest { "even" } else { "odd" };
            view! {
                <tr>
                    <td data-label="Number" class="number muted">{i + 1}</td>
                    <td data-label="Layer">{digest(&layer.digest)}</td>
                    <td data-label="Made by"><code class="command">{layer.created_by.clone()}</code></td>
                    <td data-label="Size" class="number nowrap">{size(layer.size)}</td>
                    <td data-label="Share" class="bar">
                        <svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=percent><rect class=class height="10" width=width/></svg>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let count = i64::try_from(layers.len()).unwrap_or(i64::MAX);
    let noun = if count == 1 { "layer" } else { "layers" };
    view! {
        <svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{strip}</svg>
        <table class="data layers">
            <caption>{format!("{} {noun}, {}", thousands(count), size(total))}</caption>
            <thead><tr>
                <th scope="col" class="number">"#"</th><th scope="col">"Layer"</th><th scope="col">"Made by"</th>
                <th scope="col" class="number">"Size"</th><th scope="col">"Share"</th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strip_is_full_and_small_layers_are_seen() {
        let sizes = [1_000_000, 1, 0, 3_000_000];
        let blocks = blocks(&sizes, sizes.iter().sum());
        let (x, width) = blocks[3];
        assert!((x + width - FULL).abs() < 0.01);
        assert!(blocks.iter().all(|(_, width)| *width > 1.0));
        assert!(blocks[3].1 > blocks[0].1);
    }
}
