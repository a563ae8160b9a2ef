//! From what a form sends to model types. Each refusal names the field.

use std::collections::HashSet;

use model::{
    Namespace, Reference, StreamRef, TagName,
    credential::{HostPattern, PatternError},
    edit::Policies,
    import::{ImportRequest, Selection},
    name::NameError,
    policy::{ReferencePolicy, Schedule},
    reference::ReferenceError,
};

use serde::{Serialize, de::DeserializeOwned};

use super::ApiError;
use crate::routes;

/// Tags one form may name.
const MOST_TAGS: usize = 5_000;

/// A stream from its two fields.
///
/// # Errors
/// `Invalid` field `namespace` or `name`.
pub fn stream(namespace: &str, name: &str) -> Result<StreamRef, ApiError> {
    let refuse = |field: &str, what: &str, error: &NameError| {
        let message = if error.text.is_empty() {
            format!("{what} is required: {}", error.rule)
        } else {
            error.to_string()
        };
        ApiError::invalid(field, message)
    };
    Ok(StreamRef {
        namespace: namespace
            .trim()
            .parse()
            .map_err(|error| refuse("namespace", "a namespace", &error))?,
        name: name
            .trim()
            .parse()
            .map_err(|error| refuse("name", "a name", &error))?,
    })
}

/// Streams as `namespace/name`.
///
/// # Errors
/// `Invalid` field `stream`.
pub fn streams(all: &[&str]) -> Result<Vec<StreamRef>, ApiError> {
    all.iter()
        .map(|text| {
            let (namespace, name) = text.split_once('/').unwrap_or(("", text));
            StreamRef::parse(namespace, name)
                .map_err(|error| ApiError::invalid("stream", error.to_string()))
        })
        .collect()
}

/// A choice of yes, no, or as it is.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn yes_or_no(field: &str, word: &str) -> Result<Option<bool>, ApiError> {
    match word {
        "keep" => Ok(None),
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        _ => Err(ApiError::invalid(field, "choose one of the three")),
    }
}

/// Tags separated by commas or white space; each counts once, in the order given.
///
/// # Errors
/// `Invalid` field `tags`.
pub fn tags(text: &str) -> Result<Vec<TagName>, ApiError> {
    let mut seen = HashSet::new();
    let mut tags = Vec::new();
    for word in text
        .split([',', ' ', '\n', '\r', '\t'])
        .filter(|word| !word.is_empty())
    {
        let tag: TagName = word
            .parse()
            .map_err(|error: NameError| ApiError::invalid("tags", error.to_string()))?;
        if seen.insert(tag.clone()) {
            tags.push(tag);
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(ApiError::invalid(
            "tags",
            format!("at most {MOST_TAGS} tags can be named at once"),
        ));
    }
    Ok(tags)
}

/// A repository, without a tag or digest; none for an empty field.
///
/// # Errors
/// `Invalid` field `source`, saying where a tag or digest belongs.
pub fn source(text: &str) -> Result<Option<Reference>, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let source: Reference = text
        .parse()
        .map_err(|error: ReferenceError| ApiError::invalid("source", error.to_string()))?;
    let name = source.name();
    if source.digest().is_some() {
        return Err(ApiError::invalid(
            "source",
            format!(
                "this names one image: write {name} here and import a tag that has it, then pin that with Tag and Fixed"
            ),
        ));
    }
    if let Some(tag) = source.tag() {
        return Err(ApiError::invalid(
            "source",
            format!("leave out \":{tag}\": write {name} here and put {tag} under Chosen tags"),
        ));
    }
    Ok(Some(source))
}

/// The fields of the import form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportForm {
    /// Field `namespace`.
    pub namespace: String,
    /// Field `name`.
    pub name: String,
    /// Field `source`.
    pub source: String,
    /// Field `tags`: `all`, `chosen` or `none`.
    pub selection: String,
    /// Field `chosen`: tags separated by commas or white space.
    pub chosen: String,
    /// Fields `include`, `exclude`, `range` and `newest`: what narrows all tags.
    pub narrow: NarrowForm,
    /// Field `insecure` is ticked.
    pub insecure: bool,
    /// Field `scheduled` is ticked.
    pub scheduled: bool,
    /// Fields `pull`, `platforms`, `os` and `architecture`.
    pub options: OptionsForm,
}

impl ImportForm {
    /// The form as confirmed under a preview that showed `shown` tags with a box each, of which `picked` were ticked:
    /// with one unticked, only the others are imported.
    #[must_use]
    pub fn picked(mut self, shown: &str, picked: &[String]) -> Self {
        let shown = shown.trim().parse().unwrap_or(0);
        if picked.len() < shown {
            self.narrow.picked = picked.to_vec();
            // Of all tags those beyond the limit still wait.
            if self.selection != "all" || picked.is_empty() {
                return self.chosen_of_picked();
            }
        }
        self
    }

    fn chosen_of_picked(mut self) -> Self {
        "chosen".clone_into(&mut self.selection);
        self.chosen = self.narrow.picked.join(", ");
        // They have done their part: what they left was shown.
        self.narrow = NarrowForm::default();
        self
    }

