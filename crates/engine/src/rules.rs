//! Pure rules: loaded facts in, changes (or a reason) out. No clock, no database, no network; only `model`.

pub mod alias;
pub mod allowed;
pub mod definition;
pub mod delete;
pub mod facts;
pub mod import;
pub mod policy;
pub mod push;
pub mod quota;
pub mod rollback;
pub mod signature;
pub mod tagging;
#[cfg(test)]
mod tests;

/// Why a rule refuses: which field, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The form field.
    pub field: &'static str,
    /// What was wrong and what is allowed.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}
