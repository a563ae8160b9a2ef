//! Images as pages show them: platform, config, layers, children of an index.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Digest, Reference, TagName};

/// One image, addressed by its manifest digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageView {
    /// Digest of the manifest.
    pub digest: Digest,
    /// Where this stream got it.
    pub reference: Reference,
    /// Media type of the manifest.
    pub media_type: String,
    /// Digest of the config blob; none for an index.
    pub config_digest: Option<Digest>,
    /// `os/architecture[/variant]`; none for an index.
    pub platform: Option<String>,
    /// When it was built, by its own word.
    pub created_at: Option<DateTime<Utc>>,
    /// Who built it, by its own word.
    pub author: String,
    /// Config and unique layers, in bytes, compressed as the registry holds them. For an index: zero.
    pub size: i64,
    /// What a container of it runs with.
    pub config: Config,
    /// Layers, base first, each with the build step that made it where known.
    pub layers: Vec<Layer>,
    /// Build steps, oldest first, those without a layer included.
    pub steps: Vec<Step>,
    /// Children of an index.
    pub platforms: Vec<Child>,
    /// Tags of this stream whose head this is.
    pub tags: Vec<TagName>,
}

/// A signature of an image, as a client made it. Nothing here verifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What follows the image's digest in its name.
    pub name: String,
    /// How it is made, such as `atomic`.
    pub kind: String,
    /// In base64.
    pub content: String,
    /// Name of the user who put it here.
    pub added_by: String,
    /// When that was.
    pub added_at: DateTime<Utc>,
}

impl Signature {
    /// Its name as the registry's interface and OpenShift have it.
    #[must_use]
    pub fn full_name(&self, digest: &Digest) -> String {
        format!("{digest}@{}", self.name)
    }
}

/// What a manifest says of itself beside what it is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFacts {
    /// Bytes of the manifest; 0 if unknown.
    pub size: i64,
    /// The manifest it is attached to, as a signature is to what it signs.
    pub subject: Option<Digest>,
    /// What an artifact is; for an image the media type of its config.
    pub artifact_type: String,
    /// Its own annotations.
    pub annotations: BTreeMap<String, String>,
}

/// The part of an image's config that says how a container runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    /// Arguments of the entry point, or the command itself.
    pub cmd: Vec<String>,
    /// The program.
    pub entrypoint: Vec<String>,
    /// Such as `8080/tcp`.
    pub exposed_ports: Vec<String>,
    /// Mount points.
    pub volumes: Vec<String>,
    /// User and group.
    pub user: String,
    /// Where the program starts.
    pub working_dir: String,
    /// Signal that stops it.
    pub stop_signal: String,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
}

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Digest of the compressed layer.
    pub digest: Digest,
    /// Bytes, compressed.
    pub size: i64,
    /// Media type.
    pub media_type: String,
    /// The build step that made it; empty if the image does not say.
    pub created_by: String,
}

impl Layer {
    /// Whether it may not be passed on, so that it is only at the addresses its manifest names.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        is_foreign(&self.media_type)
    }
}

/// Whether layers of a media type may not be passed on.
#[must_use]
pub fn is_foreign(media_type: &str) -> bool {
    media_type.contains(".foreign.") || media_type.contains(".nondistributable.")
}

/// One build step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The command.
    pub created_by: String,
    /// When it ran.
    pub created_at: Option<DateTime<Utc>>,
    /// Whether it made no layer.
    pub empty_layer: bool,
}

/// A child manifest of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// Digest of the child's manifest.
    pub digest: Digest,
    /// Media type of the child's manifest.
    pub media_type: String,
    /// Bytes of the child's manifest.
    pub size: i64,
    /// Operating system; `unknown` for attestations.
    pub os: String,
    /// Processor architecture; `unknown` for attestations.
    pub architecture: String,
    /// Such as `v8`; empty if none.
    pub variant: String,
}

impl Child {
    /// `os/architecture[/variant]`.
    #[must_use]
    pub fn platform(&self) -> String {
        let tail = if self.variant.is_empty() {
            String::new()
        } else {
            format!("/{}", self.variant)
        };
        format!("{}/{}{tail}", self.os, self.architecture)
    }

    /// A buildx attestation: kept, but never a platform to run.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}
