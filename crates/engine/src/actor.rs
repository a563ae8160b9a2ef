//! Who asks. Every operation takes an [`Actor`] and checks it against the object it loaded.

use model::{Namespace, user::Role};

use crate::{Error, error::Result};

/// A signed-in user, loaded from the database for this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's id.
    pub id: String,
    /// The user's name, for history and logs.
    pub name: String,
    /// What the user may do.
    pub role: Role,
}

impl Actor {
    /// Whether the actor may look at a namespace.
    ///
    /// # Errors
    /// Never today: every user may look at every namespace. The check stands where it will be needed.
    pub fn may_read(&self, _namespace: &Namespace) -> Result<()> {
        Ok(())
    }

    /// Whether the actor may change streams of a namespace.
    ///
    /// # Errors
    /// `Denied` for viewers.
    pub fn may_write(&self, namespace: &Namespace) -> Result<()> {
        if self.role >= Role::Editor {
            return Ok(());
        }
        Err(Error::Denied(format!(
            "{} may look at {namespace} but not change it; ask an administrator for the editor role",
            self.name
        )))
    }

    /// Whether the actor may change streams of any namespace at all.
    ///
    /// # Errors
    /// `Denied` for viewers.
    pub fn may_write_anywhere(&self) -> Result<()> {
        if self.role >= Role::Editor {
            return Ok(());
        }
        Err(Error::Denied(format!(
            "{} may look but not change anything; ask an administrator for the editor role",
            self.name
        )))
    }

    /// Whether the actor may manage users.
    ///
    /// # Errors
    /// `Denied` for everybody but administrators.
    pub fn may_administer(&self) -> Result<()> {
        if self.role == Role::Admin {
            return Ok(());
        }
        Err(Error::Denied(format!(
            "{} is not an administrator",
            self.name
        )))
    }
}
