//! From a form's raw text to model types. Each refusal names the field it belongs to.

use model::{
    Reference, StreamRef, TagName,
    import::{ImportRequest, Selection},
    name::NameError,
    tagging::{self, Mode, TagRequest},
};

use super::error::ApiError;
use crate::routes;

/// Tags one form may name.
const MOST_TAGS: usize = 5_000;

/// The fields of the forms that import: `/streams/new` and `/s/{ns}/{name}/import`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportFields {
    /// Namespace of the stream.
    pub namespace: String,
    /// Name of the stream.
    pub name: String,
    /// Source repository.
    pub source: String,
    /// `all`, `chosen` or `none`.
    pub tags: String,
    /// Names of the chosen tags, separated by commas or space.
    pub chosen: String,
    /// A check box: any text is yes.
    pub insecure: String,
    /// How many tags the preview showed with a box.
    pub shown: String,
    /// The boxes of the preview that were ticked.
    pub pick: Vec<String>,
}

impl ImportFields {
    /// The fields with the preview's boxes worked in: if one was unticked, the rest are chosen tags.
    #[must_use]
    pub fn picked(mut self) -> Self {
        let shown = self.shown.trim().parse().unwrap_or(0);
        if self.pick.len() < shown {
            "chosen".clone_into(&mut self.tags);
            self.chosen = self.pick.join(" ");
        }
        self.shown.clear();
        self.pick.clear();
        self
    }

    /// The preview with these values: of a new stream, or of an import into `fixed`.
    #[must_use]
    pub fn preview(&self, fixed: Option<&StreamRef>) -> String {
        let rest = [
            ("source", self.source.as_str()),
            ("tags", &self.tags),
            ("chosen", &self.chosen),
            ("insecure", &self.insecure),
            ("preview", "1"),
        ];
        match fixed {
            Some(stream) => routes::with_query(&routes::import(stream), &rest),
            None => {
                let mut pairs = vec![("namespace", self.namespace.as_str()), ("name", &self.name)];
                pairs.extend(rest);
                routes::with_query(&routes::new_stream(), &pairs)
            }
        }
    }
}

/// Namespace and name of a stream.
///
/// # Errors
/// `Invalid` at `namespace` or `name`.
pub fn stream(namespace: &str, name: &str) -> Result<StreamRef, ApiError> {
    let parse = |field, what: &str, error: NameError| {
        let message = if error.text.is_empty() { format!("{what} is required: {}", error.rule) } else { error.to_string() };
        ApiError::invalid(field, message)
    };
    Ok(StreamRef {
        namespace: namespace.trim().parse().map_err(|error| parse("namespace", "a namespace", error))?,
        name: name.trim().parse().map_err(|error| parse("name", "a name", error))?,
    })
}

/// An import; `create` makes the stream.
///
/// # Errors
/// `Invalid` at the field that is wrong.
pub fn import(fields: &ImportFields, create: bool) -> Result<ImportRequest, ApiError> {
    let stream = stream(&fields.namespace, &fields.name)?;
    let source = source(&fields.source)?;
    let selection = match fields.tags.trim() {
        "all" => Selection::All,
        "none" => Selection::None,
        "chosen" => Selection::Chosen(chosen(&fields.chosen)?),
        other => {
            return Err(ApiError::invalid("tags", format!("\"{other}\" is none of All tags, Chosen tags and None")));
        }
    };
    if source.is_none() && selection != Selection::None {
        return Err(ApiError::invalid(
            "source",
            "name the repository to import from, as in quay.io/org/app, or choose None to make an empty stream",
        ));
    }
    if !create && selection == Selection::None {
        return Err(ApiError::invalid("tags", "nothing to import: choose All tags or Chosen tags"));
    }
    Ok(ImportRequest { stream, create, source, selection, insecure: checked(&fields.insecure) })
}

/// A repository without tag and digest; none for an empty field.
///
/// # Errors
/// `Invalid` at `source`, saying where a tag or digest belongs.
pub fn source(text: &str) -> Result<Option<Reference>, ApiError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let reference: Reference = text.parse().map_err(|error: model::reference::ReferenceError| ApiError::invalid("source", error.to_string()))?;
    if let Some(tag) = reference.tag() {
        let message = format!("this field names a repository only: use {} here and put {tag} under Chosen tags", reference.name());
        return Err(ApiError::invalid("source", message));
    }
    if reference.digest().is_some() {
        let message = format!(
            "this field names a repository only: use {} here, import the tag that has this image, then pin it with Tag and Fixed",
            reference.name()
        );
        return Err(ApiError::invalid("source", message));
    }
    Ok(Some(reference))
}

/// Tags separated by commas or space; each counts once, in the order given.
///
/// # Errors
/// `Invalid` at `chosen`: no tag, or one that cannot be.
pub fn chosen(text: &str) -> Result<Vec<TagName>, ApiError> {
    let tags = tag_names(text, "chosen")?;
    if tags.is_empty() {
        return Err(ApiError::invalid("chosen", "name at least one tag, as in 2.0, 2.1 latest"));
    }
    Ok(tags)
}

/// Tags separated by commas or space; may be none.
///
/// # Errors
/// `Invalid` at `field` for a tag that cannot be, or too many.
pub fn tag_names(text: &str, field: &str) -> Result<Vec<TagName>, ApiError> {
    let mut seen = std::collections::HashSet::new();
    let mut tags = Vec::new();
    for word in text.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        let tag: TagName = word.parse().map_err(|error: NameError| ApiError::invalid(field, error.to_string()))?;
        if seen.insert(tag.clone()) {
            tags.push(tag);
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(ApiError::invalid(field, format!("at most {MOST_TAGS} tags can be named at once")));
    }
    Ok(tags)
}

