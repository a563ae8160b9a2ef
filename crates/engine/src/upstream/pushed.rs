//! Manifests a client pushes: read by the same rules as those another registry sends.

use bytes::Bytes;
use model::{
    Digest,
    image::{Child, is_foreign},
};

use super::{
    Image,
    manifest::{self, Descriptor, Kind, Manifest},
    schema1,
};

/// A manifest that was pushed, and what it takes to be an image.
pub(crate) struct Pushed {
    manifest: Manifest,
}

/// Reads a manifest that a client says is of a type and, if it pushes by digest, has one.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(crate) fn read(
    bytes: &Bytes,
    content_type: Option<&str>,
    digest: Option<&Digest>,
) -> Result<Pushed, String> {
    let manifest = manifest::parse(bytes, content_type, digest.cloned())?;
    Ok(Pushed { manifest })
}

impl Pushed {
    /// The blobs it cannot be without, with their sizes where it tells them; of an index, entries that are no manifests, as
    /// caches of builds have them. Layers that are only found elsewhere are not asked for.
    pub fn blobs(&self) -> Vec<(Digest, Option<i64>)> {
        match &self.manifest.kind {
            Kind::Index(entries) => entries
                .iter()
                .filter(|entry| !manifest::is_manifest(entry))
                .map(|entry| (entry.digest.clone(), Some(entry.size)))
                .collect(),
            Kind::Single { config, layers } => {
                let layers = layers
                    .iter()
                    .filter(|layer| !is_foreign(&layer.media_type))
                    .map(|layer| (layer.digest.clone(), Some(layer.size)));
                std::iter::once((config.digest.clone(), Some(config.size)))
                    .chain(layers)
                    .collect()
            }
            Kind::Schema1(old) => old
                .unique_layers()
                .into_iter()
                .map(|digest| (digest, None))
                .collect(),
        }
    }

    /// The entries of an index.
    pub fn entries(&self) -> &[Child] {
        match &self.manifest.kind {
            Kind::Index(entries) => entries,
            Kind::Single { .. } | Kind::Schema1(_) => &[],
        }
    }

    /// The config blob, if its text says what the image is.
    pub fn config(&self) -> Option<&Digest> {
        match &self.manifest.kind {
            Kind::Single { config, .. } if !config.is_empty_config() => Some(&config.digest),
            _ => None,
        }
    }

    /// The image, from its config's bytes and the sizes of its blobs.
    ///
    /// # Errors
    /// What is wrong with the config, in a sentence.
    pub fn image(self, config: Option<&Bytes>, sizes: &[(Digest, i64)]) -> Result<Image, String> {
        match &self.manifest.kind {
            Kind::Index(_) => Ok(self.manifest.into_index()),
            Kind::Single { config: of, .. } => {
                // Clients push what they like as a config; one that is no text says nothing of the image.
                let text = text(of, config).unwrap_or_else(|| "{}".to_owned());
                self.manifest.into_image(Some(text))
            }
            Kind::Schema1(_) => schema1::image(self.manifest, sizes),
        }
    }
}

fn text(of: &Descriptor, config: Option<&Bytes>) -> Option<String> {
    if of.is_empty_config() {
        return Some("{}".to_owned());
    }
    of.text(config?)
}
