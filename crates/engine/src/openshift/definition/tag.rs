//! The tags of a definition and where they come from.

use std::collections::{HashMap, hash_map::Entry};

use model::{
    Namespace, StreamName, StreamRef, TagName,
    policy::{ImportMode, ReferencePolicy, Schedule},
};
use serde_json::Value;

use super::{
    DefinedSource, TagDefinition,
    node::{Node, Problems, parsed, quoted},
};

/// Tags of one stream, at most.
const MOST_TAGS: usize = 5_000;

/// What `from.kind` may be, in words.
const KINDS: &str = "use DockerImage (an image of a registry), ImageStreamTag (a tag to follow) or ImageStreamImage (an image to stay at)";

/// The stream whose tags are read, as far as it is known.
pub(super) struct Here<'a> {
    pub namespace: Option<&'a Namespace>,
    pub name: Option<&'a StreamName>,
}

impl Here<'_> {
    /// Whether a stream's name means this one. If our own is not known, that was noted already.
    fn is(&self, stream: &str) -> bool {
        self.name.is_none_or(|name| name.as_str() == stream)
    }
}

/// Reads `spec.tags`.
pub(super) fn read(
    spec: &Node<'_>,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Vec<TagDefinition> {
    let path = spec.at("tags");
    let list = spec.list("tags", problems);
    if list.len() > MOST_TAGS {
        let message = format!("a stream has at most {MOST_TAGS} tags, not {}", list.len());
        problems.add(path, message);
        return Vec::new();
    }
    let mut first: HashMap<TagName, usize> = HashMap::new();
    let mut tags = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let node = Node::new(value, format!("{path}[{index}]"), problems);
        if !node.is_there() {
            continue;
        }
        let Some(tag) = tag(&node, here, problems) else {
            continue;
        };
        match first.entry(tag.name.clone()) {
            Entry::Vacant(free) => {
                free.insert(index);
            }
            Entry::Occupied(earlier) => {
                let earlier = earlier.get();
                let message = format!("tag {} is there already, in tags[{earlier}]", tag.name);
                problems.add(node.at("name"), message);
            }
        }
        tags.push(tag);
    }
    tags
}

fn tag(node: &Node<'_>, here: &Here<'_>, problems: &mut Problems) -> Option<TagDefinition> {
    node.only(
        &[
            "name",
            "annotations",
            "from",
            "reference",
            "generation",
            "importPolicy",
            "referencePolicy",
        ],
        problems,
    );
    let name = node.required::<TagName>("name", "the tag's name, as in latest", problems);
    let annotations = node.texts("annotations", problems);
    let reference = node.flag("reference", problems);
    let policy = node.child("importPolicy", problems);
    policy.only(&["insecure", "scheduled", "importMode"], problems);
    let insecure = policy.flag("insecure", problems);
    let scheduled = policy.flag("scheduled", problems);
    let mode = match policy.text("importMode", problems) {
        None | Some("" | "Legacy") => ImportMode::Legacy,
        Some("PreserveOriginal") => ImportMode::PreserveOriginal,
        Some(word) => {
            let message = format!(
                "{} is no import mode: use Legacy or PreserveOriginal",
                quoted(word)
            );
            problems.add(policy.at("importMode"), message);
            ImportMode::Legacy
        }
    };
    let reference_policy = reference_policy(node, problems);
    let from = node.get("from").map(|_| node.child("from", problems));
    let kind = from.as_ref().and_then(|from| from.get("kind")?.as_str());
    let stays = from.is_none() || matches!(kind, Some("ImageStreamTag" | "ImageStreamImage"));
    if scheduled && stays {
        problems.add(
            policy.at("scheduled"),
            "only tags with from.kind DockerImage are looked at again: leave it out or write false",
        );
    }
    if reference && stays {
        problems.add(
            node.at("reference"),
            "only tags with from.kind DockerImage can be a mere reference: leave it out or write false",
        );
    }
    let schedule = if scheduled {
        Schedule::Global
    } else {
        Schedule::Never
    };
    let source = match from {
        Some(from) => {
            let import = Import {
                schedule,
                mode,
                reference,
            };
            source(&from, import, here, problems)
        }
        None => Some(DefinedSource::Pushed),
    };
    let source = source?;
    let zero = node.get("generation").and_then(Value::as_i64) == Some(0);
    Some(TagDefinition {
        name: name?,
        import_again: zero && matches!(source, DefinedSource::External(..)),
        source,
        insecure,
        reference_policy,
        annotations,
    })
}

