//! One object of a definition, read field by field: each look notes what is wrong, and where.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde_json::{Map, Value};

use super::DefinitionError;

/// How many problems are told.
const MOST_PROBLEMS: usize = 1_000;

/// What was found to be wrong so far.
#[derive(Default)]
pub(super) struct Problems {
    /// Number of the document that is read, from 1.
    pub document: usize,
    pub found: Vec<DefinitionError>,
}

impl Problems {
    /// Notes a problem; beyond the limit only that there are more.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let (path, message): (String, String) = match self.found.len() {
            told if told < MOST_PROBLEMS => (path.into(), message.into()),
            MOST_PROBLEMS => (
                String::new(),
                format!("there are more problems than the {MOST_PROBLEMS} above"),
            ),
            _ => return,
        };
        self.found.push(DefinitionError {
            document: self.document,
            path,
            message,
        });
    }
}

/// An object and where it is. One that is missing reads as empty.
pub(super) struct Node<'a> {
    object: Option<&'a Map<String, Value>>,
    path: String,
}

impl<'a> Node<'a> {
    /// Something that has to be an object.
    pub fn new(value: &'a Value, path: String, problems: &mut Problems) -> Self {
        if !value.is_object() {
            let message = format!("must be an object with fields, not {}", kind(value));
            problems.add(path.as_str(), message);
        }
        Self {
            object: value.as_object(),
            path,
        }
    }

    pub fn is_there(&self) -> bool {
        self.object.is_some()
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where a field is.
    pub fn at(&self, field: &str) -> String {
        if self.path.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.path)
        }
    }

    /// A field; null is as good as nothing.
    pub fn get(&self, field: &str) -> Option<&'a Value> {
        self.object?.get(field).filter(|value| !value.is_null())
    }

    /// Refuses fields that nobody would read.
    pub fn only(&self, allowed: &[&str], problems: &mut Problems) {
        for field in self.object.into_iter().flat_map(|object| object.keys()) {
            if !allowed.contains(&field.as_str()) {
                let message = format!("is not a field here: use {}", allowed.join(", "));
                problems.add(self.at(&cut(field)), message);
            }
        }
    }

    pub fn child(&self, field: &str, problems: &mut Problems) -> Node<'a> {
        match self.get(field) {
            Some(value) => Self::new(value, self.at(field), problems),
            None => Self {
                object: None,
                path: self.at(field),
            },
        }
    }

    pub fn text(&self, field: &str, problems: &mut Problems) -> Option<&'a str> {
        text(self.get(field)?, || self.at(field), problems)
    }

    /// Like [`Node::text`], but it has to be there. `what` says what is wanted.
    pub fn required_text(
        &self,
        field: &str,
        what: &str,
        problems: &mut Problems,
    ) -> Option<&'a str> {
        match self.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
            None | Some(Value::String(_)) => {
                problems.add(self.at(field), format!("is required: {what}"));
                None
            }
            Some(_) => self.text(field, problems),
        }
    }

    /// A text that has to be there and to parse.
    pub fn required<T>(&self, field: &str, what: &str, problems: &mut Problems) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.required_text(field, what, problems)?;
        parsed(text, self.at(field), problems)
    }

    /// A text that has to parse if it is there and not empty.
    pub fn optional<T>(&self, field: &str, problems: &mut Problems) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(field, problems).filter(|text| !text.is_empty())?;
        parsed(text, self.at(field), problems)
    }

    pub fn flag(&self, field: &str, problems: &mut Problems) -> bool {
        match self.get(field) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                let message = format!("must be true or false, not {}", kind(other));
                problems.add(self.at(field), message);
                false
            }
        }
    }

    pub fn list(&self, field: &str, problems: &mut Problems) -> &'a [Value] {
        match self.get(field) {
            None => &[],
            Some(Value::Array(list)) => list,
            Some(other) => {
                let message = format!("must be a list, not {}", kind(other));
                problems.add(self.at(field), message);
                &[]
            }
        }
    }

    /// An object of texts, such as labels.
    pub fn texts(&self, field: &str, problems: &mut Problems) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let node = self.child(field, problems);
        for (name, value) in node.object.into_iter().flatten() {
            let path = || format!("{}[{}]", node.path, cut(name));
            if let Some(text) = text(value, path, problems) {
                texts.insert(name.clone(), text.to_owned());
            }
        }
        texts
    }
}

/// Parses a text; the parser's own words say what is wrong and what is allowed.
pub(super) fn parsed<T>(text: &str, path: String, problems: &mut Problems) -> Option<T>
where
    T: FromStr,
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(value) => Some(value),
        Err(error) => {
            problems.add(path, error.to_string());
            None
        }
    }
}

/// Somebody else's text in a message of ours: in quotes and not too long.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", cut(text))
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

fn text<'a>(
    value: &'a Value,
    path: impl FnOnce() -> String,
    problems: &mut Problems,
) -> Option<&'a str> {
    if value.is_number() || value.is_boolean() {
        let message = format!("must be text, not {}: put it in quotes", kind(value));
        problems.add(path(), message);
        return None;
    }
    if !value.is_string() {
        problems.add(path(), format!("must be text, not {}", kind(value)));
    }
    value.as_str()
}

/// What a value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
