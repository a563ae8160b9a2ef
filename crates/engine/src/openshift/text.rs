//! Definitions as text: YAML or JSON in, YAML or JSON out.

use serde_json::Value;

use crate::{Error, Result};

/// Reads one or several YAML documents, or JSON. Aliases that grow without bound are refused.
///
/// # Errors
/// `Invalid` field `text`, with where it went wrong.
pub fn parse(text: &str) -> Result<Vec<Value>> {
    if text.trim().is_empty() {
        return Err(Error::invalid("text", "paste a definition: YAML or JSON"));
    }
    serde_saphyr::from_multiple(text)
        .map_err(|error| Error::invalid("text", format!("this is neither YAML nor JSON: {error}")))
}

/// Writes YAML.
///
/// # Errors
/// Never for what is exported here.
pub fn yaml(value: &Value) -> Result<String> {
    serde_saphyr::to_string(value).map_err(|error| Error::Internal {
        doing: "writing YAML",
        source: error.to_string().into(),
    })
}

/// Writes indented JSON.
///
/// # Errors
/// Never for what is exported here.
pub fn json(value: &Value) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|error| Error::Internal {
        doing: "writing JSON",
        source: Box::new(error),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_of_one_or_many_documents_and_json_are_read_and_written_back() {
        let one = json!({"kind": "ImageStream", "metadata": {"name": "ruby", "annotations": {"a/b": "true"}}});
        for text in [yaml(&one).unwrap(), json(&one).unwrap()] {
            assert_eq!(parse(&text).unwrap(), std::slice::from_ref(&one), "{text}");
        }
        let two = "kind: A\n---\nkind: B\nn: 1\n";
        assert_eq!(
            parse(two).unwrap(),
            [json!({"kind": "A"}), json!({"kind": "B", "n": 1})]
        );
    }

    #[test]
    fn nonsense_and_alias_bombs_are_refused_with_where() {
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, before) in ('b'..='k').zip('a'..='j') {
            let many = vec![format!("*{before}"); 9].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{many}]\n"));
        }
        for text in ["", "a: [", "a: b: c", bomb.as_str()] {
            let error = parse(text).unwrap_err();
            assert!(
                matches!(error, Error::Invalid { field: "text", .. }),
                "{error}"
            );
        }
    }
}
