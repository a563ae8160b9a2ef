//! What images take, and what of it is stored here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Namespace, StreamRef};

/// What the images of one stream take, as it was when last measured: manifests, configs and layers, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamStorage {
    /// The stream.
    pub stream: StreamRef,
    /// Images its tags have or had, the platforms of indexes included.
    pub images: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Those of what is stored here.
    pub stored_bytes: i64,
    /// Pulls of its tags through the registry.
    pub pulls: i64,
    /// The newest of them.
    pub pulled_at: Option<DateTime<Utc>>,
    /// When this was measured.
    pub measured_at: DateTime<Utc>,
}

/// What the streams of a namespace take; what images share counts once a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceStorage {
    /// The namespace.
    pub namespace: Namespace,
    /// Their bytes.
    pub bytes: i64,
    /// Those of what is stored here.
    pub stored_bytes: i64,
    /// Pulls of their tags through the registry.
    pub pulls: i64,
}

/// What all streams take together, as it was when last measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageTotal {
    /// Blobs that are stored.
    pub blobs: i64,
    /// Their bytes.
    pub bytes: i64,
    /// What the streams would take if each had its images to itself.
    pub unshared_bytes: i64,
    /// When this was measured; none if it never was.
    pub measured_at: Option<DateTime<Utc>>,
}

/// What one image takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageStorage {
    /// Its layers, those of all platforms of an index; each counts once.
    pub layers: i64,
    /// Their bytes, and those of manifests and configs.
    pub bytes: i64,
    /// Layers that are stored here.
    pub stored_layers: i64,
    /// Bytes that are stored here.
    pub stored_bytes: i64,
    /// Manifests and blobs a pull needs that are not stored here.
    pub missing: i64,
}

/// How often a tag was pulled through the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulls {
    /// How often.
    pub count: i64,
    /// When last.
    pub last: Option<DateTime<Utc>>,
}
