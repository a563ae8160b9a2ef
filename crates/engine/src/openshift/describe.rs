//! Streams, tags and images as the text `oc describe` prints.
//!
//! Read from OpenShift's objects, so that they say what an export says. Differences, and why:
//! - An image has no `Created`: images are facts by digest, not objects with a life.
//! - `Image Created` of an index is `<none>`: an index has no time of its own.

mod columns;
mod human;
mod image;
mod legacy;
mod modern;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde_json::Value;

use self::columns::Columns;

/// How a stream is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// As since OpenShift 3.3: a paragraph a tag.
    #[default]
    Modern,
    /// As before: a table with a row for each image a tag had.
    Legacy,
}

/// Describes an `ImageStream`.
#[must_use]
pub fn describe_stream(stream: &Value, layout: Layout, now: DateTime<Utc>) -> String {
    match layout {
        Layout::Modern => modern::stream(stream, now),
        Layout::Legacy => legacy::stream(stream, now),
    }
}

/// Describes the image of an `ImageStreamTag` or `ImageStreamImage`: the text is the same in both layouts.
#[must_use]
pub fn describe_image(object: &Value, now: DateTime<Utc>) -> String {
    image::image(&object["image"], now)
}

/// When it was made, labels, description and annotations.
fn metadata(out: &mut Columns, metadata: &Value, now: DateTime<Utc>) {
    if let Some(created) = since(&metadata["creationTimestamp"], now) {
        out.field("Created", &created);
    }
    out.texts("Labels", &metadata["labels"]);
    annotations(out, &metadata["annotations"]);
}

/// The description is taken out of the annotations.
fn annotations(out: &mut Columns, annotations: &Value) {
    let mut rest = annotations.clone();
    let description = rest
        .as_object_mut()
        .and_then(|rest| rest.remove("description"));
    if let Some(Value::String(description)) = description
        && !description.is_empty()
    {
        out.field("Description", &description);
    }
    out.texts("Annotations", &rest);
}

/// `<age> ago`, if there is a time.
fn since(at: &Value, now: DateTime<Utc>) -> Option<String> {
    let at: DateTime<Utc> = at.as_str()?.parse().ok()?;
    Some(format!("{} ago", human::age(now - at)))
}

/// As [`since`] for a time that every event has.
fn ago(at: &Value, now: DateTime<Utc>) -> String {
    since(at, now).unwrap_or_else(|| columns::NONE.to_owned())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The entries of a list, none if there is no list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// The entry of a list whose `key` is `name`.
fn entry<'a>(entries: &'a Value, key: &str, name: &str) -> Option<&'a Value> {
    list(entries).iter().find(|entry| text(&entry[key]) == name)
}

/// All tags of a stream, those that are only defined too, in priority order.
fn tags(stream: &Value) -> Vec<&str> {
    let events = &stream["status"]["tags"];
    let mut tags: Vec<&str> = list(events)
        .iter()
        .map(|event| text(&event["tag"]))
        .collect();
    let defined = list(&stream["spec"]["tags"])
        .iter()
        .map(|tag| text(&tag["name"]))
        .filter(|name| entry(events, "tag", name).is_none());
    tags.extend(defined);
    tags.sort_by_cached_key(|tag| model::version::sort_key(tag));
    tags
}

/// Where a tag comes from, with its namespace if that is another than the stream's.
fn origin(stream: &Value, tag: &Value) -> String {
    let from = &tag["from"];
    let (namespace, name) = (text(&from["namespace"]), text(&from["name"]));
    if namespace.is_empty() || namespace == text(&stream["metadata"]["namespace"]) {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    }
}

/// The conditions that say an import failed.
fn failures(events: Option<&Value>) -> impl Iterator<Item = &Value> {
    events
        .map_or(&[][..], |events| list(&events["conditions"]))
        .iter()
        .filter(|condition| {
            text(&condition["type"]) == "ImportSuccess" && text(&condition["status"]) == "False"
        })
}

/// Whether a reference ends in the digest of its image already.
fn says_digest(event: &Value) -> bool {
    let digest = text(&event["image"]);
    text(&event["dockerImageReference"])
        .split_once('@')
        .is_some_and(|(_, end)| end == digest)
}
