//! Streams as people write them down (`kind: ImageStream`), read into what is to be made of them.
//!
//! What the server fills in (`status`, `uid`, `generation` and the like) is ignored. Whatever else would not be acted
//! upon is refused and not dropped in silence.

mod node;
mod tag;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use model::{
    Namespace, Reference, StreamName, StreamRef, TagName,
    policy::{ImportMode, ReferencePolicy, Schedule},
    stream::StreamMeta,
};
use serde_json::Value;

use self::node::{Node, Problems, quoted};
use super::{API_VERSION, CHECKED, INSECURE};

/// Streams of one call, at most.
const MOST_STREAMS: usize = 100;
/// The version of objects before there were groups, and of `List`.
const OLD_VERSION: &str = "v1";

/// One stream as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The namespace: the one it names, or that of streams that name none.
    pub namespace: Option<Namespace>,
    /// The stream's name.
    pub name: StreamName,
    /// What is noted about it; annotations without the two that have a meaning here.
    pub meta: StreamMeta,
    /// The repository all tags are to be imported from.
    pub source: Option<Reference>,
    /// The stream's own insecure policy, if it says anything of it.
    pub insecure: Option<bool>,
    /// It is to be read again: the note of when it was is there, and empty.
    pub check_again: bool,
    /// Its tags, in the order they are written in; no name is there twice.
    pub tags: Vec<TagDefinition>,
}

/// One tag as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagDefinition {
    /// The tag.
    pub name: TagName,
    /// Where its image comes from.
    pub source: DefinedSource,
    /// The tag's own insecure policy.
    pub insecure: bool,
    /// Where consumers are sent.
    pub reference_policy: ReferencePolicy,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// It is imported, and is to be once more even if it is so already: its generation is written as 0.
    pub import_again: bool,
}

/// Where a tag comes from, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefinedSource {
    /// An image of a registry; how often it is looked at again, and what is kept of an index.
    External(Reference, Schedule, ImportMode),
    /// A place in a registry that is only noted.
    Reference(Reference),
    /// A tag that is followed, of the stream itself or of another one.
    Follow(Option<StreamRef>, TagName),
    /// An image, by digest or the beginning of one (hexadecimal), of the stream itself or of another one.
    Fixed(Option<StreamRef>, String),
    /// Nothing: a tag that is pushed to.
    Pushed,
}

/// Something wrong in a definition: where, what, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionError {
    /// Which of the values, from 1.
    pub document: usize,
    /// Which field, such as `spec.tags[2].from.kind` or `items[1].metadata.name`; empty for the whole document.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "document {}: ", self.document)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for DefinitionError {}

/// Reads streams, and lists of streams, in their order. A null (an empty document) is passed over. `namespace` is that of
/// streams that name none.
///
/// # Errors
/// All problems of all values; also when there is no stream at all.
pub fn from_values(
    values: Vec<Value>,
    namespace: Option<&Namespace>,
) -> Result<Vec<Definition>, Vec<DefinitionError>> {
    let mut reader = Reader {
        namespace: namespace.cloned(),
        ..Reader::default()
    };
    for (value, document) in values.iter().zip(1..) {
        reader.problems.document = document;
        if !value.is_null() {
            reader.document(value);
        }
    }
    let Reader {
        mut problems,
        definitions,
        ..
    } = reader;
    if definitions.is_empty() && problems.found.is_empty() {
        problems.document = 1;
        problems.add("", "there is no ImageStream here");
    }
    if problems.found.is_empty() {
        Ok(definitions)
    } else {
        Err(problems.found)
    }
}

#[derive(Default)]
struct Reader {
    /// Of streams that name none.
    namespace: Option<Namespace>,
    problems: Problems,
    definitions: Vec<Definition>,
    /// How many streams were seen, right or wrong.
    streams: usize,
}

/// The kinds of object that are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    /// `List`: of anything.
    List,
    /// `ImageStreamList`: its items need not say what they are.
    StreamList,
}

impl Reader {
    fn document(&mut self, value: &Value) {
        let node = Node::new(value, String::new(), &mut self.problems);
        if !node.is_there() {
            return;
        }
        match kind(&node, &mut self.problems) {
            Some(Kind::Stream) => self.stream(&node),
            Some(list) => self.list(&node, list),
            None => {}
        }
    }

    fn list(&mut self, node: &Node<'_>, list: Kind) {
        node.only(
            &["apiVersion", "kind", "metadata", "items"],
            &mut self.problems,
        );
        for (index, value) in node.list("items", &mut self.problems).iter().enumerate() {
            let item = Node::new(value, format!("items[{index}]"), &mut self.problems);
            if !item.is_there() {
                continue;
            }
            let silent = item.get("kind").is_none() && item.get("apiVersion").is_none();
            if silent && list == Kind::StreamList {
                self.stream(&item);
                continue;
            }
            match kind(&item, &mut self.problems) {
                Some(Kind::Stream) => self.stream(&item),
                Some(Kind::List | Kind::StreamList) => self
                    .problems
                    .add(item.at("kind"), "a list cannot stand in a list"),
                None => {}
            }
        }
    }

