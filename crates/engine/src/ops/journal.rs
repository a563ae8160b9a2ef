//! What happened: a stream's history, and word of every change as it is committed.

use std::time::Duration;

use model::{
    Page, PageRequest, StreamRef,
    journal::{Entry, JournalFilter},
};
use tokio::sync::watch;

use super::load_stream;
use crate::{Actor, Engine, Result};

/// How often the database is asked for a newer number, for all listeners of this process together: other processes
/// write too.
const EVERY: Duration = Duration::from_millis(100);

impl Engine {
    /// One page of a stream's history, newest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stream_history(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        filter: &JournalFilter,
        page: &PageRequest,
    ) -> Result<Page<Entry>> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        load_stream(&mut tx, stream).await?;
        tx.list_journal(stream, filter, page).await
    }

    /// Which of the streams the actor may read changed after a journal number, in order, at most 500 at once: each
    /// with the number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn changed_after(&self, actor: &Actor, number: i64) -> Result<Vec<(i64, StreamRef)>> {
        let mut changed = self.store().read().await?.changed_after(number).await?;
        changed.retain(|(_, stream)| actor.may_read(&stream.namespace).is_ok());
        Ok(changed)
    }

    /// The newest journal number.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn newest_number(&self) -> Result<i64> {
        self.store().read().await?.newest_number().await
    }

    /// The newest journal number, and word of every one after it.
    #[must_use]
    pub fn journal_numbers(&self) -> watch::Receiver<i64> {
        self.numbers().subscribe()
    }

    /// Tells new journal numbers until the engine stops; asks for none while nobody listens.
    pub(crate) async fn tell_numbers(self) {
        let stop = self.stopping();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            if self.numbers().receiver_count() == 0 {
                continue;
            }
            let newest = async { self.store().read().await?.newest_number().await };
            match newest.await {
                Ok(newest) => {
                    self.numbers().send_if_modified(|number| {
                        let newer = newest > *number;
                        *number = newest;
                        newer
                    });
                }
                Err(error) => tracing::warn!(%error, "could not look for changes; trying again"),
            }
        }
    }
}
