//! Lists of the registry: tags of a stream, streams of all namespaces.

use model::{StreamRef, TagName};

use super::no_stream;
use crate::{Actor, Engine, Result};

impl Engine {
    /// The tags of a stream that have an image, in the order of their bytes: at most `most` after `last`.
    ///
    /// # Errors
    /// `Denied` for those who may not pull; `NotFound`.
    pub async fn registry_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        last: &str,
        most: usize,
    ) -> Result<Vec<TagName>> {
        let mut tx = self.store().read().await?;
        self.may_pull(&mut tx, actor, &stream.namespace).await?;
        let record = tx.stream(stream).await?.ok_or_else(|| no_stream(stream))?;
        tx.tags_with_image(&record.id, last, count(most)).await
    }

    /// Streams by namespace and name: at most `most` after `last`, which is `namespace/name` or empty.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn registry_catalog(
        &self,
        actor: &Actor,
        last: &str,
        most: usize,
    ) -> Result<Vec<StreamRef>> {
        actor.may_read_anywhere()?;
        let last = last.split_once('/').unwrap_or((last, ""));
        let mut tx = self.store().read().await?;
        tx.stream_names(last, count(most)).await
    }
}

fn count(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
