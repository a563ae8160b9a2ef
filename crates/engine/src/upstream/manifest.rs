//! Manifests as registries send them: verified, told apart, and read into an [`Image`].

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DateTime, Datelike, Utc};
use model::{
    Digest,
    image::{Child, ManifestFacts},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{failure::tidy, schema1, transport::Answer};

/// What manifest requests accept.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
application/vnd.oci.image.manifest.v1+json, \
application/vnd.docker.distribution.manifest.list.v2+json, \
application/vnd.docker.distribution.manifest.v2+json, \
application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5, \
application/vnd.docker.distribution.manifest.v1+json;q=0.5";

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Layers of an image, and entries of an index, at most.
pub(super) const MAX_ENTRIES: usize = 1_000;

/// An image of another registry, or an index of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Digest of the manifest. For signed schema 1, of its payload without signatures.
    pub digest: Digest,
    /// Media type of the manifest.
    pub media_type: String,
    /// The manifest as sent.
    pub manifest: Bytes,
    /// Digest of the config blob; none for an index and for schema 1.
    pub config_digest: Option<Digest>,
    /// The config's JSON text. For schema 1 one made from its history, in the shape of schema 2. None for an index,
    /// and for an artifact whose config is not JSON.
    pub config: Option<String>,
    /// Operating system, by the config; empty for an index.
    pub os: String,
    /// Processor architecture, by the config; empty for an index.
    pub architecture: String,
    /// Such as `v8`; empty if none.
    pub variant: String,
    /// When it was built, by its own word.
    pub created_at: Option<DateTime<Utc>>,
    /// Who built it, by its own word.
    pub author: String,
    /// Bytes of the config and of the layers, each layer once. Zero for an index.
    pub size: i64,
    /// Layers, base first; one listed twice stays twice.
    pub layers: Vec<ImageLayer>,
    /// Entries of an index. One without a platform has it empty.
    pub children: Vec<Child>,
    /// What the manifest says of itself.
    pub facts: ManifestFacts,
}

/// A layer as its manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLayer {
    /// Digest of the blob.
    pub digest: Digest,
    /// Bytes of the blob; 0 if unknown.
    pub size: i64,
    /// Media type.
    pub media_type: String,
}

/// A verified manifest whose config is not read yet.
pub(super) struct Manifest {
    pub digest: Digest,
    pub media_type: String,
    pub bytes: Bytes,
    pub kind: Kind,
    pub facts: ManifestFacts,
}

/// The kinds of manifest.
pub(super) enum Kind {
    /// Schema 2 and OCI manifests, of images and of artifacts.
    Single {
        config: Descriptor,
        layers: Vec<ImageLayer>,
    },
    /// Manifest lists and OCI indexes.
    Index(Vec<Child>),
    /// Schema 1.
    Schema1(schema1::Old),
}

/// A reference to content.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    #[serde(default)]
    pub media_type: String,
    pub digest: Digest,
    pub size: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u32>,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<RawChild>>,
    fs_layers: Option<Vec<schema1::FsLayer>>,
    history: Option<Vec<schema1::Entry>>,
    #[serde(default)]
    subject: Option<Descriptor>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawChild {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    size: i64,
    #[serde(default)]
    platform: Option<RawPlatform>,
}

#[derive(Default, Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

impl Descriptor {
    /// The config is an image's, and has to be readable.
    pub fn is_image_config(&self) -> bool {
        matches!(self.media_type.as_str(), DOCKER_CONFIG | OCI_CONFIG)
    }

    /// The config is there only because a manifest must name one.
    pub fn is_empty_config(&self) -> bool {
        self.media_type == OCI_EMPTY
    }

    /// Refuses content that is not what the descriptor promises.
    pub fn verify(&self, content: &[u8]) -> Result<(), String> {
        verify(content, &self.digest)?;
        if usize::try_from(self.size).is_ok_and(|size| size == content.len()) {
            return Ok(());
        }
        Err(format!(
            "content of {} has {} bytes and not {} as promised",
            self.digest,
            content.len(),
            self.size
        ))
    }

    /// The content as text, if it is a JSON object.
    pub fn text(&self, content: &Bytes) -> Option<String> {
        serde_json::from_slice::<serde_json::Map<String, Value>>(content).ok()?;
        String::from_utf8(content.to_vec()).ok()
    }
}

/// The digest an answer's header names.
pub(super) fn header_digest(answer: &Answer) -> Option<Digest> {
    answer.header("docker-content-digest")?.parse().ok()
}

/// Verifies and reads a manifest a registry sent. `requested` is set if it was asked for by digest.
pub(super) fn read(answer: &Answer, requested: Option<&Digest>) -> Result<Manifest, String> {
    let expected = requested.cloned().or_else(|| header_digest(answer));
    parse(&answer.body, answer.header("content-type"), expected)
}

