//! A stream as it was.

use chrono::{DateTime, Utc};
use model::{PageRequest, StreamRef, tag::StreamThen};

use super::load_stream;
use crate::{Actor, Engine, Result};

impl Engine {
    /// One page of a stream's tags as they were at an instant.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stream_at(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        at: DateTime<Utc>,
        page: &PageRequest,
    ) -> Result<StreamThen> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let tags = tx.tags_at(&record.id, at, page).await?;
        let deleted = match page.cursor {
            None => tx.deleted_since(&record, at).await?,
            Some(_) => Vec::new(),
        };
        Ok(StreamThen { tags, deleted })
    }
}
