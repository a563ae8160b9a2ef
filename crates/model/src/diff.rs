//! What differs between two images: layers, configuration, environment, labels, build steps, platforms.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Digest,
    image::{ImageView, Layer, Step},
};

/// One difference: what, how it is in the first image, how in the second; `—` where there is nothing.
pub type Row = [String; 3];

/// The differences of two images, a list an aspect. An empty list is no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageDiff {
    /// Layers at the base that both have.
    pub base: usize,
    /// Bytes of layers that both have.
    pub shared: i64,
    /// Bytes of layers only the first has.
    pub removed: i64,
    /// Bytes of layers only the second has: what somebody who has the first must fetch.
    pub added: i64,
    /// Layers that only one of them has.
    pub layers: Vec<LayerDiff>,
    /// Platform, user, command and the like.
    pub config: Vec<Row>,
    /// Variables by name.
    pub env: Vec<Row>,
    /// Labels by name.
    pub labels: Vec<Row>,
    /// Build steps.
    pub steps: Vec<Row>,
    /// Platforms of an index, without attestations.
    pub platforms: Vec<Row>,
}

/// A layer that only one of the images has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerDiff {
    /// The layer.
    pub layer: Layer,
    /// The second image has it; otherwise the first.
    pub added: bool,
}

/// Compares the first image with the second.
#[must_use]
pub fn diff(first: &ImageView, second: &ImageView) -> ImageDiff {
    let base = first
        .layers
        .iter()
        .zip(&second.layers)
        .take_while(|(a, b)| a.digest == b.digest)
        .count();
    let (ours, theirs) = (digests(first), digests(second));
    let only = |image: &ImageView, others: &BTreeSet<Digest>, added| {
        let mut seen = BTreeSet::new();
        image
            .layers
            .iter()
            .filter(|layer| !others.contains(&layer.digest) && seen.insert(layer.digest.clone()))
            .map(|layer| LayerDiff {
                layer: layer.clone(),
                added,
            })
            .collect::<Vec<_>>()
    };
    let (gone, new) = (only(first, &theirs, false), only(second, &ours, true));
    let bytes = |layers: &[LayerDiff]| layers.iter().map(|found| found.layer.size).sum::<i64>();
    let mut counted = BTreeSet::new();
    let shared = first
        .layers
        .iter()
        .filter(|layer| theirs.contains(&layer.digest) && counted.insert(&layer.digest))
        .map(|layer| layer.size)
        .sum();
    ImageDiff {
        base,
        shared,
        removed: bytes(&gone),
        added: bytes(&new),
        layers: gone.into_iter().chain(new).collect(),
        config: rows(config(first), config(second)),
        env: rows(pairs(&first.config.env), pairs(&second.config.env)),
        labels: rows(first.config.labels.clone(), second.config.labels.clone()),
        steps: steps(&first.steps, &second.steps),
        platforms: rows(platforms(first), platforms(second)),
    }
}

fn digests(image: &ImageView) -> BTreeSet<Digest> {
    let layers = image.layers.iter();
    layers.map(|layer| layer.digest.clone()).collect()
}

/// The names whose values differ, in order.
fn rows(mut first: BTreeMap<String, String>, mut second: BTreeMap<String, String>) -> Vec<Row> {
    let names: BTreeSet<String> = first.keys().chain(second.keys()).cloned().collect();
    let none = || "—".to_owned();
    names
        .into_iter()
        .filter_map(|name| {
            let (before, after) = (first.remove(&name), second.remove(&name));
            (before != after).then(|| {
                [
                    name,
                    before.unwrap_or_else(none),
                    after.unwrap_or_else(none),
                ]
            })
        })
        .collect()
}

