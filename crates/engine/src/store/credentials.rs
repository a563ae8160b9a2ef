//! Credentials for registries, as they rest: encrypted.

use chrono::{DateTime, Utc};
use model::{
    Namespace,
    credential::{CredentialView, HostPattern},
};

use super::{Tx, on, row};
use crate::error::Result;

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

type Row = (String, String, String, String, String, DateTime<Utc>);

fn sealed(
    (namespace, pattern, user, secret, created_by, created_at): Row,
) -> Result<SealedCredential> {
    let namespace = Some(namespace.as_str()).filter(|name| !name.is_empty());
    Ok(SealedCredential {
        namespace: row::parse_opt("credentials.namespace", namespace)?,
        pattern: row::parse("credentials.pattern", &pattern)?,
        user,
        secret,
        created_by,
        created_at,
    })
}

impl Tx {
    /// The first credentials, those of namespaces before those of all, by namespace and pattern.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn credentials(&mut self) -> Result<Vec<SealedCredential>> {
        const SQL: &str =
            "SELECT namespace, pattern, user_name, secret, created_by, created_at FROM credentials
            ORDER BY CASE WHEN namespace = '' THEN 1 ELSE 0 END, namespace, pattern LIMIT $1";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(CredentialView::LISTED)
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(sealed).collect()
    }

    /// The credentials a namespace's imports may use for a host: those that name it, and those with a star.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn credentials_for(
        &mut self,
        namespace: &Namespace,
        host: &HostPattern,
    ) -> Result<Vec<SealedCredential>> {
        const SQL: &str =
            "SELECT namespace, pattern, user_name, secret, created_by, created_at FROM credentials
            WHERE namespace IN ($1, '') AND (pattern LIKE '%*%' OR pattern = $2
                OR SUBSTR(pattern, 1, LENGTH($2) + 1) = $2 || '/')
            ORDER BY namespace, pattern";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(namespace.as_str())
            .bind(host.to_string())
            .fetch_all(conn)
            .await?);
        rows.into_iter().map(sealed).collect()
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
