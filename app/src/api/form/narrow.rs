//! The fields that narrow All tags on the import form.

use std::str::FromStr;

use model::{
    import::Selection,
    narrow::{Glob, GlobError, Narrow, RangeError},
};

use crate::api::ApiError;

/// What is written in the fields `include`, `exclude`, `range` and `newest`. Empty narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NarrowForm {
    /// Field `include`: patterns separated by commas or white space.
    pub include: String,
    /// Field `exclude`: patterns likewise.
    pub exclude: String,
    /// Field `range`: a range of versions.
    pub range: String,
    /// Field `newest`: how many.
    pub newest: String,
    /// Fields `pick`, when the preview showed more boxes than were ticked.
    pub picked: Vec<String>,
}

impl NarrowForm {
    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        [&self.include, &self.exclude, &self.range, &self.newest]
            .iter()
            .all(|field| field.trim().is_empty())
            && self.picked.is_empty()
    }

    /// All tags, or those that are left of them.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn selection(&self) -> Result<Selection, ApiError> {
        let narrow = Narrow {
            include: globs("include", &self.include)?,
            exclude: globs("exclude", &self.exclude)?,
            range: given(&self.range)
                .map(FromStr::from_str)
                .transpose()
                .map_err(|error: RangeError| ApiError::invalid("range", error.to_string()))?,
            newest: given(&self.newest).map(number).transpose()?,
            picked: super::tags(&self.picked.join(" "))?,
        };
        Ok(if narrow.is_empty() {
            Selection::All
        } else {
            Selection::Matching(narrow)
        })
    }
}

fn given(field: &str) -> Option<&str> {
    Some(field.trim()).filter(|text| !text.is_empty())
}

fn number(text: &str) -> Result<u32, ApiError> {
    let found = text.parse::<u32>().ok().filter(|number| *number > 0);
    found.ok_or_else(|| ApiError::invalid("newest", "write how many, from 1, as in 10"))
}

fn globs(field: &str, text: &str) -> Result<Vec<Glob>, ApiError> {
    let globs = text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .take(Narrow::PATTERNS + 1)
        .map(|word| {
            word.parse()
                .map_err(|error: GlobError| ApiError::invalid(field, error.to_string()))
        })
        .collect::<Result<Vec<Glob>, ApiError>>()?;
    if globs.len() > Narrow::PATTERNS {
        return Err(ApiError::invalid(
            field,
            format!("at most {} patterns can be given", Narrow::PATTERNS),
        ));
    }
    Ok(globs)
}
