//! Images made from a few words: the same words give the same bytes.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use model::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The kinds of manifest a registry may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageKind {
    /// Docker image manifest, schema 2.
    Docker,
    /// OCI image manifest.
    Oci,
    /// Docker manifest list of linux/amd64 and linux/arm64/v8.
    DockerList,
    /// OCI index of linux/amd64, linux/arm64/v8 and an attestation (unknown/unknown).
    OciIndex,
    /// Docker image manifest, schema 1, signed.
    Schema1,
    /// The same, not signed.
    Schema1Unsigned,
    /// OCI manifest with the empty config.
    Artifact,
}

/// What one image consists of.
pub(super) struct Made {
    pub digest: Digest,
    pub manifests: Vec<(Digest, (String, Bytes))>,
    pub blobs: Vec<(Digest, Bytes)>,
}

/// Media types of one family.
struct Types {
    manifest: &'static str,
    index: &'static str,
    config: &'static str,
    layer: &'static str,
}

const DOCKER: Types = Types {
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};
const OCI: Types = Types {
    manifest: "application/vnd.oci.image.manifest.v1+json",
    index: "application/vnd.oci.image.index.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

/// Digest of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> Digest {
    Digest::sha256(&Sha256::digest(bytes).into())
}

/// Makes an image. `revision` counts how often its tag moved.
pub(super) fn make(repository: &str, tag: &str, kind: ImageKind, revision: u32) -> Made {
    let seed = format!("{repository}:{tag} revision {revision}");
    match kind {
        ImageKind::Docker => single(&seed, &DOCKER, AMD64),
        ImageKind::Oci => single(&seed, &OCI, AMD64),
        ImageKind::DockerList => index(&seed, &DOCKER, &[AMD64, ARM64]),
        ImageKind::OciIndex => index(&seed, &OCI, &[AMD64, ARM64, UNKNOWN]),
        ImageKind::Schema1 => schema1(&seed, true),
        ImageKind::Schema1Unsigned => schema1(&seed, false),
        ImageKind::Artifact => artifact(&seed),
    }
}

type Platform = (&'static str, &'static str, &'static str);
const AMD64: Platform = ("linux", "amd64", "");
const ARM64: Platform = ("linux", "arm64", "v8");
const UNKNOWN: Platform = ("unknown", "unknown", "");

fn platform((os, architecture, variant): Platform) -> Value {
    let mut platform = json!({"os": os, "architecture": architecture});
    if !variant.is_empty() {
        platform["variant"] = variant.into();
    }
    platform
}

impl Made {
    /// Nothing yet.
    fn new() -> Self {
        Self {
            digest: sha256(b""),
            manifests: Vec::new(),
            blobs: Vec::new(),
        }
    }

    fn blob(&mut self, media_type: &str, bytes: impl Into<Bytes>) -> Value {
        let bytes = bytes.into();
        let digest = sha256(&bytes);
        let descriptor =
            json!({"mediaType": media_type, "size": bytes.len(), "digest": digest.as_str()});
        self.blobs.push((digest, bytes));
        descriptor
    }

    /// Adds a manifest, which becomes the image itself.
    fn manifest(&mut self, media_type: &str, digest: Digest, bytes: impl Into<Bytes>) {
        self.digest = digest.clone();
        self.manifests
            .push((digest, (media_type.to_owned(), bytes.into())));
    }
}

/// An image of schema 2 whose own layer has these bytes.
pub(super) fn with_layer(seed: &str, layer: Bytes) -> Made {
    single_of(seed, &DOCKER, AMD64, layer)
}

/// An image of schema 2 with a layer that its registry may not pass on, and does not have.
pub(super) fn with_foreign_layer(seed: &str) -> Made {
    const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let mut made = Made::new();
    let own = made.blob(DOCKER.layer, format!("layer of {seed}"));
    let config = made.blob(DOCKER.config, platform(AMD64).to_string());
    let mut foreign = made.blob(FOREIGN, format!("foreign layer of {seed}"));
    made.blobs.pop();
    foreign["urls"] = json!(["https://elsewhere.invalid/layer"]);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": DOCKER.manifest, "config": config, "layers": [foreign, own],
    })
    .to_string();
    made.manifest(DOCKER.manifest, sha256(manifest.as_bytes()), manifest);
    made
}

/// An index of one manifest that is not made.
pub(super) fn index_of(child: &Digest, size: usize) -> Made {
    index_over(&[json!({
        "mediaType": OCI.manifest, "digest": child.as_str(), "size": size, "platform": platform(AMD64),
    })])
}

/// An index of these entries.
pub(super) fn index_over(entries: &[Value]) -> Made {
    let mut made = Made::new();
    let index =
        json!({ "schemaVersion": 2, "mediaType": OCI.index, "manifests": entries }).to_string();
    made.manifest(OCI.index, sha256(index.as_bytes()), index);
    made
}

fn single(seed: &str, types: &Types, of: Platform) -> Made {
    let own = format!("layer of {seed} for {}/{}", of.0, of.1);
    single_of(seed, types, of, own.into())
}

