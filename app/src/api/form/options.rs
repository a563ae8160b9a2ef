//! The fields of the import form for where consumers of new tags pull from and which platforms are kept.

use model::{
    import::ImportRequest,
    policy::{ImportMode, ReferencePolicy},
};

use crate::api::ApiError;

/// What is written in the fields `pull`, `platforms`, `os` and `architecture`. Empty is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionsForm {
    /// Field `pull`: `source` or `local`.
    pub pull: String,
    /// Field `platforms`: `keep`, `preserve-original` or `legacy`.
    pub platforms: String,
    /// Field `os`.
    pub os: String,
    /// Field `architecture`.
    pub architecture: String,
}

impl OptionsForm {
    /// Fills the request in.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn fill(&self, request: &mut ImportRequest) -> Result<(), ApiError> {
        request.reference_policy = match self.pull.trim() {
            "" => ReferencePolicy::Source,
            text => ReferencePolicy::from_word(text)
                .ok_or_else(|| ApiError::invalid("pull", "choose one of the two"))?,
        };
        request.mode = match self.platforms.trim() {
            "" | "keep" => None,
            text => Some(
                ImportMode::from_word(text)
                    .ok_or_else(|| ApiError::invalid("platforms", "choose one of the three"))?,
            ),
        };
        request.platform = platform(&self.os, &self.architecture)?;
        let named = request.platform.iter().any(|word| !word.is_empty());
        if named && request.mode != Some(ImportMode::Legacy) {
            return Err(ApiError::invalid(
                "platforms",
                "choose One platform to import that of an operating system or architecture, or leave both empty",
            ));
        }
        Ok(())
    }

    /// Names and values of the fields.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &str); 4] {
        [
            ("pull", &self.pull),
            ("platforms", &self.platforms),
            ("os", &self.os),
            ("architecture", &self.architecture),
        ]
    }
}

/// The platform taken out of an index.
///
/// # Errors
/// `Invalid` field `os` or `architecture`.
pub(super) fn platform(os: &str, architecture: &str) -> Result<[String; 2], ApiError> {
    let word = |text: &str, field: &str| {
        let text = text.trim();
        if text.bytes().all(|b| b.is_ascii_alphanumeric()) && text.len() <= 32 {
            return Ok(text.to_owned());
        }
        let message = "write letters and digits only, as in linux or arm64";
        Err(ApiError::invalid(field, message))
    };
    Ok([word(os, "os")?, word(architecture, "architecture")?])
}
