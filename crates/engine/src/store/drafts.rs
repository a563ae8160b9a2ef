//! Texts that are previewed and not applied yet.

use chrono::{DateTime, Utc};

use super::{Tx, on};
use crate::{error::Result, ops::Draft};

impl Tx {
    /// Keeps a text, and forgets those made before `old`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_draft(
        &mut self,
        id: &str,
        user_id: &str,
        draft: &Draft,
        now: DateTime<Utc>,
        old: DateTime<Utc>,
    ) -> Result<()> {
        const FORGET: &str = "DELETE FROM drafts WHERE created_at < $1";
        const SQL: &str = "INSERT INTO drafts (id, user_id, namespace, text, created_at) VALUES ($1, $2, $3, $4, $5)";
        on!(self, |conn| {
            sqlx::query(FORGET).bind(old).execute(conn).await?;
        });
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(user_id)
                .bind(&draft.namespace)
                .bind(&draft.text)
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// A text, if it is this user's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn draft(&mut self, id: &str, user_id: &str) -> Result<Option<Draft>> {
        const SQL: &str = "SELECT namespace, text FROM drafts WHERE id = $1 AND user_id = $2";
        let found: Option<(String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(id)
            .bind(user_id)
            .fetch_optional(conn)
            .await?);
        Ok(found.map(|(namespace, text)| Draft { namespace, text }))
    }
}
