//! A stream with a paragraph for each tag.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Columns, ago, entry, failures, flag, list, metadata, origin, says_digest, tags, text};

pub(super) fn stream(stream: &Value, now: DateTime<Utc>) -> String {
    let mut out = Columns::default();
    let (about, status) = (&stream["metadata"], &stream["status"]);
    out.field("Name", text(&about["name"]));
    out.field("Namespace", text(&about["namespace"]));
    metadata(&mut out, about, now);
    let repository = match text(&status["publicDockerImageRepository"]) {
        "" => text(&status["dockerImageRepository"]),
        public => public,
    };
    out.field("Image Repository", repository);
    let local = flag(&stream["spec"]["lookupPolicy"]["local"]);
    out.field("Image Lookup", &format!("local={local}"));

    let tags = tags(stream);
    if tags.is_empty() {
        out.field("Tags", "");
        return out.finish();
    }
    let images: BTreeSet<&str> = list(&status["tags"])
        .iter()
        .flat_map(|events| list(&events["items"]))
        .map(|event| text(&event["image"]))
        .collect();
    out.field("Unique Images", &images.len().to_string());
    out.field("Tags", &tags.len().to_string());

    // Those that follow another tag are named beside the one they end at, in priority order like all.
    let mut followers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut own = Vec::new();
    for name in tags {
        match followed(stream, name) {
            Some(target) => followers.entry(target).or_default().push(name),
            None => own.push(name),
        }
    }
    for name in own {
        out.line("");
        match followers.get(name) {
            Some(followers) => out.line(&format!("{name} ({})", followers.join(", "))),
            None => out.line(name),
        }
        tag(&mut out, stream, name, now);
    }
    out.finish()
}

fn tag(out: &mut Columns, stream: &Value, name: &str, now: DateTime<Utc>) {
    let spec = entry(&stream["spec"]["tags"], "name", name);
    let events = entry(&stream["status"]["tags"], "tag", name);
    match spec {
        Some(spec) => source(out, stream, spec),
        None => out.line("  no spec tag"),
    }
    out.line("");
    if let Some(spec) = spec {
        notes(out, &spec["annotations"]);
        if is_importing(spec, events) {
            out.line("  ~ importing latest image ...");
        }
    }
    for failure in failures(events) {
        let (reason, message) = (text(&failure["reason"]), text(&failure["message"]));
        out.line(&format!("  ! error: Import failed ({reason}): {message}"));
        out.line(&format!(
            "      {}",
            ago(&failure["lastTransitionTime"], now)
        ));
    }
    let items = events.map_or(&[][..], |events| list(&events["items"]));
    for (at, event) in items.iter().enumerate() {
        let mark = if at == 0 { '*' } else { ' ' };
        out.line(&format!(
            "  {mark} {}",
            text(&event["dockerImageReference"])
        ));
        let (age, digest) = (ago(&event["created"], now), text(&event["image"]));
        if digest.is_empty() || says_digest(event) {
            out.line(&format!("      {age}"));
        } else {
            out.line(&format!("      {age}\t{digest}"));
        }
    }
}

/// Where it comes from, and how it is imported and pulled.
fn source(out: &mut Columns, stream: &Value, spec: &Value) {
    let name = origin(stream, spec);
    let policy = &spec["importPolicy"];
    let (reference, scheduled) = (flag(&spec["reference"]), flag(&policy["scheduled"]));
    let said = match (text(&spec["from"]["kind"]), reference, scheduled) {
        ("", ..) => "tag without source image".to_owned(),
        ("DockerImage", true, _) => format!("reference to registry {name}"),
        ("ImageStreamImage", true, _) => format!("reference to image {name}"),
        (_, true, _) => format!("reference to {name}"),
        ("DockerImage", false, true) => format!("updates automatically from registry {name}"),
        ("ImageStreamTag", false, true) => format!("updates automatically from {name}"),
        _ => format!("tagged from {name}"),
    };
    out.line(&format!("  {said}"));
    if flag(&policy["insecure"]) {
        out.line("    will use insecure HTTPS or HTTP connections");
    }
    if text(&spec["referencePolicy"]["type"]) == "Local" {
        out.line("    prefer registry pullthrough when referencing this tag");
    }
}

/// What its annotations say to people, and a blank line if they do.
fn notes(out: &mut Columns, annotations: &Value) {
    let spaced = |name: &str| text(&annotations[name]).replace(',', ", ");
    let said = [
        ("", text(&annotations["description"]).to_owned()),
        ("Tags: ", spaced("tags")),
        ("Supports: ", spaced("supports")),
        (
            "Example Repo: ",
            text(&annotations["sampleRepo"]).to_owned(),
        ),
    ];
    let mut any = false;
    for (label, note) in said.iter().filter(|(_, note)| !note.is_empty()) {
        out.line(&format!("  {label}{note}"));
        any = true;
    }
    if any {
        out.line("");
    }
}

/// Whether it changed after its last image came, and its last failure.
fn is_importing(spec: &Value, events: Option<&Value>) -> bool {
    if spec["from"].is_null() || flag(&spec["reference"]) {
        return false;
    }
    let generation = |of: &Value| of["generation"].as_i64().unwrap_or_default();
    let observed = events.map_or(0, |events| {
        let head = list(&events["items"]).first();
        let condition = entry(&events["conditions"], "type", "ImportSuccess");
        head.into_iter()
            .chain(condition)
            .map(generation)
            .max()
            .unwrap_or_default()
    });
    generation(spec) > observed
}

/// The tag of the same stream at the end of what a tag follows; none if it follows nothing, or in a circle.
fn followed<'a>(stream: &'a Value, tag: &'a str) -> Option<&'a str> {
    let about = &stream["metadata"];
    let mut seen = BTreeSet::new();
    let mut at = tag;
    loop {
        if !seen.insert(at) {
            return None;
        }
        let from = &entry(&stream["spec"]["tags"], "name", at)?["from"];
        if text(&from["kind"]) != "ImageStreamTag" {
            return (at != tag).then_some(at);
        }
        let namespace = text(&from["namespace"]);
        if !namespace.is_empty() && namespace != text(&about["namespace"]) {
            return None;
        }
        let name = text(&from["name"]);
        at = match name.split_once(':') {
            Some((of, next)) if of == text(&about["name"]) => next,
            Some(_) => return None,
            None => name,
        };
    }
}
