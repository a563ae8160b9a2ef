//! Tags that failed and are tried again by themselves: how to stop that.

use model::{StreamRef, TagName};

use super::{load_stream, no_tag};
use crate::{Actor, Engine, Result};

impl Engine {
    /// Does not try a failed tag again by itself; a schedule or somebody who asks still does.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn stop_trying(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
    ) -> Result<()> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        if tx.tag_row(&record.id, tag).await?.is_none() {
            return Err(no_tag(stream, tag));
        }
        tx.clear_failed(&record.id, &[tag]).await?;
        tx.commit().await
    }
}
