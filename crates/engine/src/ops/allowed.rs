//! Holds requests and running imports to the list of allowed registries.

use model::{Change, Reference, StreamRef, import::ImportRequest, import::Selection, tag::Reason};

use crate::{
    Engine, Result,
    rules::{self, facts::StreamFacts},
    upstream::{Failure, Retry},
};

impl Engine {
    /// Refuses an import from a registry that is not allowed.
    pub(super) fn check_import(
        &self,
        request: &ImportRequest,
        stream_insecure: bool,
    ) -> Result<()> {
        let insecure = request.insecure || stream_insecure;
        match &request.source {
            // A stream made without an import keeps its source all the same.
            Some(source) if request.create || request.selection != Selection::None => {
                let allowed = &self.config().allowed_registries;
                let checked = allowed.check(source.host(), insecure);
                Ok(checked.map_err(|error| rules::allowed::refusal(&error, "source"))?)
            }
            _ => Ok(()),
        }
    }

    /// Refuses changes that bring in a registry that is not allowed.
    pub(super) fn check_changes(
        &self,
        facts: &StreamFacts,
        changes: &[Change],
        field: &'static str,
    ) -> Result<()> {
        let allowed = &self.config().allowed_registries;
        Ok(rules::allowed::check(allowed, facts, changes, field)?)
    }

    /// What an import to a stream is told instead of being let through: to a registry that is not allowed (any more), or
    /// around to the stream itself.
    pub(crate) fn not_allowed(
        &self,
        stream: &StreamRef,
        source: &Reference,
        insecure: bool,
    ) -> Option<Failure> {
        if self.is_own(source) && source.repository() == stream.to_string() {
            return Some(Failure {
                reason: Reason::Invalid,
                message: format!("{source} is this stream itself"),
                hint: "tag the image instead; nothing has to be imported".to_owned(),
                retry: Retry::Never,
                busy: false,
            });
        }
        let allowed = &self.config().allowed_registries;
        let error = allowed.check(source.host(), insecure).err()?;
        Some(Failure {
            reason: Reason::Forbidden,
            message: error.to_string(),
            hint: "import from an allowed registry, or ask an administrator to allow this one"
                .to_owned(),
            retry: Retry::Never,
            busy: false,
        })
    }
}
