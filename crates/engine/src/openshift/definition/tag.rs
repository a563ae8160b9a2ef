//! The tags of a definition and where they come from.

use std::collections::{HashMap, hash_map::Entry};

use model::{
    Digest, Namespace, StreamName, TagName, TagSource,
    policy::{ReferencePolicy, Schedule},
};

use super::{
    TagDefinition,
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
    if node.flag("reference", problems) {
        problems.add(
            node.at("reference"),
            "tags that only name an image cannot be used yet: leave it out, and the image is imported",
        );
    }
    let policy = node.child("importPolicy", problems);
    policy.only(&["insecure", "scheduled", "importMode"], problems);
    let insecure = policy.flag("insecure", problems);
    let scheduled = policy.flag("scheduled", problems);
    if let Some(word) = policy.text("importMode", problems)
        && !["", "Legacy", "PreserveOriginal"].contains(&word)
    {
        let message = format!(
            "{} is no import mode: use Legacy or PreserveOriginal",
            quoted(word)
        );
        problems.add(policy.at("importMode"), message);
    }
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
    let schedule = if scheduled {
        Schedule::Global
    } else {
        Schedule::Never
    };
    let source = from.and_then(|from| source(&from, schedule, here, problems));
    Some(TagDefinition {
        name: name?,
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

/// Reads `from`.
fn source(
    from: &Node<'_>,
    schedule: Schedule,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<TagSource> {
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
        "DockerImage" => Some(TagSource::External {
            reference: parsed(name?, from.at("name"), problems)?,
            schedule,
        }),
        "ImageStreamTag" => {
            same_namespace(from, here, problems);
            let tag = followed(name?, from, here, problems)?;
            Some(TagSource::Follow { tag })
        }
        "ImageStreamImage" => {
            same_namespace(from, here, problems);
            let digest = fixed(name?, from, here, problems)?;
            Some(TagSource::Fixed { digest })
        }
        other => {
            let message = format!("{} is not one of the kinds: {KINDS}", quoted(other));
            problems.add(from.at("kind"), message);
            None
        }
    }
}

fn same_namespace(from: &Node<'_>, here: &Here<'_>, problems: &mut Problems) {
    let Some(other) = from
        .text("namespace", problems)
        .filter(|text| !text.is_empty())
    else {
        return;
    };
    match here.namespace {
        Some(own) if own.as_str() == other => {}
        Some(_) => problems.add(from.at("namespace"), elsewhere(other)),
        None => problems.add(
            from.at("namespace"),
            "the stream says no namespace, so this cannot be its own: leave it out, or give metadata.namespace too",
        ),
    }
}

/// The tag of `<tag>` or `<stream>:<tag>`.
fn followed(
    name: &str,
    from: &Node<'_>,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<TagName> {
    let path = from.at("name");
    if name.contains('@') {
        let message = format!(
            "{} is an image: use from.kind ImageStreamImage for it",
            quoted(name)
        );
        problems.add(path, message);
        return None;
    }
    let tag = own_half(name, ':', "<tag> or <stream>:<tag>", from, here, problems)?;
    parsed(tag, path, problems)
}

/// The digest of `<id>` or `<stream>@<id>`, which has to be whole.
fn fixed(name: &str, from: &Node<'_>, here: &Here<'_>, problems: &mut Problems) -> Option<Digest> {
    let id = own_half(name, '@', "<id> or <stream>@<id>", from, here, problems)?;
    match id.parse::<Digest>() {
        Ok(digest) if digest.algorithm() == "sha256" => Some(digest),
        _ => {
            let message = format!(
                "{} is not a whole digest: write <stream>@sha256: and 64 hexadecimal digits",
                quoted(id)
            );
            problems.add(from.at("name"), message);
            None
        }
    }
}

/// What stands behind the separator, or all of it if there is none. What stands before has to be our own stream.
fn own_half<'n>(
    name: &'n str,
    separator: char,
    form: &str,
    from: &Node<'_>,
    here: &Here<'_>,
    problems: &mut Problems,
) -> Option<&'n str> {
    let (stream, rest) = match name.split_once(separator) {
        Some((stream, rest)) => (Some(stream), rest),
        None => (None, name),
    };
    let message = if rest.is_empty() || rest.contains(separator) || stream == Some("") {
        format!("{} must be of the form {form}", quoted(name))
    } else if stream.is_some_and(|stream| !here.is(stream)) {
        elsewhere(name)
    } else {
        return Some(rest);
    };
    problems.add(from.at("name"), message);
    None
}

fn elsewhere(name: &str) -> String {
    format!(
        "{} is not this stream's own: tags of other streams cannot be used yet; import the image with from.kind DockerImage",
        quoted(name)
    )
}
