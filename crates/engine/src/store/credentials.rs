//! Credentials for registries, as they rest: encrypted.

use chrono::{DateTime, Utc};
use model::{Namespace, credential::HostPattern};

use super::{Tx, on, row};
use crate::error::Result;

/// Credentials one list or import reads, at most.
const MOST: i64 = 1_000;

/// A credential with its encrypted secret.
#[derive(Debug, Clone)]
pub struct SealedCredential {
    /// The namespace whose imports may use it; none for all.
    pub namespace: Option<Namespace>,
    /// What it is for.
    pub pattern: HostPattern,
    /// The user name.
    pub user: String,
    /// The encrypted secret.
    pub secret: String,
    /// Who gave it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl Tx {
    /// Credentials in order of namespace and pattern: all, or those a namespace's imports may use. At most 1 000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn credentials(
        &mut self,
        namespace: Option<&Namespace>,
    ) -> Result<Vec<SealedCredential>> {
        const ALL: &str =
            "SELECT namespace, pattern, user_name, secret, created_by, created_at FROM credentials
            WHERE $1 = '' ORDER BY namespace, pattern LIMIT $2";
        const ITS: &str =
            "SELECT namespace, pattern, user_name, secret, created_by, created_at FROM credentials
            WHERE namespace IN ($1, '') ORDER BY namespace, pattern LIMIT $2";
        type Row = (String, String, String, String, String, DateTime<Utc>);
        let sql = if namespace.is_some() { ITS } else { ALL };
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(sql)
            .bind(namespace.map_or("", Namespace::as_str))
            .bind(MOST)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(
                |(namespace, pattern, user, secret, created_by, created_at)| {
                    let namespace = Some(namespace.as_str()).filter(|name| !name.is_empty());
                    Ok(SealedCredential {
                        namespace: row::parse_opt("credentials.namespace", namespace)?,
                        pattern: row::parse("credentials.pattern", &pattern)?,
                        user,
                        secret,
                        created_by,
                        created_at,
                    })
                },
            )
            .collect()
    }

    /// Stores a credential in place of the one for the same namespace and pattern.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_credential(&mut self, credential: &SealedCredential) -> Result<()> {
        const SQL: &str = "INSERT INTO credentials (namespace, pattern, user_name, secret, created_by, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (namespace, pattern) DO UPDATE SET user_name = excluded.user_name,
                secret = excluded.secret, created_by = excluded.created_by, created_at = excluded.created_at";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(namespace_text(credential.namespace.as_ref()))
                .bind(credential.pattern.to_string())
                .bind(&credential.user)
                .bind(&credential.secret)
                .bind(&credential.created_by)
                .bind(credential.created_at)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Removes a credential. `false` when there was none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_credential(
        &mut self,
        namespace: Option<&Namespace>,
        pattern: &HostPattern,
    ) -> Result<bool> {
        const SQL: &str = "DELETE FROM credentials WHERE namespace = $1 AND pattern = $2";
        let gone = on!(self, |conn| sqlx::query(SQL)
            .bind(namespace_text(namespace))
            .bind(pattern.to_string())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(gone > 0)
    }
}

/// Empty stands for all namespaces.
pub(super) fn namespace_text(namespace: Option<&Namespace>) -> &str {
    namespace.map_or("", Namespace::as_str)
}
