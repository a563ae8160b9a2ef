//! Where the images of a stream come from.

use model::{Digest, Reference, TagName};

use super::{Tx, on, row, within::indexes_of};
use crate::error::Result;

/// Where a stream has a blob or an image from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Where the image is that names it.
    pub reference: Reference,
    /// Its tag allows insecure connections.
    pub insecure: bool,
    /// It is that image, and no child of it.
    pub itself: bool,
}

impl Tx {
    /// Tags of a stream that have an image, with where that is, in their order.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn heads(
        &mut self,
        stream_id: &str,
        most: i64,
    ) -> Result<Vec<(TagName, Reference)>> {
        const SQL: &str = "SELECT name, head_reference FROM tags
            WHERE stream_id = $1 AND head_reference IS NOT NULL ORDER BY sort_key LIMIT $2";
        let rows: Vec<(String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(most)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(name, reference)| {
                Ok((
                    row::parse("tags.name", &name)?,
                    row::parse("tags.head_reference", &reference)?,
                ))
            })
            .collect()
    }

    /// References of the stream's history that carry an image, or an index it is in: secure ones first, then the
    /// newest. None when it was never in the stream.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn image_sources(
        &mut self,
        stream_id: &str,
        digest: &Digest,
        most: i64,
    ) -> Result<Vec<Source>> {
        const SQL: &str = concat!(
            "SELECT r.reference, t.insecure, r.digest = $2 FROM revisions r
            JOIN tags t ON t.stream_id = r.stream_id AND t.name = r.tag
            WHERE r.stream_id = $1 AND (r.digest = $2 OR r.digest IN (",
            indexes_of!("$2"),
            ")) ORDER BY t.insecure, r.created_at DESC, r.tag, r.number DESC LIMIT $3"
        );
        let rows: Vec<(String, bool, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .bind(most)
            .fetch_all(conn)
            .await?);
        sources(rows)
    }

    /// Whether a stream has or had an image: at a tag, in an index, or pushed without a tag.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn has_image(&mut self, stream_id: &str, digest: &Digest) -> Result<bool> {
        Ok(!self.image_sources(stream_id, digest, 1).await?.is_empty()
            || self.has_pushed_image(stream_id, digest).await?)
    }
}

pub(super) fn sources(rows: Vec<(String, bool, bool)>) -> Result<Vec<Source>> {
    rows.into_iter()
        .map(|(reference, insecure, itself)| {
            Ok(Source {
                reference: row::parse("revisions.reference", &reference)?,
                insecure,
                itself,
            })
        })
        .collect()
}