/// Verifies and reads a manifest that is said to be of a type and to have a digest.
pub(crate) fn parse(
    bytes: &Bytes,
    content_type: Option<&str>,
    expected: Option<Digest>,
) -> Result<Manifest, String> {
    let payload = schema1::payload(bytes)?;
    let digest = match (&expected, &payload) {
        (Some(digest), None) => verify(bytes, digest).map(|()| digest.clone())?,
        // Some registries count the signatures in.
        (Some(digest), Some(payload)) => verify(payload, digest)
            .or_else(|fault| verify(bytes, digest).map_err(|_| fault))
            .map(|()| digest.clone())?,
        (None, None) => Digest::sha256(&Sha256::digest(bytes).into()),
        (None, Some(payload)) => Digest::sha256(&Sha256::digest(payload).into()),
    };
    let signed = payload.is_some();
    let raw: Raw = serde_json::from_slice(payload.as_deref().unwrap_or(bytes))
        .map_err(|error| format!("the manifest is not valid: {}", tidy(&error.to_string())))?;
    let media_type = media_type(content_type, &raw, signed)?;
    let facts = facts(bytes, &raw);
    let kind = kind(&media_type, raw)?;
    if signed && !matches!(kind, Kind::Schema1(_)) {
        return Err(format!(
            "the manifest is signed, which {media_type} never is"
        ));
    }
    Ok(Manifest {
        digest,
        media_type,
        bytes: bytes.clone(),
        kind,
        facts,
    })
}

fn facts(bytes: &Bytes, raw: &Raw) -> ManifestFacts {
    let artifact_type = raw
        .artifact_type
        .as_deref()
        .filter(|word| !word.is_empty())
        .or(raw.config.as_ref().map(|config| config.media_type.as_str()));
    ManifestFacts {
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        subject: raw.subject.as_ref().map(|subject| subject.digest.clone()),
        artifact_type: tidy(artifact_type.unwrap_or_default()),
        annotations: raw.annotations.clone().unwrap_or_default(),
    }
}

/// Header and body must agree on the type, so that nobody else reads the bytes as something else (CVE-2021-41190).
fn media_type(content_type: Option<&str>, raw: &Raw, signed: bool) -> Result<String, String> {
    let header = content_type
        .and_then(|text| text.split(';').next())
        .map(|text| text.trim().to_ascii_lowercase())
        .filter(|text| is_known(text));
    let body = raw.media_type.as_deref().filter(|text| !text.is_empty());
    match (header, body) {
        (Some(header), Some(body)) if header != body => Err(format!(
            "the manifest is sent as {header} and calls itself {}",
            tidy(body)
        )),
        (Some(known), _) => Ok(known),
        (None, Some(body)) if is_known(body) => Ok(body.to_owned()),
        (None, Some(body)) => Err(format!("the manifest type {} is not supported", tidy(body))),
        (None, None) if raw.fs_layers.is_some() => {
            Ok(if signed { SCHEMA1_SIGNED } else { SCHEMA1 }.to_owned())
        }
        (None, None) if raw.manifests.is_some() => Ok(OCI_INDEX.to_owned()),
        (None, None) => Ok(OCI_MANIFEST.to_owned()),
    }
}

fn is_known(media_type: &str) -> bool {
    matches!(
        media_type,
        DOCKER_MANIFEST | DOCKER_LIST | OCI_MANIFEST | OCI_INDEX | SCHEMA1 | SCHEMA1_SIGNED
    )
}

/// Whether an entry of an index is a manifest; one that does not say what it is, is.
pub(crate) fn is_manifest(entry: &Child) -> bool {
    entry.media_type.is_empty() || is_known(&entry.media_type)
}

fn kind(media_type: &str, raw: Raw) -> Result<Kind, String> {
    let version = if matches!(media_type, SCHEMA1 | SCHEMA1_SIGNED) {
        1
    } else {
        2
    };
    if raw.schema_version != Some(version) {
        return Err(format!(
            "the manifest has not schemaVersion {version}, as {media_type} must"
        ));
    }
    let single = raw.config.is_some() || raw.layers.is_some();
    let shapes = [single, raw.manifests.is_some(), raw.fs_layers.is_some()];
    if shapes.iter().filter(|shape| **shape).count() > 1 {
        return Err("the manifest is an index and an image at once".to_owned());
    }
    let missing = |field: &str| format!("the manifest has no {field}, as {media_type} must");
    match media_type {
        DOCKER_LIST | OCI_INDEX => {
            let entries = raw.manifests.ok_or_else(|| missing("manifests"))?;
            counted(entries.len(), "entries")?;
            entries
                .into_iter()
                .map(child)
                .collect::<Result<_, _>>()
                .map(Kind::Index)
        }
        SCHEMA1 | SCHEMA1_SIGNED => {
            let layers = raw.fs_layers.ok_or_else(|| missing("fsLayers"))?;
            counted(layers.len(), "layers")?;
            schema1::Old::new(layers, raw.history.unwrap_or_default()).map(Kind::Schema1)
        }
        _ => {
            let config = raw.config.ok_or_else(|| missing("config"))?;
            let layers = raw.layers.unwrap_or_default();
            counted(layers.len(), "layers")?;
            if config.size < 0 || layers.iter().any(|layer| layer.size < 0) {
                return Err("the manifest names a negative size".to_owned());
            }
            let layers = layers
                .into_iter()
                .map(|layer| ImageLayer {
                    digest: layer.digest,
                    size: layer.size,
                    media_type: tidy(&layer.media_type),
                })
                .collect();
            Ok(Kind::Single { config, layers })
        }
    }
}