    fn stream(&mut self, node: &Node<'_>) {
        self.streams += 1;
        if self.streams > MOST_STREAMS {
            if self.streams == MOST_STREAMS + 1 {
                self.problems.add(
                    node.path(),
                    format!("there are more than {MOST_STREAMS} streams: split them up"),
                );
            }
            return;
        }
        let Some(definition) = stream(node, self.namespace.as_ref(), &mut self.problems) else {
            return;
        };
        let twice = self.definitions.iter().any(|earlier| {
            earlier.name == definition.name && earlier.namespace == definition.namespace
        });
        if twice {
            self.problems.add(
                node.at("metadata.name"),
                format!("stream {} is here twice", definition.name),
            );
        }
        self.definitions.push(definition);
    }
}

/// What an object says it is. `None`, noted as a problem, if that is nothing we read.
fn kind(node: &Node<'_>, problems: &mut Problems) -> Option<Kind> {
    const ALLOWED: &str = "use ImageStream, ImageStreamList or List";
    let word = node.required_text("kind", ALLOWED, problems);
    let version = node.required_text("apiVersion", "use image.openshift.io/v1 (or v1)", problems);
    let kind = match word? {
        "ImageStream" => Kind::Stream,
        "ImageStreamList" => Kind::StreamList,
        "List" => Kind::List,
        other => {
            let message = format!("{} cannot be read here: {ALLOWED}", quoted(other));
            problems.add(node.at("kind"), message);
            return None;
        }
    };
    match version {
        Some(OLD_VERSION) | None => {}
        Some(API_VERSION) if kind != Kind::List => {}
        Some(other) => {
            let allowed = if kind == Kind::List {
                "use v1 for a List"
            } else {
                "use image.openshift.io/v1 (or v1)"
            };
            problems.add(
                node.at("apiVersion"),
                format!("{} is not known: {allowed}", quoted(other)),
            );
        }
    }
    Some(kind)
}

fn stream(
    node: &Node<'_>,
    namespace: Option<&Namespace>,
    problems: &mut Problems,
) -> Option<Definition> {
    node.only(
        &["apiVersion", "kind", "metadata", "spec", "status"],
        problems,
    );
    let metadata = node.child("metadata", problems);
    let name =
        metadata.required::<StreamName>("name", "the stream's name, as in my-ruby", problems);
    let namespace = metadata
        .optional::<Namespace>("namespace", problems)
        .or_else(|| namespace.cloned());
    let labels = metadata.texts("labels", problems);
    let mut annotations = metadata.texts("annotations", problems);
    let check_again = annotations
        .remove(CHECKED)
        .is_some_and(|checked| checked.is_empty());
    let insecure = insecure(annotations.remove(INSECURE).as_deref(), &metadata, problems);

    let spec = node.child("spec", problems);
    spec.only(&["lookupPolicy", "dockerImageRepository", "tags"], problems);
    let lookup = spec.child("lookupPolicy", problems);
    lookup.only(&["local"], problems);
    let lookup_local = lookup.flag("local", problems);
    let source = source(&spec, problems);
    let here = tag::Here {
        namespace: namespace.as_ref(),
        name: name.as_ref(),
    };
    let tags = tag::read(&spec, &here, problems);
    Some(Definition {
        name: name?,
        namespace,
        meta: StreamMeta {
            labels,
            annotations,
            lookup_local,
        },
        source,
        insecure,
        check_again,
        tags,
    })
}

/// Only the exact text `true` counts, so anything that looks as if it were meant to is pointed out.
fn insecure(
    annotation: Option<&str>,
    metadata: &Node<'_>,
    problems: &mut Problems,
) -> Option<bool> {
    match annotation? {
        "true" => Some(true),
        "" | "false" => Some(false),
        other => {
            let message = format!(
                "{} has no effect: only exactly \"true\" allows insecure connections; else leave it out",
                quoted(other)
            );
            problems.add(metadata.at(&format!("annotations[{INSECURE}]")), message);
            None
        }
    }
}

fn source(spec: &Node<'_>, problems: &mut Problems) -> Option<Reference> {
    const FIELD: &str = "dockerImageRepository";
    let source = spec.optional::<Reference>(FIELD, problems)?;
    if source.tag().is_some() || source.digest().is_some() {
        let message = format!(
            "must be a repository without tag and digest, as in {}: name tags in spec.tags",
            source.name()
        );
        problems.add(spec.at(FIELD), message);
        return None;
    }
    Some(source)
}