fn pairs(all: &[String]) -> BTreeMap<String, String> {
    all.iter()
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn config(image: &ImageView) -> BTreeMap<String, String> {
    let config = &image.config;
    let all = [
        ("Author", image.author.clone()),
        ("Command", config.cmd.join(" ")),
        (
            "Created",
            image
                .created_at
                .map(|at| at.to_rfc3339())
                .unwrap_or_default(),
        ),
        ("Entrypoint", config.entrypoint.join(" ")),
        ("Manifest", image.media_type.clone()),
        ("Platform", image.platform.clone().unwrap_or_default()),
        ("Ports", config.exposed_ports.join(", ")),
        ("Stop signal", config.stop_signal.clone()),
        ("User", config.user.clone()),
        ("Volumes", config.volumes.join(", ")),
        ("Working directory", config.working_dir.clone()),
    ];
    all.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn platforms(image: &ImageView) -> BTreeMap<String, String> {
    image
        .platforms
        .iter()
        .filter(|child| !child.is_attestation())
        .map(|child| (child.platform(), child.digest.to_string()))
        .collect()
}

/// Steps between what both begin with and what both end with.
fn steps(first: &[Step], second: &[Step]) -> Vec<Row> {
    let same = |(a, b): &(&Step, &Step)| a.created_by == b.created_by;
    let head = first.iter().zip(second).take_while(same).count();
    let tail = first[head..]
        .iter()
        .rev()
        .zip(second[head..].iter().rev())
        .take_while(same)
        .count();
    let gone = &first[head..first.len() - tail];
    let new = &second[head..second.len() - tail];
    let text =
        |step: Option<&Step>| step.map_or_else(|| "—".to_owned(), |step| step.created_by.clone());
    (0..gone.len().max(new.len()))
        .map(|i| {
            [
                format!("Step {}", head + i + 1),
                text(gone.get(i)),
                text(new.get(i)),
            ]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Config;

    fn layer(n: u8, size: i64) -> Layer {
        Layer {
            digest: Digest::sha256(&[n; 32]),
            size,
            media_type: "m".into(),
            created_by: format!("RUN {n}"),
        }
    }

    fn image(layers: &[(u8, i64)], env: &[&str], steps: &[&str]) -> ImageView {
        ImageView {
            digest: Digest::sha256(&[0; 32]),
            reference: "quay.io/org/app".parse().unwrap(),
            media_type: "m".into(),
            config_digest: None,
            platform: Some("linux/amd64".into()),
            created_at: None,
            author: String::new(),
            size: 0,
            config: Config {
                env: env.iter().map(ToString::to_string).collect(),
                ..Config::default()
            },
            layers: layers.iter().map(|(n, size)| layer(*n, *size)).collect(),
            steps: steps
                .iter()
                .map(|step| Step {
                    created_by: (*step).to_owned(),
                    created_at: None,
                    empty_layer: false,
                })
                .collect(),
            platforms: Vec::new(),
            tags: Vec::new(),
        }
    }

    #[test]
    fn an_image_does_not_differ_from_itself() {
        let one = image(&[(1, 10), (2, 20)], &["A=1"], &["FROM", "RUN"]);
        let none = diff(&one, &one);
        assert_eq!(
            (none.base, none.shared, none.added, none.removed),
            (2, 30, 0, 0)
        );
        assert_eq!(
            none.layers.len() + none.config.len() + none.env.len() + none.steps.len(),
            0
        );
    }

    #[test]
    fn layers_are_told_apart_by_digest_and_counted_once() {
        let old = image(&[(1, 10), (2, 20), (3, 30), (3, 30)], &[], &[]);
        let new = image(&[(1, 10), (4, 40), (2, 20)], &[], &[]);
        let found = diff(&old, &new);
        assert_eq!(
            (found.base, found.shared, found.removed, found.added),
            (1, 30, 30, 40)
        );
        let changed: Vec<_> = found
            .layers
            .iter()
            .map(|row| (row.layer.size, row.added))
            .collect();
        assert_eq!(changed, [(30, false), (40, true)]);
    }

    #[test]
    fn variables_and_steps_are_matched_by_name_and_place() {
        let old = image(&[], &["A=1", "B=2", "C=3"], &["FROM x", "RUN a", "CMD z"]);
        let new = image(
            &[],
            &["A=1", "B=9", "D=4"],
            &["FROM x", "RUN b", "RUN c", "CMD z"],
        );
        let found = diff(&old, &new);
        let text = |rows: &[Row]| rows.iter().map(|row| row.join("|")).collect::<Vec<_>>();
        assert_eq!(text(&found.env), ["B|2|9", "C|3|—", "D|—|4"]);
        assert_eq!(text(&found.steps), ["Step 2|RUN a|RUN b", "Step 3|—|RUN c"]);
    }
}