fn reference_policy(node: &Node<'_>, problems: &mut Problems) -> ReferencePolicy {
    let policy = node.child("referencePolicy", problems);
    policy.only(&["type"], problems);
    match policy.text("type", problems) {
        None | Some("" | "Source") => ReferencePolicy::Source,
        Some("Local") => ReferencePolicy::Local,
        Some(other) => {
            let message = format!(
                "{} is no reference policy: use Source or Local",
                quoted(other)
            );
            problems.add(policy.at("type"), message);
            ReferencePolicy::Source
        }
    }
}

/// What else is said of the import of a tag.
struct Import {
    schedule: Schedule,
    mode: ImportMode,
    reference: bool,
}

/// Reads `from`.
fn source(
    from: &Node<'_>,
    import: Import,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<DefinedSource> {
    if !from.is_there() {
        return None;
    }
    from.only(
        &[
            "kind",
            "name",
            "namespace",
            "apiVersion",
            "uid",
            "resourceVersion",
            "fieldPath",
        ],
        problems,
    );
    let kind = from.required_text("kind", KINDS, problems);
    let name = from.required_text("name", "what the tag comes from", problems);
    let kind = kind?;
    match kind {
        "DockerImage" => {
            let reference = parsed(name?, from.at("name"), problems)?;
            Some(if import.reference {
                DefinedSource::Reference(reference)
            } else {
                DefinedSource::External(reference, import.schedule, import.mode)
            })
        }
        "ImageStreamTag" => followed(name?, from, here, problems),
        "ImageStreamImage" => fixed(name?, from, here, problems),
        other => {
            let message = format!("{} is not one of the kinds: {KINDS}", quoted(other));
            problems.add(from.at("kind"), message);
            None
        }
    }
}

/// The tag of `<tag>` or `<stream>:<tag>`.
fn followed(
    name: &str,
    from: &Node<'_>,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<DefinedSource> {
    let path = from.at("name");
    if name.contains('@') {
        let message = format!(
            "{} is an image: use from.kind ImageStreamImage for it",
            quoted(name)
        );
        problems.add(path, message);
        return None;
    }
    let (stream, tag) = halves(name, ':', "<tag> or <stream>:<tag>", from, here, problems)?;
    Some(DefinedSource::Follow(stream, parsed(tag, path, problems)?))
}

/// The image of `<id>` or `<stream>@<id>`.
fn fixed(
    name: &str,
    from: &Node<'_>,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<DefinedSource> {
    let (stream, id) = halves(name, '@', "<id> or <stream>@<id>", from, here, problems)?;
    let hex = id.strip_prefix("sha256:").unwrap_or(id);
    let whole = !hex.is_empty() && hex.len() <= 64;
    if whole
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    {
        return Some(DefinedSource::Fixed(stream, hex.to_owned()));
    }
    let message = format!(
        "{} is no image id: write <stream>@ and a digest or its first hexadecimal digits",
        quoted(id)
    );
    problems.add(from.at("name"), message);
    None
}

/// The stream before the separator, if it is another one, and what stands behind it, or all of it if there is none.
fn halves<'n>(
    name: &'n str,
    separator: char,
    form: &str,
    from: &Node<'_>,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<(Option<StreamRef>, &'n str)> {
    let namespace = from
        .text("namespace", problems)
        .filter(|text| !text.is_empty());
    let (stream, rest) = match name.split_once(separator) {
        Some((stream, rest)) => (Some(stream), rest),
        None => (None, name),
    };
    if rest.is_empty() || rest.contains(separator) || stream == Some("") {
        let message = format!("{} must be of the form {form}", quoted(name));
        problems.add(from.at("name"), message);
        return None;
    }
    let own_namespace =
        namespace.is_none_or(|other| here.namespace.is_some_and(|own| own.as_str() == other));
    if own_namespace && stream.is_none_or(|stream| here.is(stream)) {
        return Some((None, rest));
    }
    let Some(stream) = stream else {
        let message = format!(
            "{} of another namespace must be of the form {form}",
            quoted(name)
        );
        problems.add(from.at("name"), message);
        return None;
    };
    let namespace = match (namespace, here.namespace) {
        (Some(namespace), _) => parsed(namespace, from.at("namespace"), problems)?,
        (None, Some(own)) => own.clone(),
        (None, None) => {
            problems.add(
                from.at("namespace"),
                "another stream needs a namespace: write it here, or metadata.namespace for both",
            );
            return None;
        }
    };
    let name = parsed(stream, from.at("name"), problems)?;
    Some((Some(StreamRef { namespace, name }), rest))
}
