//! What belongs to a namespace itself: whether everybody may pull from it.

use model::Namespace;

use crate::{Actor, Engine, Error, Result, store::Tx};

impl Engine {
    /// Whether everybody may pull from a namespace, signed in or not.
    ///
    /// # Errors
    /// `NotFound`; `Denied`.
    pub async fn anonymous_pull(&self, actor: &Actor, namespace: &Namespace) -> Result<bool> {
        actor.may_read(namespace)?;
        let mut tx = self.store().read().await?;
        tx.anonymous_pull(namespace)
            .await?
            .ok_or_else(|| none(namespace))
    }

    /// Lets everybody pull from a namespace, or no longer.
    ///
    /// # Errors
    /// `Denied` for everybody but administrators; `NotFound`.
    pub async fn set_anonymous_pull(
        &self,
        actor: &Actor,
        namespace: &Namespace,
        open: bool,
    ) -> Result<()> {
        actor.may_administer()?;
        let mut tx = self.store().write().await?;
        if !tx.set_anonymous_pull(namespace, open).await? {
            return Err(none(namespace));
        }
        tx.commit().await?;
        tracing::info!(namespace.name = %namespace, open, actor = actor.name, "anonymous pull set");
        Ok(())
    }

    /// Whether the actor may pull from a namespace through the registry. The answer is the same for a namespace that is
    /// closed and for one that is not there.
    ///
    /// # Errors
    /// `Denied`; the database.
    pub async fn may_pull(&self, tx: &mut Tx, actor: &Actor, namespace: &Namespace) -> Result<()> {
        let open = actor.is_anonymous() && tx.anonymous_pull(namespace).await? == Some(true);
        actor.may_pull(namespace, open)
    }
}

fn none(namespace: &Namespace) -> Error {
    Error::NotFound(format!("there is no namespace {namespace}"))
}
