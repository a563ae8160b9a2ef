//! Signatures of images, by the stream they were put to.

use chrono::{DateTime, Utc};
use model::{Digest, image::Signature};

use super::{Tx, on};
use crate::error::Result;

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    kind: String,
    content: String,
    added_by: String,
    added_at: DateTime<Utc>,
}

impl Tx {
    /// Signatures of an image in a stream, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn signatures(
        &mut self,
        stream_id: &str,
        digest: &Digest,
    ) -> Result<Vec<Signature>> {
        const SQL: &str = "SELECT name, kind, content, added_by, added_at FROM image_signatures
            WHERE stream_id = $1 AND digest = $2 ORDER BY added_at, name";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .fetch_all(conn)
            .await?);
        Ok(rows
            .into_iter()
            .map(|row| Signature {
                name: row.name,
                kind: row.kind,
                content: row.content,
                added_by: row.added_by,
                added_at: row.added_at,
            })
            .collect())
    }

    /// Adds a signature to an image of a stream.
    ///
    /// # Errors
    /// When the database refuses, also a name that is there.
    pub(crate) async fn insert_signature(
        &mut self,
        stream_id: &str,
        digest: &Digest,
        signature: &Signature,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO image_signatures (stream_id, digest, name, kind, content, added_by, added_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream_id)
                .bind(digest.as_str())
                .bind(&signature.name)
                .bind(&signature.kind)
                .bind(&signature.content)
                .bind(&signature.added_by)
                .bind(signature.added_at)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}
