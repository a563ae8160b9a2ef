//! Names only, for the lists of the registry.

use model::{StreamRef, TagName};

use super::{Tx, on, row};
use crate::error::{Error, Result};

impl Tx {
    /// Tags of a stream that have an image, by name: at most `most` after `last`.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn tags_with_image(
        &mut self,
        stream_id: &str,
        last: &str,
        most: i64,
    ) -> Result<Vec<TagName>> {
        // One that only notes a reference gives none, whatever it pointed at before.
        const SQL: &str = "SELECT name FROM tags
            WHERE stream_id = $1 AND name > $2 AND head_digest IS NOT NULL
                AND COALESCE(source_kind, '') <> 'reference' ORDER BY name LIMIT $3";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .bind(last)
            .bind(most)
            .fetch_all(conn)
            .await?);
        names
            .iter()
            .map(|name| row::parse("tags.name", name))
            .collect()
    }

    /// Streams by namespace and name: at most `most` after `last`.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn stream_names(
        &mut self,
        last: (&str, &str),
        most: i64,
    ) -> Result<Vec<StreamRef>> {
        const SQL: &str = "SELECT namespace, name FROM streams
            WHERE (namespace, name) > ($1, $2) ORDER BY namespace, name LIMIT $3";
        let rows: Vec<(String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(last.0)
            .bind(last.1)
            .bind(most)
            .fetch_all(conn)
            .await?);
        rows.iter()
            .map(|(namespace, name)| StreamRef::parse(namespace, name).map_err(Error::inconsistent))
            .collect()
    }
}
