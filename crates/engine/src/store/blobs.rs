//! Which blobs belong to a stream, which of its references carry them, and which repositories showed that they have them.

use model::Digest;

use super::{Source, Tx, on, pull::sources, within::having};
use crate::error::Result;

impl Tx {
    /// References of the stream's history whose image, or a child of whose index, has this blob as layer or config, or whose
    /// index names it itself, as caches of builds do. Heads first, then secure ones, then by name. None when no image that is
    /// or was in the stream has it: then it may not be read there.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn blob_sources(
        &mut self,
        stream_id: &str,
        digest: &Digest,
        most: i64,
    ) -> Result<Vec<Source>> {
        const SQL: &str = concat!(
            "SELECT r.reference, t.insecure, FALSE FROM revisions r
            JOIN tags t ON t.stream_id = r.stream_id AND t.name = r.tag
            WHERE r.stream_id = $1 AND r.digest IN (",
            having!("$2"),
            ") ORDER BY CASE WHEN t.head_number = r.number THEN 0 ELSE 1 END, t.insecure, r.reference, r.tag, r.number
            LIMIT $3"
        );
        let rows: Vec<(String, bool, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .bind(most)
            .fetch_all(conn)
            .await?);
        sources(rows)
    }

    /// Notes that a repository sent these bytes.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn prove(&mut self, repository: &str, digest: &Digest) -> Result<()> {
        const SQL: &str = "INSERT INTO proven_blobs (repository, digest) VALUES ($1, $2)
            ON CONFLICT (repository, digest) DO NOTHING";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(repository)
                .bind(digest.as_str())
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Whether a repository sent these bytes once.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn is_proven(&mut self, repository: &str, digest: &Digest) -> Result<bool> {
        const SQL: &str = "SELECT 1 FROM proven_blobs WHERE repository = $1 AND digest = $2";
        let found: Option<i32> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(repository)
            .bind(digest.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }
}
