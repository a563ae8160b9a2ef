//! Manifests of schema 1: signed or not, newest layer first, the config spread over the history.
//!
//! Source: the distribution project's specification of image manifests, version 2, schema 1.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use model::Digest;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::manifest::{Image, ImageLayer, Kind, Manifest, unique_size};

/// What builders used for steps without content.
const EMPTY_LAYER: &str = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";
const LAYER: &str = "application/vnd.docker.container.image.rootfs.diff+x-gtar";

/// A layer as schema 1 lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FsLayer {
    blob_sum: Digest,
}

/// A history entry: JSON in a string.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    v1_compatibility: String,
}

/// A schema 1 manifest, base first.
#[derive(Debug)]
pub(super) struct Old {
    layers: Vec<Digest>,
    history: Vec<Map<String, Value>>,
}

/// What was signed, if this is a signed manifest: the bytes without the signatures. An error if they cannot be told.
pub(super) fn payload(bytes: &[u8]) -> Result<Option<Cow<'_, [u8]>>, String> {
    #[derive(Deserialize)]
    struct Signed {
        signatures: Option<Vec<Signature>>,
    }
    #[derive(Deserialize)]
    struct Signature {
        protected: String,
    }
    #[derive(Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Protected {
        format_length: usize,
        format_tail: String,
    }
    // Most manifests have no such field; they are told apart without being parsed twice.
    if !bytes.windows(12).any(|window| window == b"\"signatures\"") {
        return Ok(None);
    }
    let Ok(Signed {
        signatures: Some(signatures),
    }) = serde_json::from_slice(bytes)
    else {
        return Ok(None);
    };
    let mut found: Option<Protected> = None;
    for signature in &signatures {
        let protected = BASE64_URL_SAFE_NO_PAD
            .decode(signature.protected.trim_end_matches('='))
            .ok()
            .and_then(|text| serde_json::from_slice::<Protected>(&text).ok())
            .ok_or("a signature of the manifest cannot be read")?;
        if found.as_ref().is_some_and(|other| *other != protected) {
            return Err("the signatures of the manifest sign different content".to_owned());
        }
        found = Some(protected);
    }
    let Some(protected) = found else {
        return Ok(None);
    };
    let tail = BASE64_URL_SAFE_NO_PAD
        .decode(protected.format_tail.trim_end_matches('='))
        .map_err(|_| "a signature of the manifest cannot be read")?;
    let head = bytes
        .get(..protected.format_length)
        .ok_or("a signature of the manifest cannot be read")?;
    Ok(Some(Cow::Owned([head, &tail].concat())))
}

impl Old {
    /// Turns both lists base first.
    pub fn new(layers: Vec<FsLayer>, history: Vec<Entry>) -> Result<Self, String> {
        if layers.len() != history.len() {
            return Err(format!(
                "the manifest has {} layers and {} history entries",
                layers.len(),
                history.len()
            ));
        }
        let history = history
            .iter()
            .rev()
            .map(|entry| serde_json::from_str(&entry.v1_compatibility))
            .collect::<Result<_, _>>()
            .map_err(|_| "the manifest's history is not valid JSON")?;
        let layers = layers
            .into_iter()
            .rev()
            .map(|layer| layer.blob_sum)
            .collect();
        Ok(Self { layers, history })
    }

    /// The layers whose sizes are worth asking for, each once.
    pub fn unique_layers(&self) -> Vec<Digest> {
        let mut seen = std::collections::HashSet::new();
        self.layers
            .iter()
            .filter(|digest| digest.as_str() != EMPTY_LAYER && seen.insert(*digest))
            .cloned()
            .collect()
    }

    /// The config that schema 2 would have, from the newest entry and the history. `diff_ids` are not known.
    fn config(&self) -> Value {
        let mut config = self.history.last().cloned().unwrap_or_default();
        for field in ["id", "parent", "parent_id", "layer_id", "throwaway", "Size"] {
            config.remove(field);
        }
        let steps: Vec<Value> = self.history.iter().map(step).collect();
        config.insert("history".to_owned(), Value::Array(steps));
        config.insert(
            "rootfs".to_owned(),
            json!({"type": "layers", "diff_ids": []}),
        );
        Value::Object(config)
    }
}

/// A history entry in the shape of schema 2.
fn step(old: &Map<String, Value>) -> Value {
    let mut new = Map::new();
    for field in ["created", "author", "comment"] {
        if let Some(value) = old.get(field) {
            new.insert(field.to_owned(), value.clone());
        }
    }
    let command = old
        .get("container_config")
        .and_then(|config| config.get("Cmd")?.as_array())
        .map(|words| {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        });
    if let Some(command) = command {
        new.insert("created_by".to_owned(), command.into());
    }
    if old.get("throwaway").and_then(Value::as_bool) == Some(true) {
        new.insert("empty_layer".to_owned(), true.into());
    }
    Value::Object(new)
}

/// The image of a schema 1 manifest. Sizes that are missing are 0.
pub(super) fn image(manifest: Manifest, sizes: &[(Digest, i64)]) -> Result<Image, String> {
    let (mut image, kind) = manifest.bare();
    let Kind::Schema1(old) = kind else {
        return Ok(image);
    };
    let text = serde_json::to_string(&old.config()).map_err(|error| error.to_string())?;
    image.take_facts(&text);
    image.layers = old
        .layers
        .iter()
        .map(|digest| ImageLayer {
            digest: digest.clone(),
            size: sizes
                .iter()
                .find(|(known, _)| known == digest)
                .map_or(0, |(_, size)| *size),
            media_type: LAYER.to_owned(),
        })
        .collect();
    image.size = unique_size(&image.layers);
    image.config = Some(text);
    Ok(image)
}
