//! From what a form sends to model types. Each refusal names the field.

use model::{
    Namespace, Reference, StreamName, StreamRef, TagName,
    import::{ImportRequest, Selection},
    tagging::{Mode, TagRequest, parse_destination, parse_source},
};

use super::ApiError;

/// A stream from its two fields.
///
/// # Errors
/// `Invalid` field `namespace` or `name`.
pub fn stream(namespace: &str, name: &str) -> Result<StreamRef, ApiError> {
    let namespace: Namespace = namespace
        .trim()
        .parse()
        .map_err(|e: model::name::NameError| ApiError::invalid("namespace", e.to_string()))?;
    let name: StreamName = name
        .trim()
        .parse()
        .map_err(|e: model::name::NameError| ApiError::invalid("name", e.to_string()))?;
    Ok(StreamRef { namespace, name })
}

/// Tags separated by commas or white space.
///
/// # Errors
/// `Invalid` field `tags`.
pub fn tags(text: &str) -> Result<Vec<TagName>, ApiError> {
    let mut tags = Vec::new();
    for word in text
        .split([',', ' ', '\n', '\r', '\t'])
        .filter(|word| !word.is_empty())
    {
        let tag: TagName = word
            .parse()
            .map_err(|e: model::name::NameError| ApiError::invalid("tags", e.to_string()))?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
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
    /// Field `insecure` is ticked.
    pub insecure: bool,
}

impl ImportForm {
    /// The request, for a new stream or into one that is there.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn request(&self, create: bool) -> Result<ImportRequest, ApiError> {
        let stream = stream(&self.namespace, &self.name)?;
        let source = match self.source.trim() {
            "" => None,
            text => Some(
                text.parse::<Reference>()
                    .map_err(|e| ApiError::invalid("source", e.to_string()))?,
            ),
        };
        let selection = match self.selection.as_str() {
            "none" => Selection::None,
            "chosen" => Selection::Chosen(tags(&self.chosen)?),
            _ => Selection::All,
        };
        Ok(ImportRequest {
            stream,
            create,
            source,
            selection,
            insecure: self.insecure,
        })
    }
}

/// The request of the tag form.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn tag_request(
    stream: StreamRef,
    source: &str,
    destination: &str,
    mode: &str,
) -> Result<TagRequest, ApiError> {
    let destination =
        parse_destination(destination, &stream).map_err(|e| ApiError::invalid("destination", e));
    let source = parse_source(source, &stream).map_err(|e| ApiError::invalid("source", e))?;
    let mode = if mode == "follow" {
        Mode::Follow
    } else {
        Mode::Fixed
    };
    Ok(TagRequest {
        stream,
        source,
        destination: destination?,
        mode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_names_its_field() {
        let form = |namespace: &str, name: &str, source: &str, chosen: &str| ImportForm {
            namespace: namespace.into(),
            name: name.into(),
            source: source.into(),
            selection: "chosen".into(),
            chosen: chosen.into(),
            insecure: false,
        };
        for (form, field) in [
            (form("Team", "ruby", "h.io/a", "1"), "namespace"),
            (form("team", "Ruby", "h.io/a", "1"), "name"),
            (form("team", "ruby", "https://h.io/a", "1"), "source"),
            (form("team", "ruby", "h.io/a", "1, a:b"), "tags"),
        ] {
            assert_eq!(form.request(true).unwrap_err().field(), Some(field));
        }
        let good = form(" team ", "ruby", " h.io/a ", "1.0,2.0\n1.0 x")
            .request(true)
            .unwrap();
        assert_eq!(
            good.selection,
            Selection::Chosen(["1.0", "2.0", "x"].map(|t| t.parse().unwrap()).to_vec())
        );
    }

    #[test]
    fn tag_requests_name_the_end_that_is_wrong() {
        let ruby = || StreamRef::parse("team", "ruby").unwrap();
        assert_eq!(
            tag_request(ruby(), "", "latest", "fixed")
                .unwrap_err()
                .field(),
            Some("source")
        );
        assert_eq!(
            tag_request(ruby(), "2.0", "a b", "fixed")
                .unwrap_err()
                .field(),
            Some("destination")
        );
        assert_eq!(
            tag_request(ruby(), "2.0", "latest", "follow").unwrap().mode,
            Mode::Follow
        );
    }
}
