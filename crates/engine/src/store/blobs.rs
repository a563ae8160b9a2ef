//! Which blobs belong to a stream, and which of its references carry them.

use model::{Digest, Reference};

use super::{Tx, on, pull::references};
use crate::error::Result;

impl Tx {
    /// References of the stream's history whose image, or a child of whose index, has this blob as layer or config; each
    /// with whether its tag allows insecure connections. Heads first, then secure ones, then by name. None when no image
    /// that is or was in the stream has it: then it may not be read there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn blob_sources(
        &mut self,
        stream_id: &str,
        digest: &Digest,
        most: i64,
    ) -> Result<Vec<(Reference, bool)>> {
        const SQL: &str = "SELECT r.reference, t.insecure FROM revisions r
            JOIN tags t ON t.stream_id = r.stream_id AND t.name = r.tag
            WHERE r.stream_id = $1 AND r.digest IN (
                SELECT image_digest FROM image_layers WHERE digest = $2
                UNION SELECT digest FROM images WHERE config_digest = $2
                UNION SELECT c.image_digest FROM image_children c
                    JOIN image_layers l ON l.image_digest = c.digest WHERE l.digest = $2
                UNION SELECT c.image_digest FROM image_children c
                    JOIN images i ON i.digest = c.digest WHERE i.config_digest = $2)
            ORDER BY CASE WHEN t.head_number = r.number THEN 0 ELSE 1 END, t.insecure, r.reference, r.tag, r.number
            LIMIT $3";
        let rows: Vec<(String, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .bind(most)
            .fetch_all(conn)
            .await?);
        references(rows)
    }
}
