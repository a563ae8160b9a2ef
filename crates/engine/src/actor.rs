//! Who asks. Every operation takes an [`Actor`] and checks it against the object it loaded.
//!
//! Rights come from the role alone and, for pulling, from the namespace's own flag; never from how anything is named.

use model::{Namespace, user::Role};

use crate::{Error, error::Result};

/// A user, loaded from the database for this request, or [`Actor::anonymous`].
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
    /// Somebody who showed nothing. Only the registry serves them, and only where a namespace allows it.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            id: String::new(),
            name: Role::Anonymous.as_str().to_owned(),
            role: Role::Anonymous,
        }
    }

    /// Whether nobody in particular asks.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.role == Role::Anonymous
    }

    /// Whether the actor may look at a namespace.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in: every user may look at every namespace.
    pub fn may_read(&self, namespace: &Namespace) -> Result<()> {
        if self.role >= Role::Viewer {
            return Ok(());
        }
        Err(Error::Denied(format!(
            "{namespace} is not open to everybody; sign in with an API token"
        )))
    }

    /// Whether the actor may pull from a namespace, which is `open` when it lets everybody do so.
    ///
    /// # Errors
    /// As [`Actor::may_read`], unless it is open.
    pub fn may_pull(&self, namespace: &Namespace, open: bool) -> Result<()> {
        if open {
            return Ok(());
        }
        self.may_read(namespace)
    }

    /// Whether the actor may look at lists of all namespaces.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub fn may_read_anywhere(&self) -> Result<()> {
        if self.role >= Role::Viewer {
            return Ok(());
        }
        Err(Error::Denied(
            "sign in with an API token to see this".into(),
        ))
    }

    /// Whether the actor may change streams of a namespace.
    ///
    /// # Errors
    /// `Denied` for viewers.
    pub fn may_write(&self, namespace: &Namespace) -> Result<()> {
        if self.role >= Role::Editor {
            return Ok(());
        }
        self.signed_in(&format!("change {namespace}"))?;
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
        self.signed_in("change anything")?;
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
        self.signed_in("do this")?;
        Err(Error::Denied(format!(
            "{} may not do this; only administrators may",
            self.name
        )))
    }

    fn signed_in(&self, to: &str) -> Result<()> {
        match self.is_anonymous() {
            false => Ok(()),
            true => Err(Error::Denied(format!("sign in with an API token to {to}"))),
        }
    }
}
