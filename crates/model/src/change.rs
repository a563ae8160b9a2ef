//! Every write we can make, as a value: what a preview shows, a transaction applies and the journal keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Reference, StreamRef, TagName, TagSource, TagSpec,
    policy::{Freshness, ImportMode, ReferencePolicy, Schedule},
    stream::StreamMeta,
    tag::{Cause, Condition},
};

/// Something to know before confirming. Shown with the preview; never stops it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning(pub String);

/// One thing a change makes other, as a row of a before/after table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// What of the stream or tag.
    pub name: &'static str,
    /// What it was.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

impl Aspect {
    /// Whether it becomes something that deserves a second look: `bad` when it goes, `warn` when its connection is no
    /// longer verified.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        match self.after.as_str() {
            DELETED => Some("bad"),
            INSECURE => Some("warn"),
            _ => None,
        }
    }
}

const DELETED: &str = "deleted";
const INSECURE: &str = "insecure allowed";

/// One change to one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A stream comes to be.
    CreateStream {
        /// Its source repository.
        source: Option<Reference>,
        /// Whether the whole stream is insecure.
        insecure: bool,
    },
    /// A stream, all its tags and their history go.
    DeleteStream {
        /// How many tags go with it.
        tags: i64,
    },
    /// The stream's source repository is another one.
    SetSource {
        /// What it was.
        before: Option<Reference>,
        /// What it becomes.
        after: Option<Reference>,
    },
    /// The stream's own insecure policy is another one.
    SetInsecure {
        /// What it was.
        before: bool,
        /// What it becomes.
        after: bool,
    },
    /// How fresh pulls by tag are is other.
    SetFreshness {
        /// What it was.
        before: Freshness,
        /// What it becomes.
        after: Freshness,
    },
    /// The period of the stream's tags that are scheduled without one of their own is another one.
    SetPeriod {
        /// What it was, in seconds; none for the server's.
        before: Option<u32>,
        /// What it becomes.
        after: Option<u32>,
    },
    /// What is noted of the stream is other.
    SetMeta {
        /// What it was.
        before: StreamMeta,
        /// What it becomes.
        after: StreamMeta,
    },
    /// What a tag should be.
    SetSpec {
        /// The tag.
        tag: TagName,
        /// What it should have been.
        before: Option<TagSpec>,
        /// What it should be.
        after: TagSpec,
    },
    /// A tag points at an image: a new revision, or a merge into the head (see `rules::history`).
    MoveHead {
        /// The tag.
        tag: TagName,
        /// What it pointed at.
        before: Option<Digest>,
        /// What it points at.
        after: Digest,
        /// Where that is found.
        reference: Reference,
        /// Generation of the revision.
        generation: i64,
        /// Why it moved.
        cause: Cause,
    },
    /// An import of a tag failed (`Some`) or no longer does (`None`).
    SetCondition {
        /// The tag.
        tag: TagName,
        /// The failure.
        after: Option<Condition>,
    },
    /// A tag is held where it is, or released.
    SetHold {
        /// The tag.
        tag: TagName,
        /// Whether it was held.
        before: bool,
        /// Whether it is.
        after: bool,
    },
    /// A tag goes: spec, head and history. Images stay.
    DeleteTag {
        /// The tag.
        tag: TagName,
        /// What it should have been.
        spec: Option<TagSpec>,
        /// What it pointed at.
        head: Option<Digest>,
        /// How many revisions go with it.
        revisions: i64,
    },
}

impl Change {
    /// The tag it concerns, if it concerns one.
    #[must_use]
    pub fn tag(&self) -> Option<&TagName> {
        match self {
            Self::SetSpec { tag, .. }
            | Self::MoveHead { tag, .. }
            | Self::SetCondition { tag, .. }
            | Self::SetHold { tag, .. }
            | Self::DeleteTag { tag, .. } => Some(tag),
            Self::CreateStream { .. }
            | Self::DeleteStream { .. }
            | Self::SetSource { .. }
            | Self::SetInsecure { .. }
            | Self::SetFreshness { .. }
            | Self::SetPeriod { .. }
            | Self::SetMeta { .. } => None,
        }
    }

