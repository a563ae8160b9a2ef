//! Users and what they may do.

use serde::{Deserialize, Serialize};

/// What a user may do, in every namespace. Each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Nobody in particular: pulls from namespaces that allow it to everybody. No user has it, so it is never stored.
    Anonymous,
    /// Look at everything.
    Viewer,
    /// Also make streams, import and tag.
    Editor,
    /// Also manage users.
    Admin,
}

impl Role {
    /// The word the store and pages use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role for a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Editor, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

/// A user as pages show them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// Id.
    pub id: String,
    /// Sign-in name.
    pub name: String,
    /// Role.
    pub role: Role,
}
