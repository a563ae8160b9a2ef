//! Credentials for registries: given once, never shown again, used for imports.

use model::{
    Namespace, Reference,
    credential::{CredentialView, HostPattern},
};

use crate::{
    Actor, Engine, Error, Result,
    store::{SealedCredential, Tx},
    upstream::{Access, Credentials},
};

impl Engine {
    /// The credentials the actor may know of, without their secrets, by namespace and pattern; of very many the first
    /// [`CredentialView::LISTED`].
    ///
    /// # Errors
    /// `Denied` for those who may change nothing.
    pub async fn list_credentials(&self, actor: &Actor) -> Result<Vec<CredentialView>> {
        let mut all = self.store().read().await?.credentials().await?;
        all.retain(|found| may_manage(actor, found.namespace.as_ref()).is_ok());
        if all.is_empty() {
            actor.may_write_anywhere()?;
        }
        Ok(all
            .into_iter()
            .map(|found| CredentialView {
                namespace: found.namespace,
                pattern: found.pattern,
                user: found.user,
                created_by: found.created_by,
                created_at: found.created_at,
            })
            .collect())
    }

    /// Stores a credential for a namespace, or for all. What failed there and is read with it is imported again.
    ///
    /// # Errors
    /// `Denied`; `Invalid` naming the field.
    pub async fn set_credential(
        &self,
        actor: &Actor,
        namespace: Option<Namespace>,
        pattern: HostPattern,
        user: &str,
        password: &str,
    ) -> Result<()> {
        may_manage(actor, namespace.as_ref())?;
        let user = user.trim();
        if user.is_empty() || user.len() > 255 || user.contains(':') {
            return Err(Error::invalid(
                "user",
                "write the user name at the registry, at most 255 letters and no colon",
            ));
        }
        if password.is_empty() || password.len() > 16_384 {
            return Err(Error::invalid(
                "password",
                "write the password or token, at most 16 384 letters",
            ));
        }
        let secret = self
            .vault()?
            .seal(&about(namespace.as_ref(), &pattern, user), password)?;
        let mut tx = self.store().write().await?;
        tx.set_credential(&SealedCredential {
            namespace: namespace.clone(),
            pattern: pattern.clone(),
            user: user.to_owned(),
            secret,
            created_by: actor.name.clone(),
            created_at: self.clock().now(),
        })
        .await?;
        tx.commit().await?;
        tracing::info!(
            credential.pattern = %pattern,
            credential.namespace = namespace.as_ref().map_or("", Namespace::as_str),
            actor = actor.name,
            "credential set"
        );
        self.retry_failed(actor, namespace, pattern).await
    }

    /// Removes a credential. What failed there and was read with it is imported again, with what fits now.
    ///
    /// # Errors
    /// `Denied`; `NotFound`.
    pub async fn delete_credential(
        &self,
        actor: &Actor,
        namespace: Option<Namespace>,
        pattern: &HostPattern,
    ) -> Result<()> {
        may_manage(actor, namespace.as_ref())?;
        let mut tx = self.store().write().await?;
        if !tx.delete_credential(namespace.as_ref(), pattern).await? {
            return Err(Error::NotFound(format!(
                "there is no credential for {pattern} there"
            )));
        }
        tx.commit().await?;
        tracing::info!(credential.pattern = %pattern, actor = actor.name, "credential removed");
        self.retry_failed(actor, namespace, pattern.clone()).await
    }

    /// How a repository is read for a namespace: with its credential, if one fits. The namespace's own come first, the
    /// longest pattern first.
    ///
    /// # Errors
    /// When the database refuses or the secret cannot be decrypted.
    pub(crate) async fn access(
        &self,
        tx: &mut Tx,
        namespace: &Namespace,
        reference: &Reference,
        insecure: bool,
    ) -> Result<Access> {
        let best = tx
            .credentials_for(namespace, &HostPattern::of_host(reference))
            .await?
            .into_iter()
            .filter(|found| found.pattern.matches(reference))
            .max_by_key(|found| (found.namespace.is_some(), found.pattern.length()));
        let credentials = match best {
            Some(found) => {
                let about = about(found.namespace.as_ref(), &found.pattern, &found.user);
                Some(Credentials {
                    password: self.vault()?.open(&about, &found.secret)?,
                    user: found.user,
                })
            }
            None => None,
        };
        Ok(Access {
            insecure,
            credentials,
        })
    }
}

/// Who may give and remove credentials: of a namespace who may change it, of all an administrator.
fn may_manage(actor: &Actor, namespace: Option<&Namespace>) -> Result<()> {
    match namespace {
        Some(namespace) => actor.may_write(namespace),
        None => actor.may_administer(),
    }
}

/// What a secret is bound to: it cannot be moved to another host or user in the database.
fn about(namespace: Option<&Namespace>, pattern: &HostPattern, user: &str) -> String {
    format!(
        "{} {pattern} {user}",
        namespace.map_or("", Namespace::as_str)
    )
}