    /// What a before/after table shows. Whose aspects these are says [`Change::tag`].
    #[must_use]
    pub fn rows(&self) -> Vec<Aspect> {
        let none = || "—".to_owned();
        let text =
            |value: &Option<Reference>| value.as_ref().map_or_else(none, ToString::to_string);
        let row = |name, before, after| Aspect {
            name,
            before,
            after,
        };
        match self {
            Self::CreateStream { source, insecure } => vec![
                row("Stream", none(), "created".into()),
                row("Source repository", none(), text(source)),
                row("Connection", none(), connection(*insecure)),
            ],
            Self::DeleteStream { tags } => {
                vec![row("Stream", format!("{tags} tags"), DELETED.into())]
            }
            Self::SetSource { before, after } => {
                let after = match before == after {
                    true => "read again".to_owned(),
                    false => text(after),
                };
                vec![row("Source repository", text(before), after)]
            }
            Self::SetInsecure { before, after } => {
                vec![row(
                    "Stream connection",
                    connection(*before),
                    connection(*after),
                )]
            }
            Self::SetFreshness { before, after } => {
                vec![row("Pulls by tag", before.to_string(), after.to_string())]
            }
            Self::SetPeriod { before, after } => {
                let words = |period| Schedule::of_stream(period).to_string();
                vec![row("Scheduled tags", words(*before), words(*after))]
            }
            Self::SetMeta { before, after } => meta_rows(before, after),
            Self::SetSpec { before, after, .. } => spec_rows(before.as_ref(), after),
            Self::SetHold { before, after, .. } => {
                vec![row("hold", hold(*before), hold(*after))]
            }
            Self::MoveHead {
                before,
                after,
                reference,
                ..
            } => vec![row(
                "image",
                before
                    .as_ref()
                    .map_or_else(|| "nothing yet".into(), |digest| digest.to_string()),
                // A newer generation of what is there, or another place where it is found.
                match before.as_ref() == Some(after) {
                    true => format!("the same image, of {}", reference.name()),
                    false => after.to_string(),
                },
            )],
            Self::SetCondition { after, .. } => vec![row(
                "import",
                none(),
                after.as_ref().map_or_else(
                    || "works again".into(),
                    |condition| condition.message.clone(),
                ),
            )],
            Self::DeleteTag {
                spec,
                head,
                revisions,
                ..
            } => {
                let before = match (spec, head) {
                    (Some(spec), _) => spec.source.to_string(),
                    (None, Some(digest)) => digest.to_string(),
                    (None, None) => none(),
                };
                let before = match revisions {
                    1 => format!("{before}, 1 revision"),
                    _ => format!("{before}, {revisions} revisions"),
                };
                vec![row("tag", before, DELETED.into())]
            }
        }
    }
}

/// What differs between two specs, a row each.
fn spec_rows(before: Option<&TagSpec>, after: &TagSpec) -> Vec<Aspect> {
    type Read = (&'static str, fn(&TagSpec) -> String);
    const ASPECTS: [Read; 6] = [
        ("source", |spec| spec.source.to_string()),
        ("connection", |spec| connection(spec.insecure)),
        ("schedule", |spec| spec.schedule().to_string()),
        ("platforms", |spec| match spec.source {
            TagSource::External { mode, .. } => mode.to_string(),
            _ => ImportMode::default().to_string(),
        }),
        ("annotations", |spec| notes(&spec.annotations)),
        ("pulled from", |spec| {
            match spec.reference_policy {
                ReferencePolicy::Source => "its source",
                ReferencePolicy::Local => "this registry",
            }
            .to_owned()
        }),
    ];
    let mut rows = Vec::new();
    for (position, (name, text)) in ASPECTS.into_iter().enumerate() {
        let now = text(after);
        // A new tag shows what is not as usual.
        let was = match before {
            Some(before) => text(before),
            None if position == 0 => "—".to_owned(),
            None => text(&TagSpec::new(TagSource::Pushed, 0)),
        };
        if was != now {
            rows.push(Aspect {
                name,
                before: was,
                after: now,
            });
        }
    }
    rows
}

fn meta_rows(before: &StreamMeta, after: &StreamMeta) -> Vec<Aspect> {
    let lookup = |meta: &StreamMeta| if meta.lookup_local { "yes" } else { "no" }.to_owned();
    let rows = [
        ("Labels", notes(&before.labels), notes(&after.labels)),
        (
            "Annotations",
            notes(&before.annotations),
            notes(&after.annotations),
        ),
        ("Short names resolve here", lookup(before), lookup(after)),
    ];
    rows.into_iter()
        .filter(|(_, was, now)| was != now)
        .map(|(name, before, after)| Aspect {
            name,
            before,
            after,
        })
        .collect()
}

/// Names and values, a line each.
fn notes(map: &BTreeMap<String, String>) -> String {
    if map.is_empty() {
        return "none".to_owned();
    }
    let lines: Vec<_> = map
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.join("\n")
}

fn hold(held: bool) -> String {
    if held { "held" } else { "not held" }.to_owned()
}

fn connection(insecure: bool) -> String {
    if insecure {
        INSECURE.into()
    } else {
        "verified HTTPS".into()
    }
}

/// What a request would do: made by a pure rule from loaded facts, shown, confirmed, then applied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The stream it changes.
    pub stream: StreamRef,
    /// The changes, in the order they are applied.
    pub changes: Vec<Change>,
    /// Things to know before confirming.
    pub warnings: Vec<Warning>,
    /// What will happen, as one or two sentences.
    pub sentence: String,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
