//! A stream, one of its tags and one of its images as OpenShift objects.
//!
//! Where this differs from what OpenShift 4.21 answers, and why:
//! - `status.publicDockerImageRepository` is left out: Weir has one registry, and
//!   `status.dockerImageRepository` names it.
//! - Metadata has no `managedFields`.
//! - An `Image` has no `uid`, `resourceVersion` and `creationTimestamp`: images are facts by digest, not objects with a
//!   life. An `ImageStreamImage` has `creationTimestamp: null` for that reason, as in 3.x.
//! - `items[].generation` is what Weir counted: making an alias does not raise that of the source.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use model::{
    Condition, Reference, Revision, StreamRef, TagName, TagSource, TagSpec,
    policy::{ReferencePolicy, Schedule},
    stream::StreamMeta,
};

use serde_json::{Map, Value, json};

use super::{API_VERSION, CHECKED, INSECURE, fields};

/// A stream with everything its object shows.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamObject {
    /// Namespace and name.
    pub stream: StreamRef,
    /// Id of the stream: it survives a rename.
    pub uid: String,
    /// Journal number of its last change (`resourceVersion`).
    pub version: i64,
    /// Generation of what it should be.
    pub generation: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its source repository.
    pub source: Option<Reference>,
    /// Its own insecure policy.
    pub insecure: bool,
    /// What is noted about it.
    pub meta: StreamMeta,
    /// When its tags were last looked at upstream.
    pub checked_at: Option<DateTime<Utc>>,
    /// Host (and port) of the integrated registry, if there is one.
    pub registry: Option<String>,
    /// Its tags, in any order.
    pub tags: Vec<TagObject>,
}

/// One tag of a stream. It may have only a spec, only a history, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct TagObject {
    /// The tag.
    pub name: TagName,
    /// What it should be.
    pub spec: Option<TagSpec>,
    /// What it pointed at, newest first.
    pub items: Vec<Revision>,
    /// The failure of its latest import.
    pub condition: Option<Condition>,
}

impl StreamObject {
    /// The stream in the integrated registry.
    fn local_repository(&self) -> Option<String> {
        let registry = self.registry.as_deref()?;
        Some(format!("{registry}/{}", self.stream))
    }

    fn lookup(&self) -> Value {
        json!({"local": self.meta.lookup_local})
    }

    fn annotations(&self) -> Map<String, Value> {
        let mut annotations = texts(&self.meta.annotations);
        if self.insecure {
            annotations.insert(INSECURE.to_owned(), "true".into());
        }
        if let Some(at) = self.checked_at {
            annotations.insert(CHECKED.to_owned(), time(at).into());
        }
        annotations
    }
}

/// The `ImageStream`.
#[must_use]
pub fn image_stream(object: &StreamObject) -> Value {
    let mut tags: Vec<&TagObject> = object.tags.iter().collect();
    tags.sort_by(|one, other| one.name.cmp(&other.name));

    let mut metadata = fields([
        ("name", json!(object.stream.name.as_str())),
        ("namespace", json!(object.stream.namespace.as_str())),
        ("uid", json!(object.uid)),
        ("resourceVersion", json!(object.version.to_string())),
        ("generation", json!(object.generation)),
        ("creationTimestamp", json!(time(object.created_at))),
    ]);
    put_some(&mut metadata, "labels", texts(&object.meta.labels));
    put_some(&mut metadata, "annotations", object.annotations());

    let mut spec = fields([("lookupPolicy", object.lookup())]);
    if let Some(source) = &object.source {
        spec.insert(
            "dockerImageRepository".to_owned(),
            json!(source.to_string()),
        );
    }
    let references: Vec<Value> = tags
        .iter()
        .filter_map(|tag| Some(tag_reference(&object.stream, &tag.name, tag.spec.as_ref()?)))
        .collect();
    if !references.is_empty() {
        spec.insert("tags".to_owned(), Value::Array(references));
    }

    let repository = object
        .local_repository()
        .or_else(|| object.source.as_ref().map(Reference::to_string))
        .unwrap_or_default();
    let mut status = fields([("dockerImageRepository", json!(repository))]);
    let events: Vec<Value> = tags
        .iter()
        .filter(|tag| {
            let noted = matches!(
                tag.spec.as_ref().map(|spec| &spec.source),
                Some(TagSource::Reference { .. })
            );
            noted || !tag.items.is_empty() || tag.condition.is_some()
        })
        .map(|tag| events(tag))
        .collect();
    if !events.is_empty() {
        status.insert("tags".to_owned(), Value::Array(events));
    }

    json!({
        "kind": "ImageStream",
        "apiVersion": API_VERSION,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    })
}

