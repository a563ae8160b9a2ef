//! What belongs to a namespace itself.

use model::Namespace;

use super::{Tx, on};
use crate::error::Result;

impl Tx {
    /// Whether everybody may pull from a namespace; `None` if there is no such namespace.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn anonymous_pull(&mut self, namespace: &Namespace) -> Result<Option<bool>> {
        const SQL: &str = "SELECT anonymous_pull FROM namespaces WHERE name = $1";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(namespace.as_str())
            .fetch_optional(conn)
            .await?))
    }

    /// Sets whether everybody may pull from a namespace. `false` if there is no such namespace.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_anonymous_pull(&mut self, namespace: &Namespace, open: bool) -> Result<bool> {
        const SQL: &str = "UPDATE namespaces SET anonymous_pull = $2 WHERE name = $1";
        let done = on!(self, |conn| sqlx::query(SQL)
            .bind(namespace.as_str())
            .bind(open)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(done == 1)
    }
}
