//! An image with its layers or manifests and its configuration.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Columns, annotations, human, list, since, text};

pub(super) fn image(image: &Value, now: DateTime<Utc>) -> String {
    let mut out = Columns::default();
    let about = &image["metadata"];
    out.field("Image Name", text(&about["name"]));
    out.field("Docker Image", text(&image["dockerImageReference"]));
    out.field("Name", text(&about["name"]));
    if let Some(created) = since(&about["creationTimestamp"], now) {
        out.field("Created", &created);
    }
    if !about["labels"].is_null() {
        out.texts("Labels", &about["labels"]);
    }
    if !about["annotations"].is_null() {
        annotations(&mut out, &about["annotations"]);
    }

    let docker = &image["dockerImageMetadata"];
    let size = human::size(docker["Size"].as_i64().unwrap_or_default());
    let layers = list(&image["dockerImageLayers"]);
    if layers.is_empty() {
        out.field("Layer Size", &size);
    } else {
        out.field("Image Size", &format!("{size} in {} layers", layers.len()));
        let layers = layers.iter().map(|layer| {
            let size = human::size(layer["size"].as_i64().unwrap_or_default());
            format!("{size}\t{}", text(&layer["name"]))
        });
        out.field("Layers", &lines(layers));
    }
    for signature in list(&image["signatures"]) {
        out.field("Image Signatures", " ");
        out.field("\tName", text(&signature["metadata"]["name"]));
        out.field("\tType", text(&signature["type"]));
        out.field("\tStatus", "Unverified");
    }
    out.field(
        "Image Created",
        &since(&docker["Created"], now).unwrap_or_default(),
    );
    out.field("Author", text(&docker["Author"]));
    out.field("Arch", text(&docker["Architecture"]));
    let manifests = list(&image["dockerImageManifests"]);
    if !manifests.is_empty() {
        let manifests = manifests.iter().map(|child| {
            let (os, architecture) = (text(&child["os"]), text(&child["architecture"]));
            format!("{os}/{architecture}\t{}", text(&child["digest"]))
        });
        out.field("Manifests", &lines(manifests));
    }
    config(&mut out, &docker["Config"]);
    out.finish()
}

fn config(out: &mut Columns, config: &Value) {
    let (entrypoint, command) = (words(&config["Entrypoint"]), words(&config["Cmd"]));
    if !entrypoint.is_empty() {
        out.field("Entrypoint", &entrypoint);
    }
    if entrypoint.is_empty() || !command.is_empty() {
        out.field("Command", &command);
    }
    out.field("Working Dir", text(&config["WorkingDir"]));
    out.field("User", text(&config["User"]));
    out.field("Exposes Ports", &names(&config["ExposedPorts"]).join(", "));
    out.texts("Docker Labels", &config["Labels"]);
    let environment = list(&config["Env"]);
    if !environment.is_empty() {
        let environment = environment.iter().map(|one| text(one).to_owned());
        out.field("Environment", &lines(environment));
    }
    let volumes = names(&config["Volumes"]);
    if !volumes.is_empty() {
        out.field("Volumes", &volumes.join("\n"));
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn words(value: &Value) -> String {
    list(value).iter().map(text).collect::<Vec<_>>().join(" ")
}

fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names
}
