//! From columns to model types: a value that does not parse is an inconsistency, named by column.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use crate::error::{Error, Result};

/// Parses a column's text.
pub(super) fn parse<T>(column: &str, text: &str) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse()
        .map_err(|error| Error::inconsistent(format_args!("{column}: {error}")))
}

/// Parses a column's text if there is one.
pub(super) fn parse_opt<T>(column: &str, text: Option<&str>) -> Result<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|text| parse(column, text)).transpose()
}

/// Turns a stored word into its type.
pub(super) fn word<T>(column: &str, text: &str, from: impl Fn(&str) -> Option<T>) -> Result<T> {
    from(text).ok_or_else(|| Error::inconsistent(format_args!("{column}: unknown word \"{text}\"")))
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the text anywhere; everything if it is empty.
pub(super) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    if !text.is_empty() {
        pattern.push('%');
    }
    pattern
}

/// Names and values as a column holds them: a JSON object, or nothing for none.
pub(super) fn json(map: &BTreeMap<String, String>) -> String {
    if map.is_empty() {
        return String::new();
    }
    serde_json::to_string(map).unwrap_or_default()
}

/// Reads [`json`].
pub(super) fn map(column: &str, text: &str) -> Result<BTreeMap<String, String>> {
    if text.is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_json::from_str(text)
        .map_err(|error| Error::inconsistent(format_args!("{column}: {error}")))
}
