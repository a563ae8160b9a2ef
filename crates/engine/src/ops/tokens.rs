//! API tokens: what programs show instead of a name and password. Shown once, kept as a hash, bound to the user's id.
//!
//! A token may do what its user may at the moment of use, or look and pull only; without the user it is nothing.

use chrono::TimeDelta;
use model::token::{Lifetime, Scope, TokenView};

use super::accounts::fingerprint;
use crate::{Actor, Engine, Error, Result, clock};

/// How every token begins, so that people and scanners of leaked secrets know one when they see it.
const PREFIX: &str = "weir_";
/// Tokens a user may have.
const MOST: i64 = 100;
/// How often use is written down.
const TOUCH: TimeDelta = TimeDelta::minutes(15);

/// A token that was just made.
#[derive(Clone)]
pub struct NewToken {
    /// The token itself, for its one showing.
    pub secret: String,
    /// What lists show of it.
    pub view: TokenView,
}

impl Engine {
    /// Makes a token for a user, by name: for oneself, or as an administrator.
    ///
    /// # Errors
    /// `Denied`; `NotFound` for the user; `Invalid` field `name`; `Conflict` when the user has too many.
    pub async fn create_token(
        &self,
        actor: &Actor,
        user: &str,
        name: &str,
        lifetime: Lifetime,
        scope: Scope,
    ) -> Result<NewToken> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
            return Err(Error::invalid(
                "name",
                "say what the token is for, in 1 to 64 letters, as in ci",
            ));
        }
        let now = self.clock().now();
        let new = NewToken {
            secret: format!("{PREFIX}{}", clock::secret::<32>()),
            view: TokenView {
                id: self.clock().id(),
                name: name.to_owned(),
                scope,
                created_at: now,
                expires_at: lifetime.end(now),
                last_used_at: None,
            },
        };
        let mut tx = self.store().write().await?;
        let owner = owner(&mut tx, actor, user).await?;
        let has = tx.list_tokens(&owner.id, MOST).await?.len();
        if i64::try_from(has).is_ok_and(|has| has >= MOST) {
            return Err(Error::Conflict(format!(
                "{user} has {MOST} tokens already; revoke one first"
            )));
        }
        tx.insert_token(&new.view, &owner.id, &fingerprint(&new.secret))
            .await?;
        tx.commit().await?;
        tracing::info!(
            token.id = new.view.id,
            user.id = owner.id,
            actor = actor.name,
            token.scope = %scope,
            "token made"
        );
        Ok(new)
    }

    /// A user's tokens, oldest first: one's own, or as an administrator.
    ///
    /// # Errors
    /// `Denied`; `NotFound` for the user.
    pub async fn list_tokens(&self, actor: &Actor, user: &str) -> Result<Vec<TokenView>> {
        let mut tx = self.store().read().await?;
        let owner = owner(&mut tx, actor, user).await?;
        tx.list_tokens(&owner.id, MOST).await
    }

    /// Ends a token: one's own, or as an administrator. To others it is not there.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<()> {
        let mut tx = self.store().write().await?;
        let owner = tx.token_owner(id).await?;
        if owner.is_none_or(|owner| owner != actor.id && actor.may_administer().is_err()) {
            return Err(Error::NotFound("there is no such token".into()));
        }
        tx.delete_token(id).await?;
        tx.commit().await?;
        tracing::info!(token.id = id, actor = actor.name, "token revoked");
        Ok(())
    }

    /// Who a token speaks for, as of now; `None` for what is no token, expired or revoked. Notes that it was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn actor_for_token(&self, token: &str) -> Result<Option<Actor>> {
        // Found by its hash: how long the search takes tells nothing about tokens there are.
        if !token.starts_with(PREFIX) {
            return Ok(None);
        }
        let now = self.clock().now();
        let mut tx = self.store().read().await?;
        let found = tx.token_by_hash(&fingerprint(token)).await?;
        drop(tx);
        let Some(found) = found.filter(|found| found.expires_at.is_none_or(|end| end > now)) else {
            return Ok(None);
        };
        if found.last_used_at.is_none_or(|last| now - last >= TOUCH) {
            let mut tx = self.store().write().await?;
            tx.touch_token(&found.id, now).await?;
            tx.commit().await?;
        }
        Ok(Some(found.actor))
    }

    /// Whether this is a token of the actor's own. Does not count as use.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn owns_token(&self, actor: &Actor, token: &str) -> Result<bool> {
        let mut tx = self.store().read().await?;
        let found = tx.token_by_hash(&fingerprint(token)).await?;
        Ok(found.is_some_and(|found| found.actor.id == actor.id))
    }
}

/// The user a token is for, if the actor may handle that user's tokens.
async fn owner(tx: &mut crate::store::Tx, actor: &Actor, user: &str) -> Result<Actor> {
    if actor.name != user {
        actor.may_administer()?;
    }
    let found = tx.user_by_name(user).await?;
    let Some((owner, _)) = found else {
        return Err(Error::NotFound(format!("there is no user {user}")));
    };
    if owner.id != actor.id {
        actor.may_administer()?;
    }
    Ok(owner)
}
