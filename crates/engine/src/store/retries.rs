//! What failed and is tried again: tags, and jobs that could not read the list of tags.

use chrono::{DateTime, Utc};
use model::{
    Namespace, Reference, StreamRef, TagName,
    job::{ItemState, JobView},
};

use super::{
    NewItem, Tx,
    credentials::namespace_text,
    jobs::{Columns, job_columns},
    on, row,
};
use crate::error::{Error, Result};

/// Failed tags read at once, at most.
const MOST: i64 = 1_000;

/// Tries of what failed for a reason that may pass, at most.
pub(crate) const MOST_ATTEMPTS: i64 = 10;

/// How long after its `attempts`th failure in a row it is tried again: from half a minute, doubled, up to an hour.
pub(crate) fn wait(attempts: i64) -> chrono::Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(7);
    chrono::Duration::seconds((30_i64 << doublings).min(3600))
}

/// A tag whose import failed, and what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedTag {
    /// Its stream's id.
    pub stream_id: String,
    /// Its stream.
    pub stream: StreamRef,
    /// The tag.
    pub tag: TagName,
    /// What was asked upstream.
    pub reference: Reference,
}

impl Tx {
    /// Notes tags whose import failed for a reason that may pass: each is due again after a while that doubles, until it
    /// was tried ten times. A scheduled tag keeps its own time if that is sooner. A held one is not tried, nor one that is
    /// to be something else than imported.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_failed(
        &mut self,
        stream_id: &str,
        tags: &[&TagName],
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "UPDATE tags SET attempts = attempts + 1
            WHERE stream_id = $1 AND name = $2 AND (source_kind = 'external' OR source_kind IS NULL) AND held_at IS NULL
            RETURNING attempts, schedule, due_at";
        for tag in tags {
            let found: Option<(i64, String, Option<DateTime<Utc>>)> = on!(self, |conn| {
                sqlx::query_as(SQL)
                    .bind(stream_id)
                    .bind(tag.as_str())
                    .fetch_optional(conn)
                    .await?
            });
            let Some((attempts, schedule, due)) = found else {
                continue;
            };
            let scheduled = due.filter(|_| !schedule.is_empty());
            let again = (attempts < MOST_ATTEMPTS).then(|| now + wait(attempts));
            let next = match (again, scheduled) {
                (Some(again), Some(scheduled)) => Some(again.min(scheduled)),
                (again, scheduled) => again.or(scheduled),
            };
            self.set_due(stream_id, &[(*tag, next)]).await?;
        }
        Ok(())
    }

    /// Forgets that tags failed: they are not tried again but by schedule.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn clear_failed(&mut self, stream_id: &str, tags: &[&TagName]) -> Result<()> {
        for chunk in tags.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "UPDATE tags SET attempts = 0, due_at = CASE WHEN schedule = '' THEN NULL ELSE due_at END
                    WHERE attempts > 0 AND stream_id = ",
                );
                query.push_bind(stream_id);
                query.push(" AND name IN (");
                let mut names = query.separated(", ");
                for tag in chunk {
                    names.push_bind(tag.as_str());
                }
                query.push(")");
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Imported tags whose import failed, for whatever reason, and that are not held: of a namespace or of all, by stream
    /// and name, at most 1 000 after the one named. One without a spec was part of the import of a repository.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failed_tags(
        &mut self,
        namespace: Option<&Namespace>,
        after: Option<&FailedTag>,
    ) -> Result<Vec<FailedTag>> {
        const SQL: &str = "SELECT c.stream_id, s.namespace, s.name, c.tag, COALESCE(t.source_reference, (
                SELECT x.reference FROM jobs j JOIN job_items x ON x.job_id = j.id AND x.tag = c.tag AND x.state = 'failed'
                WHERE j.stream_id = c.stream_id ORDER BY j.id DESC LIMIT 1
            ), s.source) FROM conditions c
            JOIN tags t ON t.stream_id = c.stream_id AND t.name = c.tag
            JOIN streams s ON s.id = c.stream_id
            WHERE (c.stream_id, c.tag) > ($2, $3) AND t.held_at IS NULL
                AND (t.source_kind = 'external' OR (t.source_kind IS NULL AND s.source IS NOT NULL))
                AND ($1 = '' OR s.namespace = $1)
            ORDER BY c.stream_id, c.tag LIMIT $4";
        let rows: Vec<(String, String, String, String, String)> =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(namespace_text(namespace))
                .bind(after.map_or("", |after| after.stream_id.as_str()))
                .bind(after.map_or("", |after| after.tag.as_str()))
                .bind(MOST)
                .fetch_all(conn)
                .await?);
        rows.into_iter()
            .map(|(stream_id, namespace, stream, tag, reference)| {
                Ok(FailedTag {
                    stream_id,
                    stream: StreamRef::parse(&namespace, &stream).map_err(Error::inconsistent)?,
                    tag: row::parse("tags.name", &tag)?,
                    reference: row::parse("tags.source_reference", &reference)?,
                })
            })
            .collect()
    }

    /// Imported tags of a stream whose latest import failed, in priority order, as many as a repository may have.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failed_external_tags(&mut self, stream_id: &str) -> Result<Vec<TagName>> {
        const SQL: &str = "SELECT t.name FROM tags t JOIN conditions c ON c.stream_id = t.stream_id AND c.tag = t.name
            JOIN streams s ON s.id = t.stream_id
            WHERE t.stream_id = $1 AND (t.source_kind = 'external' OR (t.source_kind IS NULL AND s.source IS NOT NULL))
            ORDER BY t.sort_key LIMIT 100000";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .fetch_all(conn)
            .await?);
        names
            .iter()
            .map(|name| row::parse("tags.name", name))
            .collect()
    }

    /// How a tag was asked for when that failed last: the job, and what it asked.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failed_item(
        &mut self,
        stream_id: &str,
        tag: &TagName,
    ) -> Result<Option<(String, NewItem)>> {
        const SQL: &str = "SELECT j.id, x.reference, x.insecure FROM jobs j
            JOIN job_items x ON x.job_id = j.id AND x.tag = $2 AND x.state = 'failed'
            WHERE j.stream_id = $1 ORDER BY j.id DESC LIMIT 1";
        let found: Option<(String, String, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(tag.as_str())
            .fetch_optional(conn)
            .await?);
        found
            .map(|(job, reference, insecure)| {
                let item = NewItem {
                    tag: tag.clone(),
                    reference: row::parse("job_items.reference", &reference)?,
                    insecure,
                    state: ItemState::Pending,
                };
                Ok((job, item))
            })
            .transpose()
    }

    /// The newest imports of streams that know no tag because their list could not be read, ended or waiting for another
    /// try: of a namespace or of all.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failed_lists(&mut self, namespace: Option<&Namespace>) -> Result<Vec<JobView>> {
        const SQL: &str = concat!(
            job_columns!(),
            "WHERE j.id = s.last_job_id AND (j.state = 'failed' OR (j.state = 'queued' AND j.error <> '')) AND j.listed = $2
                AND ($1 = '' OR s.namespace = $1) ORDER BY j.id"
        );
        let found: Vec<Columns> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(namespace_text(namespace))
            .bind(false)
            .fetch_all(conn)
            .await?);
        found.into_iter().map(Columns::view).collect()
    }

    /// Hands a job back after a try that did not get through, to be tried again at `again`; says why.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_off(
        &mut self,
        id: &str,
        owner: &str,
        again: DateTime<Utc>,
        [error, hint]: [&str; 2],
    ) -> Result<()> {
        const SQL: &str =
            "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until = NULL, run_at = $3,
            error = $4, hint = $5 WHERE id = $1 AND lease_owner = $2 AND finished_at IS NULL";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(owner)
                .bind(again)
                .bind(error)
                .bind(hint)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// How often a job was begun, if `owner` holds it.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn attempts(&mut self, id: &str, owner: &str) -> Result<Option<i64>> {
        const SQL: &str =
            "SELECT attempts FROM jobs WHERE id = $1 AND lease_owner = $2 AND finished_at IS NULL";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .bind(owner)
            .fetch_optional(conn)
            .await?))
    }

    /// Makes sure that `owner` still holds a job, until the transaction ends.
    ///
    /// # Errors
    /// When the database refuses; `Conflict` when the lease was lost: the transaction must then be dropped.
    pub(crate) async fn hold(&mut self, id: &str, owner: &str) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET lease_owner = $2 WHERE id = $1 AND lease_owner = $2 AND finished_at IS NULL";
        let held = on!(self, |conn| sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .execute(conn)
            .await?
            .rows_affected());
        match held {
            0 => Err(Error::Conflict("another worker took this job over".into())),
            _ => Ok(()),
        }
    }

    /// Lets a job that was put off be tried now, as if for the first time.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn try_now(&mut self, id: &str, now: DateTime<Utc>) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET run_at = $2, attempts = 0 WHERE id = $1 AND state = 'queued' AND run_at > $2";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).bind(now).execute(conn).await?;
        });
        Ok(())
    }
}
