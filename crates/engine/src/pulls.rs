//! Counting pulls. They are gathered for a few seconds and written together: a pull never waits for a write.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use model::{StreamRef, storage::Pulls};

use crate::{Engine, Result, Target};

/// How long pulls are gathered.
const GATHER: Duration = Duration::from_secs(5);
/// Different ones gathered at one time; what is more is not counted.
const MOST: usize = 10_000;

/// Pulls that are not written yet.
#[derive(Default)]
pub(crate) struct Gathered(Mutex<HashMap<(StreamRef, Target), Pulls>>);

impl Gathered {
    fn take(&self) -> HashMap<(StreamRef, Target), Pulls> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes one; true if it is the first since they were taken.
    fn add(&self, stream: &StreamRef, target: &Target, now: chrono::DateTime<chrono::Utc>) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = all.is_empty();
        if all.len() < MOST {
            let pulls = all.entry((stream.clone(), target.clone())).or_default();
            pulls.count += 1;
            pulls.last = Some(now);
        }
        first
    }
}

impl Engine {
    /// Counts a pull: of a tag by its name, or of the tags that point at a digest (docker asks for a tag and then pulls what
    /// it points at by digest).
    pub fn note_pull(&self, stream: &StreamRef, target: &Target) {
        if !self.gathered().add(stream, target, self.clock().now()) {
            return;
        }
        let engine = self.clone();
        self.spawn(async move {
            let stopping = engine.stopping();
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = stopping.cancelled() => {}
            }
            if let Err(error) = engine.write_pulls().await {
                tracing::warn!(%error, "some pulls were not counted");
            }
        });
    }

    /// Writes what was gathered.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn write_pulls(&self) -> Result<()> {
        let gathered = self.gathered().take();
        if gathered.is_empty() {
            return Ok(());
        }
        let mut tx = self.store().write().await?;
        for ((stream, target), pulls) in gathered {
            match target {
                Target::Tag(tag) => tx.add_pulls(&stream, &tag, pulls).await?,
                Target::Digest(digest) => {
                    let Some(record) = tx.stream(&stream).await? else {
                        continue;
                    };
                    for tag in tx.tags_with_head(&record.id, &digest).await? {
                        tx.add_pulls(&stream, &tag, pulls).await?;
                    }
                }
            }
        }
        tx.commit().await
    }
}
