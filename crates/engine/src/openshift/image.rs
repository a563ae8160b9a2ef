//! An image as OpenShift shows it: `Image`, with the config blob turned into `dockerImageMetadata`.
//!
//! Where this differs from what OpenShift 4.21 answers, and why:
//! - `dockerImageMetadata.Created` of an index is null and not the time of its import, which an image does not keep.
//! - `Id` of a schema 1 image is its manifest digest and `Parent` is missing: the ids its history had are not kept.
//! - `signatures` are those of the stream it is shown for, never verified: no `conditions`, `issuedBy` and the like.
//! - Fields of the config blob that have another type than they should are left out.

use model::{Reference, image::Signature};
use serde_json::{Map, Value, json};

use super::{API_VERSION, export::time, fields};
use crate::store::StoredImage;

/// The type a field of a container config has; it is left out if it is empty, false or zero.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Number,
    Flag,
    /// A list of texts.
    List,
    /// An object whose names count: each becomes `{}`.
    Names,
    /// An object of texts.
    Texts,
}

/// Fields of a container config, in the spelling of the blob, which is OpenShift's as well.
const CONFIG: [(&str, Shape); 27] = [
    ("Hostname", Shape::Text),
    ("Domainname", Shape::Text),
    ("User", Shape::Text),
    ("Memory", Shape::Number),
    ("MemorySwap", Shape::Number),
    ("CpuShares", Shape::Number),
    ("Cpuset", Shape::Text),
    ("AttachStdin", Shape::Flag),
    ("AttachStdout", Shape::Flag),
    ("AttachStderr", Shape::Flag),
    ("PortSpecs", Shape::List),
    ("ExposedPorts", Shape::Names),
    ("Tty", Shape::Flag),
    ("OpenStdin", Shape::Flag),
    ("StdinOnce", Shape::Flag),
    ("Env", Shape::List),
    ("Cmd", Shape::List),
    ("Dns", Shape::List),
    ("Image", Shape::Text),
    ("Volumes", Shape::Names),
    ("VolumesFrom", Shape::Text),
    ("WorkingDir", Shape::Text),
    ("Entrypoint", Shape::List),
    ("NetworkDisabled", Shape::Flag),
    ("SecurityOpts", Shape::List),
    ("OnBuild", Shape::List),
    ("Labels", Shape::Texts),
];

/// Texts of the blob, and what they are called in OpenShift's capitalised form.
const TEXTS: [(&str, &str); 6] = [
    ("parent", "Parent"),
    ("comment", "Comment"),
    ("container", "Container"),
    ("docker_version", "DockerVersion"),
    ("author", "Author"),
    ("architecture", "Architecture"),
];

/// The `Image`, without raw manifest and config. `reference` is where it is found, at its digest; `signatures` are those it
/// has in the stream.
#[must_use]
pub fn image(image: &StoredImage, reference: &Reference, signatures: &[Signature]) -> Value {
    let mut metadata = fields([("name", json!(image.digest.as_str()))]);
    let mut made = fields([
        ("kind", json!("Image")),
        ("apiVersion", json!(API_VERSION)),
        ("dockerImageReference", json!(reference.to_string())),
        ("dockerImageMetadata", docker_metadata(image)),
        ("dockerImageMetadataVersion", json!("1.0")),
        ("dockerImageManifestMediaType", json!(image.media_type)),
    ]);
    if image.managed || !image.layers.is_empty() {
        metadata.insert(
            "annotations".to_owned(),
            match image.managed {
                false => json!({"image.openshift.io/dockerLayersOrder": "ascending"}),
                true => json!({
                    "image.openshift.io/dockerLayersOrder": "ascending",
                    "image.openshift.io/manifestBlobStored": "true",
                    "openshift.io/image.managed": "true",
                }),
            },
        );
    }
    if !image.layers.is_empty() {
        made.insert("dockerImageLayers".to_owned(), layers(image));
    }
    if !image.children.is_empty() {
        made.insert("dockerImageManifests".to_owned(), manifests(image));
    }
    if !signatures.is_empty() {
        let signatures = signatures.iter().map(|signature| {
            json!({
                "metadata": {
                    "name": signature.full_name(&image.digest),
                    "creationTimestamp": time(signature.added_at),
                },
                "type": signature.kind,
                "content": signature.content,
            })
        });
        made.insert("signatures".to_owned(), signatures.collect());
    }
    made.insert("metadata".to_owned(), Value::Object(metadata));
    Value::Object(made)
}

/// Base first; a layer that is there twice stays twice.
fn layers(image: &StoredImage) -> Value {
    image
        .layers
        .iter()
        .map(|layer| {
            json!({
                "name": layer.digest.as_str(),
                "size": layer.size,
                "mediaType": layer.media_type,
            })
        })
        .collect()
}

fn manifests(image: &StoredImage) -> Value {
    image
        .children
        .iter()
        .map(|child| {
            let mut made = fields([
                ("digest", json!(child.digest.as_str())),
                ("mediaType", json!(child.media_type)),
                ("manifestSize", json!(child.size)),
                ("architecture", json!(child.architecture)),
                ("os", json!(child.os)),
            ]);
            if !child.variant.is_empty() {
                made.insert("variant".to_owned(), json!(child.variant));
            }
            Value::Object(made)
        })
        .collect()
}

/// `dockerImageMetadata`: the config blob has lower-case names, OpenShift capitalised ones.
fn docker_metadata(image: &StoredImage) -> Value {
    let blob: Map<String, Value> = image
        .config
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let id = image.config_digest.as_ref().unwrap_or(&image.digest);
    let build = blob.get("container_config").and_then(Value::as_object);
    let mut made = fields([
        ("kind", json!("DockerImage")),
        ("apiVersion", json!("image.openshift.io/1.0")),
        ("Id", json!(id.as_str())),
        ("Created", json!(image.created_at.map(time))),
        // There even if it is empty.
        (
            "ContainerConfig",
            Value::Object(build.map(container_config).unwrap_or_default()),
        ),
    ]);
    for (from, name) in TEXTS {
        if let Some(text) = blob.get(from).and_then(|value| shaped(value, Shape::Text)) {
            made.insert(name.to_owned(), text);
        }
    }
    if let Some(config) = blob.get("config").and_then(Value::as_object) {
        made.insert("Config".to_owned(), Value::Object(container_config(config)));
    }
    if image.size > 0 {
        made.insert("Size".to_owned(), json!(image.size));
    }
    Value::Object(made)
}

fn container_config(config: &Map<String, Value>) -> Map<String, Value> {
    CONFIG
        .into_iter()
        .filter_map(|(name, shape)| Some((name.to_owned(), shaped(config.get(name)?, shape)?)))
        .collect()
}

/// The value, if it has this shape and says something.
fn shaped(value: &Value, shape: Shape) -> Option<Value> {
    match (shape, value) {
        (Shape::Text, Value::String(text)) if !text.is_empty() => Some(value.clone()),
        (Shape::Number, Value::Number(number)) if number.as_i64().is_some_and(|n| n != 0) => {
            Some(value.clone())
        }
        (Shape::Flag, Value::Bool(true)) => Some(value.clone()),
        (Shape::List, Value::Array(list)) if !list.is_empty() => {
            list.iter().all(Value::is_string).then(|| value.clone())
        }
        (Shape::Names, Value::Object(names)) if !names.is_empty() => Some(Value::Object(
            names.keys().map(|name| (name.clone(), json!({}))).collect(),
        )),
        (Shape::Texts, Value::Object(texts)) if !texts.is_empty() => {
            texts.values().all(Value::is_string).then(|| value.clone())
        }
        _ => None,
    }
}
