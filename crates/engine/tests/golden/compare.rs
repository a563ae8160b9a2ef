//! Two objects, less what differs each time, and what is left of the differences.

use std::fmt;

use serde_json::{Value, json};

use super::deviations::ALL;

/// A difference by decision.
pub struct Deviation {
    /// Step, from 1.
    pub step: usize,
    /// Where: `app.status.tags[0].items[1].generation`.
    pub path: &'static str,
    /// What we say, as JSON.
    pub ours: &'static str,
    /// Why.
    pub why: &'static str,
}

/// What a scenario differs in by decision.
pub fn deviations(scenario: &str) -> Vec<Deviation> {
    let mut found = Vec::new();
    for (why, lines) in ALL {
        for line in lines.lines() {
            let mut words = line.splitn(4, ' ');
            if words.next() != Some(scenario) {
                continue;
            }
            let mut next = || words.next().unwrap();
            found.push(Deviation {
                step: next().parse().unwrap(),
                path: next(),
                ours: next(),
                why,
            });
        }
    }
    found
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub path: String,
    pub theirs: Value,
    pub ours: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: theirs {}, ours {}",
            self.path, self.theirs, self.ours
        )
    }
}

/// When a stream was looked at: only that it was is compared.
pub const CHECKED: &str = "openshift.io/image.dockerRepositoryCheck";

/// A stream without what differs each time.
pub fn bare(mut stream: Value) -> Value {
    remove(&mut stream, &["kind", "apiVersion"]);
    if let Some(checked) = stream["metadata"].pointer_mut(&pointer(CHECKED)) {
        *checked = "*".into();
    }
    remove(
        &mut stream["metadata"],
        &["uid", "resourceVersion", "creationTimestamp"],
    );
    remove(&mut stream["status"], &["dockerImageRepository"]);
    let tags = stream["status"]
        .get_mut("tags")
        .and_then(Value::as_array_mut);
    for tag in tags.into_iter().flatten() {
        for item in list(tag, "items") {
            remove(item, &["created"]);
        }
        for condition in list(tag, "conditions") {
            remove(condition, &["lastTransitionTime"]);
        }
    }
    stream
}

/// What is compared of the object of a tag or an image, beside what its stream says of it.
pub fn shown(object: &Value) -> Value {
    let (own, image) = (&object["metadata"], &object["image"]);
    let mut shown = json!({
        "image": image["metadata"]["name"],
        "reference": image["dockerImageReference"],
        "type": image["dockerImageManifestMediaType"],
        "noted": image["metadata"]["annotations"],
        "annotations": own["annotations"],
        "labels": own["labels"],
    });
    if let Some(checked) = shown.pointer_mut(&pointer(CHECKED)) {
        *checked = "*".into();
    }
    let all = shown.as_object_mut().unwrap();
    all.retain(|_, value| !value.is_null());
    shown
}

/// Where an annotation is in metadata.
pub fn pointer(annotation: &str) -> String {
    format!("/annotations/{}", annotation.replace('/', "~1"))
}

fn list<'v>(value: &'v mut Value, name: &str) -> Vec<&'v mut Value> {
    let found = value.get_mut(name).and_then(Value::as_array_mut);
    found
        .map(|list| list.iter_mut().collect())
        .unwrap_or_default()
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !names.contains(&name.as_str()));
    }
}

/// Every place where two values differ.
pub fn differences(path: &str, theirs: &Value, ours: &Value) -> Vec<Difference> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a
                .keys()
                .chain(b.keys().filter(|name| !a.contains_key(*name)));
            let of = |name: &String| {
                let (one, other) = (a.get(name), b.get(name));
                let null = Value::Null;
                differences(
                    &format!("{path}.{name}"),
                    one.unwrap_or(&null),
                    other.unwrap_or(&null),
                )
            };
            names.flat_map(of).collect()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..a.len())
            .flat_map(|i| differences(&format!("{path}[{i}]"), &a[i], &b[i]))
            .collect(),
        _ if theirs == ours => Vec::new(),
        _ => vec![Difference {
            path: path.to_owned(),
            theirs: theirs.clone(),
            ours: ours.clone(),
        }],
    }
}
