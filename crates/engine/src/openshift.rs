//! Streams, tags and images in OpenShift's form (`image.openshift.io/v1`): written for export, read from definitions.
//!
//! Pure: values in, values out. Text (YAML or JSON) is turned into values elsewhere, and so is loading and applying.

pub mod definition;
pub mod describe;
mod export;
mod image;
#[cfg(test)]
mod tests;
pub mod text;

use serde_json::{Map, Value};

pub use self::{
    export::{StreamObject, TagObject, image_stream, image_stream_image, image_stream_tag},
    image::image,
};

/// The group and version of everything written here.
const API_VERSION: &str = "image.openshift.io/v1";
/// On a stream: `"true"`, exactly so, allows unverified TLS and plain HTTP for all its tags.
const INSECURE: &str = "openshift.io/image.insecureRepository";
/// On a stream: when its tags were last looked at upstream.
const CHECKED: &str = "openshift.io/image.dockerRepositoryCheck";

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