fn counted(count: usize, what: &str) -> Result<(), String> {
    if count > MAX_ENTRIES {
        return Err(format!(
            "the manifest has {count} {what}, more than {MAX_ENTRIES}"
        ));
    }
    Ok(())
}

fn child(raw: RawChild) -> Result<Child, String> {
    if raw.size < 0 {
        return Err("the manifest names a negative size".to_owned());
    }
    let platform = raw.platform.unwrap_or_default();
    Ok(Child {
        digest: raw.digest,
        media_type: tidy(&raw.media_type),
        size: raw.size,
        os: tidy(&platform.os),
        architecture: tidy(&platform.architecture),
        variant: tidy(platform.variant.as_deref().unwrap_or_default()),
    })
}

impl Manifest {
    /// An image of nothing known but the manifest.
    pub fn bare(self) -> (Image, Kind) {
        let image = Image {
            digest: self.digest,
            media_type: self.media_type,
            manifest: self.bytes,
            config_digest: None,
            config: None,
            os: String::new(),
            architecture: String::new(),
            variant: String::new(),
            created_at: None,
            author: String::new(),
            size: 0,
            layers: Vec::new(),
            children: Vec::new(),
            facts: self.facts,
        };
        (image, self.kind)
    }

    /// The image of a manifest that needs nothing else.
    pub fn into_index(self) -> Image {
        let (mut image, kind) = self.bare();
        if let Kind::Index(children) = kind {
            image.children = children;
        }
        image
    }

    /// The image of a manifest with its config's text.
    pub fn into_image(self, text: Option<String>) -> Result<Image, String> {
        let (mut image, kind) = self.bare();
        let Kind::Single { config, layers } = kind else {
            return Ok(image);
        };
        match &text {
            Some(text) => image.take_facts(text),
            None if config.is_image_config() => {
                return Err(format!("config {} is not valid JSON", config.digest));
            }
            None => {}
        }
        image.size = config.size.saturating_add(unique_size(&layers));
        image.config_digest = Some(config.digest);
        image.config = text;
        image.layers = layers;
        Ok(image)
    }
}

impl Image {
    /// Platform, date and author, as far as a config names them.
    pub(super) fn take_facts(&mut self, config: &str) {
        #[derive(Default, Deserialize)]
        struct Facts {
            os: Option<Value>,
            architecture: Option<Value>,
            variant: Option<Value>,
            author: Option<Value>,
            created: Option<Value>,
        }
        let facts: Facts = serde_json::from_str(config).unwrap_or_default();
        let text = |value: &Option<Value>| {
            tidy(value.as_ref().and_then(Value::as_str).unwrap_or_default())
        };
        self.os = text(&facts.os);
        self.architecture = text(&facts.architecture);
        self.variant = text(&facts.variant);
        self.author = text(&facts.author);
        self.created_at = DateTime::parse_from_rfc3339(&text(&facts.created))
            .ok()
            .map(|date| date.with_timezone(&Utc))
            // Year 1 is how Go writes "no date".
            .filter(|date| date.year() > 1);
    }
}

/// Bytes of the layers, each once.
pub(super) fn unique_size(layers: &[ImageLayer]) -> i64 {
    let mut seen = std::collections::HashSet::new();
    layers
        .iter()
        .filter(|layer| seen.insert(&layer.digest))
        .fold(0i64, |sum, layer| sum.saturating_add(layer.size))
}

/// Refuses content that does not have this digest.
pub(super) fn verify(content: &[u8], expected: &Digest) -> Result<(), String> {
    let actual = match expected.algorithm() {
        "sha256" => format!("{:x}", Sha256::digest(content)),
        "sha384" => format!("{:x}", Sha384::digest(content)),
        "sha512" => format!("{:x}", Sha512::digest(content)),
        other => return Err(format!("digest algorithm {other} is not supported")),
    };
    if actual == expected.hex() {
        return Ok(());
    }
    Err(format!(
        "content does not match digest {expected}: it has {}:{actual}",
        expected.algorithm()
    ))
}