    /// The request, for a new stream or into one that is there.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn request(&self, create: bool) -> Result<ImportRequest, ApiError> {
        let stream = stream(&self.namespace, &self.name)?;
        let source = source(&self.source)?;
        let selection = match self.selection.trim() {
            "all" => self.narrow.selection()?,
            "chosen" | "none" if !self.narrow.is_empty() => {
                return Err(ApiError::invalid(
                    "include",
                    "patterns, range and number narrow All tags: choose All tags, or leave them empty",
                ));
            }
            "chosen" => Selection::Chosen(tags(&self.chosen)?),
            "none" => Selection::None,
            _ => {
                return Err(ApiError::invalid(
                    "tags",
                    "choose All tags, Chosen tags or None",
                ));
            }
        };
        if selection == Selection::Chosen(Vec::new()) {
            return Err(ApiError::invalid(
                "tags",
                "name at least one tag, as in 2.0, or choose All tags or None",
            ));
        }
        if source.is_none() && selection != Selection::None {
            return Err(ApiError::invalid(
                "source",
                "name the repository to import, as in quay.io/org/app, or choose None for an empty stream",
            ));
        }
        if !create && selection == Selection::None {
            return Err(ApiError::invalid(
                "tags",
                "there is nothing to import: choose All tags or Chosen tags",
            ));
        }
        let mut request = ImportRequest {
            stream,
            create,
            source,
            selection,
            insecure: self.insecure,
            schedule: if self.scheduled {
                Schedule::Global
            } else {
                Schedule::Never
            },
            reference_policy: ReferencePolicy::Source,
            mode: None,
            platform: <[String; 2]>::default(),
        };
        self.options.fill(&mut request)?;
        Ok(request)
    }

    /// What is wrong with one field by itself, if it can be told.
    #[must_use]
    pub fn unread(&self, field: &str, create: bool) -> Option<String> {
        let read = match field {
            "namespace" if create => stream(&self.namespace, "x").err(),
            "name" if create => stream("x", &self.name).err(),
            "source" => source(&self.source).err(),
            _ => None,
        };
        read.map(|error| error.message().to_owned())
    }

    /// The preview with these values: of a new stream, or of an import into one.
    #[must_use]
    pub fn preview(&self, create: bool) -> String {
        if !self.narrow.picked.is_empty() {
            return self.clone().chosen_of_picked().preview(create);
        }
        let ticked = |ticked| if ticked { "on" } else { "" };
        let mut pairs = vec![
            ("source", self.source.as_str()),
            ("tags", &self.selection),
            ("chosen", &self.chosen),
            ("include", &self.narrow.include),
            ("exclude", &self.narrow.exclude),
            ("range", &self.narrow.range),
            ("newest", &self.narrow.newest),
            ("insecure", ticked(self.insecure)),
            ("scheduled", ticked(self.scheduled)),
        ];
        pairs.extend(self.options.fields());
        pairs.push(("preview", "1"));
        let page = match stream(&self.namespace, &self.name) {
            Ok(stream) if !create => routes::import(&stream),
            _ => {
                pairs.splice(
                    0..0,
                    [("namespace", self.namespace.as_str()), ("name", &self.name)],
                );
                routes::NEW_STREAM.to_owned()
            }
        };
        routes::with_query(&page, &pairs)
    }
}

/// Policies from the three choices of their form, and the period for a schedule of its own.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn policies(
    insecure: &str,
    pull: &str,
    schedule: &str,
    period: &str,
) -> Result<Policies, ApiError> {
    Ok(Policies {
        insecure: yes_or_no("insecure", insecure)?,
        reference_policy: match pull {
            "keep" => None,
            other => Some(
                ReferencePolicy::from_word(other)
                    .ok_or_else(|| ApiError::invalid("pull", "choose one of the three"))?,
            ),
        },
        schedule: match schedule {
            "keep" => None,
            "never" => Some(Schedule::Never),
            "global" => Some(Schedule::Global),
            "own" if period.trim().is_empty() => {
                return Err(ApiError::invalid("period", "write a period, as in 30m"));
            }
            "own" => Some(
                period
                    .parse()
                    .map_err(|error: String| ApiError::invalid("period", error))?,
            ),
            _ => return Err(ApiError::invalid("schedule", "choose one of the four")),
        },
    })
}

/// The hidden field that carries an edit from its preview to its confirmation.
///
/// # Errors
/// Never for an edit that was made here.
pub fn edit_field<E: Serialize>(edit: &E) -> Result<String, ApiError> {
    serde_json::to_string(edit).map_err(|error| ApiError::invalid("edit", error.to_string()))
}

/// Reads [`edit_field`].
///
/// # Errors
/// `Invalid` field `edit`.
pub fn edit<E: DeserializeOwned>(text: &str) -> Result<E, ApiError> {
    serde_json::from_str(text).map_err(|error| {
        ApiError::invalid(
            "edit",
            format!("what was confirmed cannot be read ({error}); preview it again"),
        )
    })
}

/// Whose credential it is (none for all namespaces), and for which registry.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn credential(
    namespace: &str,
    registry: &str,
) -> Result<(Option<Namespace>, HostPattern), ApiError> {
    let namespace = match namespace.trim() {
        "" => None,
        name => Some(
            name.parse()
                .map_err(|error: NameError| ApiError::invalid("namespace", error.to_string()))?,
        ),
    };
    let pattern = registry
        .parse()
        .map_err(|error: PatternError| ApiError::invalid("registry", error.to_string()))?;
    Ok((namespace, pattern))
}

mod narrow;
mod options;
mod tag;

pub use narrow::NarrowForm;
pub use options::OptionsForm;
pub use tag::TagForm;

#[cfg(test)]
mod tests;
