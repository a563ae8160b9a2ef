//! One image, as seen from a stream whose history holds it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{
    Digest, StreamRef,
    image::{Config, ImageView, Step},
};
use serde::Deserialize;

use super::load_stream;
use crate::{Actor, Engine, Error, Result};

impl Engine {
    /// An image that is, or was, in this stream, or a child of an index that is. A child that is known from elsewhere is asked
    /// of the index's registry first: naming it does not open it.
    ///
    /// # Errors
    /// `NotFound`, also for an image that other streams have; `Upstream` when the registry does not give the child.
    pub async fn image(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<ImageView> {
        actor.may_read(&stream.namespace)?;
        self.see_children(actor, [(stream, digest.hex())]).await?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let missing = || Error::NotFound(format!("{stream} has no image {digest}"));
        let reference = tx
            .image_in_stream(&record.id, digest)
            .await?
            .ok_or_else(missing)?;
        let image = tx.image(digest).await?.ok_or_else(missing)?;
        let tags = tx.tags_of_image(&record.id, digest).await?;
        let (config, steps) = image.config.as_deref().map(read_config).unwrap_or_default();
        let mut made_by = steps
            .iter()
            .filter(|step| !step.empty_layer)
            .map(|step| step.created_by.clone());
        let layers = image
            .layers
            .into_iter()
            .map(|mut layer| {
                layer.created_by = made_by.next().unwrap_or_default();
                layer
            })
            .collect();
        let variant = if image.variant.is_empty() {
            String::new()
        } else {
            format!("/{}", image.variant)
        };
        Ok(ImageView {
            digest: image.digest,
            reference,
            media_type: image.media_type,
            config_digest: image.config_digest,
            platform: (!image.architecture.is_empty())
                .then(|| format!("{}/{}{variant}", image.os, image.architecture)),
            created_at: image.created_at,
            author: image.author,
            size: image.size,
            config,
            layers,
            steps,
            platforms: image.children,
            tags,
        })
    }
}

/// The parts of a config blob we show. Anything may be missing or null: it is somebody else's file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawConfig {
    config: Option<RawRun>,
    history: Option<Vec<RawStep>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct RawRun {
    env: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    exposed_ports: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    volumes: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    user: Option<String>,
    working_dir: Option<String>,
    stop_signal: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawStep {
    created: Option<DateTime<Utc>>,
    created_by: Option<String>,
    empty_layer: Option<bool>,
}

/// Reads what can be read; a config of another shape gives an empty one.
fn read_config(text: &str) -> (Config, Vec<Step>) {
    let raw: RawConfig = serde_json::from_str(text).unwrap_or_default();
    let run = raw.config.unwrap_or_default();
    let config = Config {
        env: run.env.unwrap_or_default(),
        cmd: run.cmd.unwrap_or_default(),
        entrypoint: run.entrypoint.unwrap_or_default(),
        exposed_ports: run.exposed_ports.unwrap_or_default().into_keys().collect(),
        volumes: run.volumes.unwrap_or_default().into_keys().collect(),
        user: run.user.unwrap_or_default(),
        working_dir: run.working_dir.unwrap_or_default(),
        stop_signal: run.stop_signal.unwrap_or_default(),
        labels: run.labels.unwrap_or_default(),
    };
    let steps = raw
        .history
        .unwrap_or_default()
        .into_iter()
        .map(|step| Step {
            created_by: step.created_by.unwrap_or_default(),
            created_at: step.created,
            empty_layer: step.empty_layer.unwrap_or(false),
        })
        .collect();
    (config, steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_with_nulls_or_of_another_shape_is_read_as_far_as_it_goes() {
        let (config, steps) = read_config(
            r#"{"config":{"Env":null,"Cmd":["a"],"ExposedPorts":{"80/tcp":{}},"Labels":{"x":"y"}},
               "history":[{"created_by":"RUN x"},{"created_by":"ENV y","empty_layer":true}]}"#,
        );
        assert_eq!(
            (config.cmd, config.exposed_ports),
            (vec!["a".to_owned()], vec!["80/tcp".to_owned()])
        );
        assert_eq!(steps.iter().filter(|step| step.empty_layer).count(), 1);
        assert_eq!(read_config("[]").0, Config::default());
        assert_eq!(read_config("not json").0, Config::default());
    }
}
