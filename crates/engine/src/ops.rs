//! The use cases: load, ask a rule, apply.
mod stubs;
use model::Plan;

/// A plan and the token that confirms exactly this plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What would happen.
    pub plan: Plan,
    /// Travels in the form; a different plan has a different token.
    pub token: String,
}
