//! The fields of the tag form: as they are written, as a request, and as an address.

use model::{
    StreamRef,
    policy::{ImportMode, ReferencePolicy, Schedule},
    tagging::{Mode, TagOptions, TagRequest, parse_destinations, parse_source},
};
use serde::{Deserialize, Serialize};

use super::options::platform;
use crate::{api::ApiError, routes};

/// What is written in the tag form. Empty is what a form without the field sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagForm {
    /// Field `source`.
    pub source: String,
    /// Field `destination`: one or several.
    pub destination: String,
    /// Field `mode`: `fixed` or `follow`.
    pub mode: String,
    /// Field `pull`: `keep`, `source` or `local`.
    pub pull: String,
    /// Field `insecure` is ticked.
    pub insecure: bool,
    /// Field `period`.
    pub period: String,
    /// Field `platforms`: `preserve-original` or `legacy`.
    pub platforms: String,
    /// Field `os`.
    pub os: String,
    /// Field `architecture`.
    pub architecture: String,
    /// Field `note` is ticked: the place is only noted.
    pub note: bool,
}

impl TagForm {
    /// The request, for a form of `stream`.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn request(&self, stream: &StreamRef) -> Result<TagRequest, ApiError> {
        let source =
            parse_source(&self.source, stream).map_err(|e| ApiError::invalid("source", e))?;
        let destinations = parse_destinations(&self.destination, stream)
            .map_err(|e| ApiError::invalid("destination", e))?;
        let mode = match self.mode.trim() {
            "fixed" => Mode::Fixed,
            "follow" => Mode::Follow,
            _ => return Err(ApiError::invalid("mode", "choose Fixed or Follow")),
        };
        Ok(TagRequest {
            source,
            destinations,
            mode,
            options: self.options()?,
        })
    }

    fn options(&self) -> Result<TagOptions, ApiError> {
        let import_mode = match self.platforms.trim() {
            "" => ImportMode::default(),
            text => ImportMode::from_word(text)
                .ok_or_else(|| ApiError::invalid("platforms", "choose one of the two"))?,
        };
        let reference_policy = match self.pull.trim() {
            "" | "keep" => None,
            text => Some(
                ReferencePolicy::from_word(text)
                    .ok_or_else(|| ApiError::invalid("pull", "choose one of the three"))?,
            ),
        };
        let schedule: Schedule = self
            .period
            .parse()
            .map_err(|error: String| ApiError::invalid("period", error))?;
        Ok(TagOptions {
            insecure: self.insecure,
            reference_policy,
            schedule,
            import_mode,
            platform: platform(&self.os, &self.architecture)?,
            reference_only: self.note,
        })
    }

    /// The preview with these values.
    #[must_use]
    pub fn preview(&self, stream: &StreamRef) -> String {
        let ticked = |ticked| if ticked { "on" } else { "" };
        let pairs: Vec<_> = [
            ("source", self.source.as_str()),
            ("destination", &self.destination),
            ("mode", &self.mode),
            ("pull", &self.pull),
            ("insecure", ticked(self.insecure)),
            ("period", &self.period),
            ("platforms", &self.platforms),
            ("os", &self.os),
            ("architecture", &self.architecture),
            ("note", ticked(self.note)),
            ("preview", "1"),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
        routes::tag_form_with(stream, &pairs)
    }

    /// The hidden field that carries the form from its preview to its confirmation.
    ///
    /// # Errors
    /// Never for a form that was made here.
    pub fn field(&self) -> Result<String, ApiError> {
        serde_json::to_string(self).map_err(|error| ApiError::invalid("form", error.to_string()))
    }

    /// Reads [`TagForm::field`].
    ///
    /// # Errors
    /// `Invalid` field `form`.
    pub fn from_field(text: &str) -> Result<Self, ApiError> {
        serde_json::from_str(text).map_err(|error| {
            ApiError::invalid(
                "form",
                format!("what was confirmed cannot be read ({error}); preview it again"),
            )
        })
    }
}
