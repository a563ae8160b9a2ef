//! API tokens by their hash.

use chrono::{DateTime, Utc};
use model::{
    token::{Scope, TokenView},
    user::Role,
};

use super::{Tx, on, row};
use crate::{actor::Actor, error::Result};

/// Who a token speaks for, and what its use has to check and note.
pub(crate) struct TokenUse {
    pub(crate) id: String,
    pub(crate) actor: Actor,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

impl Tx {
    /// The token with this hash, and its user as of now, with the role the token's scope leaves.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn token_by_hash(&mut self, hash: &str) -> Result<Option<TokenUse>> {
        const SQL: &str =
            "SELECT t.id, t.expires_at, t.last_used_at, t.scope, u.id, u.name, u.role FROM tokens t
            JOIN users u ON u.id = t.user_id WHERE t.hash = $1";
        type Time = Option<DateTime<Utc>>;
        let found: Option<(String, Time, Time, String, String, String, String)> =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(hash)
                .fetch_optional(conn)
                .await?);
        found
            .map(|(id, expires_at, last_used_at, scope, user, name, role)| {
                let role = row::word("users.role", &role, Role::from_word)?;
                let scope = row::word("tokens.scope", &scope, Scope::from_word)?;
                Ok(TokenUse {
                    id,
                    actor: Actor {
                        id: user,
                        name,
                        role: scope.of(role),
                    },
                    expires_at,
                    last_used_at,
                })
            })
            .transpose()
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn touch_token(&mut self, id: &str, now: DateTime<Utc>) -> Result<()> {
        const SQL: &str = "UPDATE tokens SET last_used_at = $2 WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).bind(now).execute(conn).await?;
        });
        Ok(())
    }

    /// Keeps a token.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn insert_token(
        &mut self,
        token: &TokenView,
        user_id: &str,
        hash: &str,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO tokens (id, user_id, name, hash, created_at, expires_at, scope) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(&token.id)
                .bind(user_id)
                .bind(&token.name)
                .bind(hash)
                .bind(token.created_at)
                .bind(token.expires_at)
                .bind(token.scope.as_str())
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// A user's tokens, oldest first, at most `most`.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn list_tokens(&mut self, user_id: &str, most: i64) -> Result<Vec<TokenView>> {
        const SQL: &str = "SELECT id, name, scope, created_at, expires_at, last_used_at FROM tokens
            WHERE user_id = $1 ORDER BY id LIMIT $2";
        type Time = Option<DateTime<Utc>>;
        let rows: Vec<(String, String, String, DateTime<Utc>, Time, Time)> =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(user_id)
                .bind(most)
                .fetch_all(conn)
                .await?);
        rows.into_iter()
            .map(|(id, name, scope, created_at, expires_at, last_used_at)| {
                Ok(TokenView {
                    id,
                    name,
                    scope: row::word("tokens.scope", &scope, Scope::from_word)?,
                    created_at,
                    expires_at,
                    last_used_at,
                })
            })
            .collect()
    }

    /// The id of a token's user.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn token_owner(&mut self, id: &str) -> Result<Option<String>> {
        const SQL: &str = "SELECT user_id FROM tokens WHERE id = $1";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .fetch_optional(conn)
            .await?))
    }

    /// Forgets a token: it opens nothing any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn delete_token(&mut self, id: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM tokens WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).execute(conn).await?;
        });
        Ok(())
    }
}