/// A request to set a tag.
///
/// # Errors
/// `Invalid` at the field that is wrong.
pub fn tag(stream: StreamRef, source: &str, destination: &str, mode: &str) -> Result<TagRequest, ApiError> {
    let source = tagging::parse_source(source, &stream).map_err(|message| ApiError::invalid("source", message))?;
    let destination =
        tagging::parse_destination(destination, &stream).map_err(|message| ApiError::invalid("destination", message))?;
    let mode = match mode.trim() {
        "fixed" => Mode::Fixed,
        "follow" => Mode::Follow,
        _ => return Err(ApiError::invalid("mode", "choose Fixed or Follow")),
    };
    Ok(TagRequest { stream, source, destination, mode })
}

/// Whether a check box was ticked.
#[must_use]
pub fn checked(value: &str) -> bool {
    !matches!(value.trim(), "" | "0" | "false" | "off")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> ImportFields {
        ImportFields {
            namespace: "team".into(),
            name: "ruby".into(),
            source: "localhost:5000/ruby".into(),
            tags: "all".into(),
            ..ImportFields::default()
        }
    }

    fn field_of<T: std::fmt::Debug>(result: Result<T, ApiError>) -> (String, String) {
        match result {
            Err(ApiError::Invalid { field, message }) => (field, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_whole_form_becomes_a_request() {
        let request = import(&fields(), true).expect("valid");
        assert_eq!(request.stream.to_string(), "team/ruby");
        assert_eq!((request.selection, request.insecure, request.create), (Selection::All, false, true));
        let chosen = ImportFields { tags: "chosen".into(), chosen: "2.0, 2.1\n2.0 ,latest".into(), insecure: "on".into(), ..fields() };
        let request = import(&chosen, false).expect("valid");
        let tags = ["2.0", "2.1", "latest"].map(|tag| tag.parse().expect("tag")).to_vec();
        assert_eq!((request.selection, request.insecure), (Selection::Chosen(tags), true));
    }

    #[test]
    fn each_refusal_names_its_field() {
        let table = [
            (ImportFields { namespace: String::new(), ..fields() }, "namespace", "a namespace is required"),
            (ImportFields { name: "Ruby".into(), ..fields() }, "name", "lower-case"),
            (ImportFields { source: String::new(), ..fields() }, "source", "choose None"),
            (ImportFields { source: "https://quay.io/a".into(), ..fields() }, "source", "leave out"),
            (ImportFields { source: "quay.io/a/b:2.0".into(), ..fields() }, "source", "put 2.0 under Chosen tags"),
            (ImportFields { source: format!("quay.io/a/b@sha256:{}", "a".repeat(64)), ..fields() }, "source", "Fixed"),
            (ImportFields { tags: "some".into(), ..fields() }, "tags", "none of"),
            (ImportFields { tags: "chosen".into(), ..fields() }, "chosen", "at least one"),
            (ImportFields { tags: "chosen".into(), chosen: "a:b".into(), ..fields() }, "chosen", "tag \"a:b\""),
        ];
        for (form, field, part) in table {
            let (at, message) = field_of(import(&form, true));
            assert!(at == field && message.contains(part), "{at}: {message}");
        }
    }

    #[test]
    fn an_empty_stream_needs_no_source_and_an_import_of_nothing_is_refused() {
        let none = ImportFields { source: String::new(), tags: "none".into(), ..fields() };
        assert_eq!(import(&none, true).map(|request| request.source), Ok(None));
        assert_eq!(field_of(import(&none, false)).0, "tags");
    }

    #[test]
    fn an_unticked_box_turns_all_into_chosen() {
        let boxes = ImportFields { shown: "3".into(), pick: vec!["2.0".into(), "2.1".into()], ..fields() };
        let picked = boxes.clone().picked();
        assert_eq!((picked.tags.as_str(), picked.chosen.as_str()), ("chosen", "2.0 2.1"));
        let all = ImportFields { shown: "2".into(), ..boxes.clone() }.picked();
        assert_eq!(all.tags, "all");
        let none = ImportFields { pick: Vec::new(), ..boxes }.picked();
        assert_eq!(field_of(import(&none, true)).0, "chosen");
    }

    #[test]
    fn a_thousand_chosen_tags_survive() {
        let names: Vec<_> = (0..1_200).map(|n| format!("v{n}")).collect();
        assert_eq!(chosen(&names.join(",")).map(|tags| tags.len()), Ok(1_200));
    }

    #[test]
    fn the_preview_address_keeps_every_value() {
        let form = ImportFields { insecure: "on".into(), ..fields() };
        assert_eq!(
            form.preview(None),
            "/streams/new?namespace=team&name=ruby&source=localhost:5000/ruby&tags=all&insecure=on&preview=1"
        );
        let stream = stream("team", "ruby").expect("stream");
        assert_eq!(
            fields().preview(Some(&stream)),
            "/s/team/ruby/import?source=localhost:5000/ruby&tags=all&preview=1"
        );
    }

    #[test]
    fn a_tag_form_is_read_against_its_stream() {
        let ruby = || stream("team", "ruby").expect("stream");
        assert!(tag(ruby(), "ruby:2.0", "ruby:latest", "follow").is_ok());
        assert_eq!(field_of(tag(ruby(), "", "latest", "fixed")).0, "source");
        assert_eq!(field_of(tag(ruby(), "2.0", "php:latest", "fixed")).0, "destination");
        assert_eq!(field_of(tag(ruby(), "2.0", "latest", "")).0, "mode");
    }
}
