//! Which tags follow which.

use model::{StreamRef, graph::Graph};

use super::load_stream;
use crate::{Actor, Engine, Result};

impl Engine {
    /// The alias graph of a stream: its tags that follow or are followed, also from and to other streams. `text` narrows
    /// it to tags that contain it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn graph(&self, actor: &Actor, stream: &StreamRef, text: &str) -> Result<Graph> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        tx.graph(&record, text).await
    }
}
