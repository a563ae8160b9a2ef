//! Fresh pulls: where a stream says so, its source is asked before a pull by tag, as an import of that tag would.

use std::time::Duration;

use chrono::{DateTime, Utc};
use model::{
    StreamRef, TagName, TagSource,
    job::{ItemState, JobKind},
    tag::TagRow,
};

use crate::{
    Actor, Engine, Result,
    store::{NewItem, NewJob, StreamRecord},
};

/// How long a pull waits for the source; then it gets what is here. What the source says still counts.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon it is looked whether the source has answered; then after twice as long each time, up to [`RARELY`].
const LOOK: Duration = Duration::from_millis(50);
const RARELY: Duration = Duration::from_secs(1);

impl Engine {
    /// Asks the source of a tag if the stream wants a fresher answer than there is. Whatever comes of it, the pull goes on:
    /// the tag's page says what failed.
    pub(super) async fn freshen(&self, record: &StreamRecord, row: &TagRow) {
        let Some(since) = record.freshness.asked_since(self.clock().now()) else {
            return;
        };
        let stale = row.checks.last.is_none_or(|last| last <= since);
        let spec = row.spec.as_ref().filter(|_| stale && row.hold.is_none());
        let Some(TagSource::External { reference, .. }) = spec.map(|spec| &spec.source) else {
            return;
        };
        let job = NewJob {
            kind: JobKind::Schedule,
            ..self.new_job(
                &Actor::anonymous(),
                record,
                &reference.without_tag(),
                false,
                false,
            )
        };
        let item = NewItem {
            tag: row.name.clone(),
            reference: reference.clone(),
            // The tag's own policy holds.
            insecure: false,
            state: ItemState::Pending,
        };
        let asked = tokio::time::timeout(PATIENCE, self.ask(job, item, since)).await;
        let (stream, tag): (&StreamRef, &TagName) = (&record.stream, &row.name);
        match asked {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(stream.name = %stream, tag.name = %tag, %error, "a tag was not asked for before its pull");
            }
            Err(_) => {
                tracing::warn!(stream.name = %stream, tag.name = %tag, "a tag's source answers too slowly for its pull")
            }
        }
    }

    /// Runs an import of one tag here, or waits for the one that is under way.
    async fn ask(&self, job: NewJob, item: NewItem, since: DateTime<Utc>) -> Result<()> {
        let id = match self.note_question(&job, &item, since).await {
            // Another process noted the same at the same moment: now it is seen.
            Err(_) => self.note_question(&job, &item, since).await?,
            noted => noted?,
        };
        let Some(id) = id else { return Ok(()) };
        if self.claim_this(&id).await? {
            let (engine, id) = (self.clone(), id.clone());
            // Who pulls may leave; what was begun goes on.
            self.spawn(async move {
                if let Err(error) = engine.run(&id).await {
                    tracing::error!(job.id = id, %error, "an import for a pull could not use the database");
                }
            });
        }
        let mut pause = LOOK;
        while self.store().read().await?.is_under_way(&id).await? {
            tokio::time::sleep(pause).await;
            pause = RARELY.min(pause * 2);
        }
        Ok(())
    }

    /// Makes the job unless there is one, or another pull has asked since the tag was looked at. One at a time.
    async fn note_question(
        &self,
        job: &NewJob,
        item: &NewItem,
        since: DateTime<Utc>,
    ) -> Result<Option<String>> {
        let _turn = self.asking().lock().await;
        let mut tx = self.store().write().await?;
        let stream_id = job.stream_id.clone();
        let job = NewJob {
            actor: String::new(),
            ..job.clone()
        };
        let id = self.insert_listed(&mut tx, job, vec![item.clone()]).await?;
        // Looked at after the job: one that was under way and is gone has left its mark by now.
        let row = tx.tag_row(&stream_id, &item.tag).await?;
        if row.is_none_or(|row| row.checks.last.is_some_and(|last| last > since)) {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(id))
    }
}