/// The `ImageStreamTag` of a tag that has a head. `image` is that head's, made by [`super::image()`]. Its labels are the
/// stream's, its annotations those of what the tag should be, which the image shows as well.
#[must_use]
pub fn image_stream_tag(object: &StreamObject, tag: &TagObject, image: &Value) -> Value {
    let head = tag.items.first();
    let mut image = bare(image);
    let noted = tag
        .spec
        .as_ref()
        .map(|spec| texts(&spec.annotations))
        .unwrap_or_default();
    if let Some(Value::Object(metadata)) = image.get_mut("metadata") {
        let mut all = match metadata.remove("annotations") {
            Some(Value::Object(own)) => own,
            _ => Map::new(),
        };
        all.extend(noted.clone());
        put_some(metadata, "annotations", all);
    }
    if let Some(head) = head {
        image.insert(
            "dockerImageReference".to_owned(),
            json!(pull_spec(object, tag, head)),
        );
    }
    let spec = tag
        .spec
        .as_ref()
        .map(|spec| tag_reference(&object.stream, &tag.name, spec));
    let mut metadata = fields([
        (
            "name",
            json!(format!("{}:{}", object.stream.name, tag.name)),
        ),
        ("namespace", json!(object.stream.namespace.as_str())),
        ("uid", json!(object.uid)),
        ("resourceVersion", json!(object.version.to_string())),
        (
            "creationTimestamp",
            json!(head.map(|head| time(head.created_at))),
        ),
    ]);
    put_some(&mut metadata, "labels", texts(&object.meta.labels));
    put_some(&mut metadata, "annotations", noted);
    let mut made = fields([
        ("kind", json!("ImageStreamTag")),
        ("apiVersion", json!(API_VERSION)),
        ("metadata", Value::Object(metadata)),
        ("tag", json!(spec)),
        ("generation", json!(head.map_or(0, |head| head.generation))),
        ("lookupPolicy", object.lookup()),
        ("image", Value::Object(image)),
    ]);
    if let Some(failure) = &tag.condition {
        made.insert("conditions".to_owned(), json!([condition(failure)]));
    }
    Value::Object(made)
}

/// The `ImageStreamImage`. `requested_name` is `<stream>@<id>` as it was asked for: a short id stays short. `image` is
/// made by [`super::image()`] with the reference of this stream's own history.
#[must_use]
pub fn image_stream_image(object: &StreamObject, requested_name: &str, image: &Value) -> Value {
    let mut metadata = fields([
        ("name", json!(requested_name)),
        ("namespace", json!(object.stream.namespace.as_str())),
        ("creationTimestamp", Value::Null),
    ]);
    put_some(&mut metadata, "annotations", object.annotations());
    json!({
        "kind": "ImageStreamImage",
        "apiVersion": API_VERSION,
        "metadata": metadata,
        "image": bare(image),
    })
}

/// What a consumer of the tag pulls: the policy is applied when a tag is resolved, and never stored.
fn pull_spec(object: &StreamObject, tag: &TagObject, head: &Revision) -> String {
    let local = tag
        .spec
        .as_ref()
        .is_some_and(|spec| spec.reference_policy == ReferencePolicy::Local);
    match object.local_repository() {
        Some(repository) if local => format!("{repository}@{}", head.digest),
        _ => head.reference.to_string(),
    }
}

