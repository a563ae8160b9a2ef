//! Streams and tags as they were.

use chrono::{DateTime, Utc};
use model::{
    Change, Page, PageRequest, Revision, StreamRef, TagName,
    tag::{StreamThen, TagPast, TagThen},
};

use super::load_stream;
use crate::{Actor, Engine, Error, Result, store::pointed_at};

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
        let (deleted, more_deleted) = match page.cursor {
            None => tx.deleted_since(&record, at).await?,
            Some(_) => (Vec::new(), false),
        };
        Ok(StreamThen {
            tags,
            deleted,
            more_deleted,
        })
    }

    /// One tag as it was at an instant, be it there today or not.
    ///
    /// # Errors
    /// `NotFound`, also for a tag that was not there then.
    pub async fn tag_at(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
        at: DateTime<Utc>,
    ) -> Result<TagPast> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let when = (at, tx.number_about(at).await?);
        let mut before = tx.changes_until(&record, tag, when).await?;
        let deleted =
            |(_, change): &(DateTime<Utc>, Change)| matches!(change, Change::DeleteTag { .. });
        if let Some(end) = before.iter().position(deleted) {
            before.truncate(end);
        }
        if before.is_empty() {
            return Err(Error::NotFound(format!(
                "{stream} had no tag {tag} at that time"
            )));
        }
        let after = tx.changes_after(&record, tag, when).await?;
        let row = tx.tag_row(&record.id, tag).await?;
        let newest = row.as_ref().and_then(|row| row.head.as_ref());
        let head = match newest {
            Some(newest) => tx.revision_at(&record.id, tag, newest.number, at).await?,
            None => None,
        };
        let head = head.map(|head| TagThen {
            name: tag.clone(),
            digest: head.digest,
            reference: head.reference,
            number: Some(head.number),
            since: head.created_at,
        });
        // What was set last before, else what the next change says was there, else what is there still.
        let spec = before.iter().find_map(|(_, change)| match change {
            Change::SetSpec { after, .. } => Some(Some(after.clone())),
            _ => None,
        });
        let replaced = || {
            after.iter().find_map(|(_, change)| match change {
                Change::SetSpec { before, .. } => Some(before.clone()),
                Change::DeleteTag { spec, .. } => Some(spec.clone()),
                _ => None,
            })
        };
        let held = before.iter().find_map(|(_, change)| match change {
            Change::SetHold { after, .. } => Some(*after),
            _ => None,
        });
        let released = || {
            after.iter().find_map(|(_, change)| match change {
                Change::SetHold { before, .. } => Some(*before),
                Change::DeleteTag { .. } => Some(false),
                _ => None,
            })
        };
        let failure = before.iter().find_map(|(_, change)| match change {
            Change::SetCondition { after, .. } => Some(after.clone()),
            _ => None,
        });
        let today = row.as_ref();
        Ok(TagPast {
            head: head.or_else(|| pointed_at(tag, &before)),
            spec: spec
                .or_else(replaced)
                .unwrap_or_else(|| today.and_then(|row| row.spec.clone())),
            held: held
                .or_else(released)
                .unwrap_or_else(|| today.is_some_and(|row| row.hold.is_some())),
            failure: failure.flatten(),
            deleted: row.is_none() || after.iter().any(deleted),
        })
    }

    /// One page of the revisions a tag had at an instant, newest first; of a tag that was deleted since, none is kept.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn history_at(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
        at: DateTime<Utc>,
        page: &PageRequest,
    ) -> Result<Page<Revision>> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let row = tx.tag_row(&record.id, tag).await?;
        let newest = match row.and_then(|row| row.head) {
            Some(head) => tx.revision_at(&record.id, tag, head.number, at).await?,
            None => None,
        };
        let newest = newest.map_or(0, |revision| revision.number);
        tx.history(&record.id, tag, Some(newest), page).await
    }
}
