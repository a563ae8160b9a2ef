//! Patches of streams as Kubernetes merges them: objects key by key, `spec.tags` by their names.

use serde_json::{Map, Value};

/// Merges a patch: null takes away, `{"$patch": "delete"}` takes an entry of a list away, `{"$patch": "replace"}` in
/// front of a list makes the list what follows.
pub fn apply(value: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    for (key, patch) in patch {
        match patch {
            Value::Null => drop(value.as_object_mut().unwrap().remove(key)),
            Value::Array(entries) => {
                let list = &mut value[key];
                if !list.is_array() {
                    *list = Value::Array(Vec::new());
                }
                for entry in entries {
                    merge_entry(list.as_array_mut().unwrap(), entry);
                }
            }
            _ => apply(&mut value[key], patch),
        }
    }
}

fn merge_entry(list: &mut Vec<Value>, patch: &Value) {
    if patch["$patch"] == "replace" {
        list.clear();
        return;
    }
    let known = list.iter().position(|entry| entry["name"] == patch["name"]);
    match known {
        Some(at) if patch["$patch"] == "delete" => drop(list.remove(at)),
        Some(at) => apply(&mut list[at], patch),
        None => list.push(patch.clone()),
    }
}

/// Names of tags that one stream has and the other has not.
pub fn tags_gone(before: &Value, after: &Value) -> Vec<String> {
    let names = |stream: &Value| -> Vec<String> {
        let tags = stream["spec"]["tags"].as_array().into_iter().flatten();
        tags.map(|tag| tag["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let left = names(after);
    let mut gone = names(before);
    gone.retain(|name| !left.contains(name));
    gone
}