fn single_of(seed: &str, types: &Types, of: Platform, own: Bytes) -> Made {
    let mut made = Made::new();
    let base = made.blob(types.layer, format!("base layer of {}/{}", of.0, of.1));
    let own = made.blob(types.layer, own);
    let mut config = platform(of);
    config["created"] = "2024-05-06T07:08:09Z".into();
    config["author"] = "Weir tests".into();
    config["config"] = json!({
        "Env": ["PATH=/usr/bin", format!("SEED={seed}")], "Cmd": ["serve"], "Entrypoint": ["/bin/app"],
        "ExposedPorts": {"8080/tcp": {}}, "Volumes": {"/data": {}}, "User": "1001", "WorkingDir": "/srv",
        "Labels": {"org.opencontainers.image.title": seed},
    });
    config["rootfs"] = json!({"type": "layers", "diff_ids": [base["digest"], own["digest"]]});
    config["history"] = json!([
        {"created": "2024-05-06T07:00:00Z", "created_by": "ADD base"},
        {"created": "2024-05-06T07:01:00Z", "created_by": "ENV SEED", "empty_layer": true},
        {"created": "2024-05-06T07:08:09Z", "created_by": "COPY app /bin/app"},
    ]);
    let config = made.blob(types.config, config.to_string());
    let manifest = json!({
        "schemaVersion": 2, "mediaType": types.manifest, "config": config, "layers": [base, own],
    })
    .to_string();
    made.manifest(types.manifest, sha256(manifest.as_bytes()), manifest);
    made
}

fn index(seed: &str, types: &Types, platforms: &[Platform]) -> Made {
    let mut made = Made::new();
    let mut entries = Vec::new();
    for of in platforms {
        let child = single(seed, types, *of);
        let size = child
            .manifests
            .first()
            .map_or(0, |(_, (_, bytes))| bytes.len());
        entries.push(json!({
            "mediaType": types.manifest, "size": size, "digest": child.digest.as_str(), "platform": platform(*of),
        }));
        made.manifests.extend(child.manifests);
        made.blobs.extend(child.blobs);
    }
    let index =
        json!({"schemaVersion": 2, "mediaType": types.index, "manifests": entries}).to_string();
    made.manifest(types.index, sha256(index.as_bytes()), index);
    made
}

fn artifact(seed: &str) -> Made {
    let mut made = Made::new();
    let config = made.blob("application/vnd.oci.empty.v1+json", "{}");
    let layer = made.blob("text/plain", format!("artifact {seed}"));
    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI.manifest, "artifactType": "text/plain", "config": config, "layers": [layer],
    })
    .to_string();
    made.manifest(OCI.manifest, sha256(manifest.as_bytes()), manifest);
    made
}

/// Three steps, the middle one without content. The signature proves nothing, as importers do not check it.
fn schema1(seed: &str, signed: bool) -> Made {
    const EMPTY: &str = "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4";
    let mut made = Made::new();
    let base = made.blob("", "base layer of schema 1");
    let own = made.blob("", format!("layer of {seed} in schema 1"));
    let entry = |step: &str, more: Value| {
        let mut entry = json!({
            "created": "2015-01-02T03:04:05Z", "container_config": {"Cmd": ["/bin/sh", "-c", step]},
        });
        if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
            entry.extend(more);
        }
        json!({"v1Compatibility": entry.to_string()})
    };
    let newest = json!({
        "id": "c", "parent": "b", "os": "linux", "architecture": "amd64", "author": "Weir tests",
        "config": {"Cmd": ["serve"], "Env": [format!("SEED={seed}")]},
    });
    let manifest = json!({
        "schemaVersion": 1, "name": "app", "tag": "1", "architecture": "amd64",
        "fsLayers": [{"blobSum": own["digest"]}, {"blobSum": EMPTY}, {"blobSum": base["digest"]}],
        "history": [
            entry("COPY app", newest),
            entry("ENV SEED", json!({"id": "b", "parent": "a", "throwaway": true})),
            entry("ADD base", json!({"id": "a"})),
        ],
    });
    let payload = serde_json::to_string_pretty(&manifest).unwrap_or_default();
    let digest = sha256(payload.as_bytes());
    if !signed {
        let media_type = "application/vnd.docker.distribution.manifest.v1+json";
        made.manifest(media_type, digest, payload);
        return made;
    }
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = payload.strip_suffix("\n}").unwrap_or(&payload);
    let protected = json!({
        "formatLength": head.len(), "formatTail": BASE64_URL_SAFE_NO_PAD.encode("\n}"), "time": "2015-01-02T03:04:05Z",
    });
    let signature = json!([{
        "header": {"alg": "ES256"}, "signature": "c2lnbmVk", "protected": encode(&protected),
    }]);
    let text = format!("{head},\n  \"signatures\": {signature}\n}}");
    let media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    made.manifest(media_type, digest, text);
    made
}