/// An entry of `spec.tags`.
fn tag_reference(stream: &StreamRef, name: &TagName, spec: &TagSpec) -> Value {
    let from = match &spec.source {
        TagSource::External { reference, .. } | TagSource::Reference { reference, .. } => {
            Some(from(stream, "DockerImage", reference.to_string(), None))
        }
        TagSource::Follow { stream: other, tag } => {
            let name = &other.as_ref().unwrap_or(stream).name;
            Some(from(
                stream,
                "ImageStreamTag",
                format!("{name}:{tag}"),
                other.as_ref(),
            ))
        }
        TagSource::Fixed {
            stream: other,
            digest,
        } => {
            let name = &other.as_ref().unwrap_or(stream).name;
            Some(from(
                stream,
                "ImageStreamImage",
                format!("{name}@{digest}"),
                other.as_ref(),
            ))
        }
        TagSource::Pushed => None,
    };
    let mut policy = fields([("importMode", json!(spec.mode().object_word()))]);
    if spec.insecure {
        policy.insert("insecure".to_owned(), true.into());
    }
    if spec.schedule() != Schedule::Never {
        policy.insert("scheduled".to_owned(), true.into());
    }
    let pulled = match spec.reference_policy {
        ReferencePolicy::Source => "Source",
        ReferencePolicy::Local => "Local",
    };
    let mut made = fields([
        ("name", json!(name.as_str())),
        (
            "annotations",
            json!((!spec.annotations.is_empty()).then_some(&spec.annotations)),
        ),
        ("generation", json!(spec.generation)),
        ("importPolicy", Value::Object(policy)),
        ("referencePolicy", json!({"type": pulled})),
    ]);
    if let Some(from) = from {
        made.insert("from".to_owned(), from);
    }
    if matches!(spec.source, TagSource::Reference { .. }) {
        made.insert("reference".to_owned(), true.into());
    }
    Value::Object(made)
}

/// Where a tag comes from; the namespace is said when it is another one.
fn from(own: &StreamRef, kind: &str, name: String, other: Option<&StreamRef>) -> Value {
    let mut from = fields([("kind", json!(kind)), ("name", json!(name))]);
    if let Some(other) = other.filter(|other| other.namespace != own.namespace) {
        from.insert("namespace".to_owned(), json!(other.namespace.as_str()));
    }
    Value::Object(from)
}

/// An entry of `status.tags`: `items` is null when there is only a failure to tell.
fn events(tag: &TagObject) -> Value {
    // A place that is only noted has an event of its own kind, and no history.
    let noted = match tag
        .spec
        .as_ref()
        .map(|spec| (&spec.source, spec.generation))
    {
        Some((TagSource::Reference { reference, since }, generation)) => Some(json!({
            "created": time(*since),
            "dockerImageReference": reference.to_string(),
            "image": "",
            "generation": generation,
        })),
        _ => None,
    };
    let items = noted.into_iter().chain(tag.items.iter().map(|revision| {
        json!({
            "created": time(revision.created_at),
            "dockerImageReference": revision.reference.to_string(),
            "image": revision.digest.as_str(),
            "generation": revision.generation,
        })
    }));
    let items: Vec<Value> = items.collect();
    let mut made = fields([
        ("tag", json!(tag.name.as_str())),
        ("items", json!((!items.is_empty()).then_some(items))),
    ]);
    if let Some(failure) = &tag.condition {
        made.insert("conditions".to_owned(), json!([condition(failure)]));
    }
    Value::Object(made)
}

fn condition(failure: &Condition) -> Value {
    json!({
        "type": "ImportSuccess",
        "status": "False",
        "lastTransitionTime": time(failure.since),
        "reason": failure.reason.as_str(),
        "message": failure.message,
        "generation": failure.generation,
    })
}

/// An image inside another object has neither kind nor version.
fn bare(image: &Value) -> Map<String, Value> {
    let mut image = image.as_object().cloned().unwrap_or_default();
    image.remove("kind");
    image.remove("apiVersion");
    image
}

fn texts(map: &BTreeMap<String, String>) -> Map<String, Value> {
    map.iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect()
}

fn put_some(object: &mut Map<String, Value>, name: &str, value: Map<String, Value>) {
    if !value.is_empty() {
        object.insert(name.to_owned(), Value::Object(value));
    }
}

/// RFC 3339 in UTC with whole seconds, as all times of the API.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
