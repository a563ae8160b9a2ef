//! When scheduled tags are looked at: which are due, when next, when last.

use std::time::Duration;

use chrono::{DateTime, Utc};
use model::{Digest, Reference, TagName, policy::Schedule};

use super::{Tx, on, row};
use crate::{error::Result, rules::facts::Taken};

/// A tag whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTag {
    /// Its stream.
    pub stream_id: String,
    /// The tag.
    pub tag: TagName,
    /// What to ask upstream; none for a tag without a spec, which is tried again as it was asked for.
    pub reference: Option<Reference>,
    /// How often.
    pub schedule: Schedule,
    /// The stream's period of tags without one of their own, in seconds; none for the server's.
    pub period: Option<i64>,
    /// When it was due.
    pub due: DateTime<Utc>,
    /// It is imported by digest and has that image: it need not be looked at any more.
    pub settled: bool,
}

impl DueTag {
    /// When it is due next: in its own place of the period, so that load which is spread stays spread; `nudge`, from
    /// -1 to 1, moves it a little so that tags of one stream do not stay together.
    #[must_use]
    pub fn next(&self, global: Duration, now: DateTime<Utc>, nudge: f64) -> Option<DateTime<Utc>> {
        let global = match self.period.map(u64::try_from) {
            Some(Ok(seconds)) => Duration::from_secs(seconds),
            _ => global,
        };
        let period = self.schedule.period(global).filter(|_| !self.settled)?;
        let late = (now - self.due).to_std().unwrap_or_default();
        let missed = late.as_secs_f64() / period.as_secs_f64().max(0.001);
        let next = self.due + period.mul_f64(missed.floor() + 1.0 + nudge / 32.0);
        // Nudged into the past: this turn was that one's.
        Some(if next > now { next } else { next + period })
    }
}

impl Tx {
    /// Whether any tag is due: looked at without taking the write lock.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn any_due(&mut self, now: DateTime<Utc>) -> Result<bool> {
        const SQL: &str = "SELECT name FROM tags WHERE due_at <= $1 LIMIT 1";
        let found: Option<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(now)
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// Takes up to `limit` tags that are due and puts them off until `until`: another process takes none of them. Streams
    /// take turns, a tag each, and of each the longest due goes first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_due_tags(
        &mut self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<DueTag>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            stream_id: String,
            name: String,
            source_reference: Option<String>,
            schedule: String,
            head_digest: Option<String>,
            index_digest: Option<String>,
            index_child: Option<String>,
            generation: Option<i64>,
            head_generation: Option<i64>,
            checked_due_at: Option<DateTime<Utc>>,
            period: Option<i64>,
        }
        // One that was put off is as late as it was due first.
        const SQL: &str = "UPDATE tags SET due_at = $2, checked_due_at = CASE
                WHEN checked_due_at IS NOT NULL AND (checked_at IS NULL OR checked_at < checked_due_at) THEN checked_due_at
                ELSE due_at END
            WHERE due_at <= $1 AND (stream_id, name) IN (
                SELECT stream_id, name FROM (
                    SELECT stream_id, name, due_at,
                        ROW_NUMBER() OVER (PARTITION BY stream_id ORDER BY due_at, name) AS turn
                    FROM tags WHERE due_at <= $1
                ) AS due ORDER BY turn, due_at LIMIT $3
            )
            RETURNING stream_id, name, source_reference, schedule, head_digest, index_digest, index_child, generation, head_generation, checked_due_at,
                (SELECT s.period FROM streams s WHERE s.id = tags.stream_id) AS period";
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(now)
                .bind(until)
                .bind(limit)
                .fetch_all(conn)
                .await?
        });
        rows.into_iter()
            .map(|found| {
                let reference: Option<Reference> =
                    row::parse_opt("tags.source_reference", found.source_reference.as_deref())?;
                let head = found.head_digest.as_deref();
                let index = found.index_digest.as_deref();
                // What is asked for since then, another platform or all of it, is not there yet.
                let answered = found.head_generation >= found.generation;
                let index = index.filter(|_| answered && found.index_child.as_deref() == head);
                let settled = reference
                    .as_ref()
                    .and_then(Reference::digest)
                    .is_some_and(|digest| [head, index].contains(&Some(digest.as_str())));
                Ok(DueTag {
                    stream_id: found.stream_id,
                    tag: row::parse("tags.name", &found.name)?,
                    schedule: row::parse("tags.schedule", &found.schedule)?,
                    period: found.period,
                    due: found.checked_due_at.unwrap_or(now),
                    settled,
                    reference,
                })
            })
            .collect()
    }

    /// The tags of a stream that are looked at by its period or the server's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn scheduled_tags(&mut self, stream_id: &str) -> Result<Vec<TagName>> {
        const SQL: &str = "SELECT name FROM tags
            WHERE stream_id = $1 AND schedule = 'global' AND due_at IS NOT NULL ORDER BY name";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .fetch_all(conn)
            .await?);
        names
            .iter()
            .map(|name| row::parse("tags.name", name))
            .collect()
    }

    /// Sets when tags of a stream are due next.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_due(
        &mut self,
        stream_id: &str,
        due: &[(&TagName, Option<DateTime<Utc>>)],
    ) -> Result<()> {
        self.write_due(stream_id, due, "").await
    }

    /// Sets when tags of a stream are due first, by another schedule or source: when they had been due before that is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_first_due(
        &mut self,
        stream_id: &str,
        due: &[(&TagName, Option<DateTime<Utc>>)],
    ) -> Result<()> {
        self.write_due(stream_id, due, ", checked_due_at = NULL")
            .await
    }

    async fn write_due(
        &mut self,
        stream_id: &str,
        due: &[(&TagName, Option<DateTime<Utc>>)],
        more: &'static str,
    ) -> Result<()> {
        for chunk in due.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new("WITH next (name, due_at) AS (");
                query.push_values(chunk, |mut row, (name, due)| {
                    row.push_bind(name.as_str()).push_bind(*due);
                });
                query
                    .push(") UPDATE tags SET due_at = next.due_at")
                    .push(more)
                    .push(" FROM next WHERE tags.name = next.name AND tags.stream_id = ");
                query.push_bind(stream_id);
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Notes what indexes the images of tags were taken out of: tag, image, index.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_indexes(
        &mut self,
        stream_id: &str,
        taken: &[(TagName, Digest, Taken)],
    ) -> Result<()> {
        for chunk in taken.chunks(500) {
            on!(self, |conn| {
                let mut query =
                    sqlx::QueryBuilder::new("WITH taken (name, child, digest, platform) AS (");
                query.push_values(chunk, |mut row, (name, child, taken)| {
                    row.push_bind(name.as_str())
                        .push_bind(child.as_str())
                        .push_bind(taken.index.as_str())
                        .push_bind(taken.platform.as_str());
                });
                query.push(
                    ") UPDATE tags SET index_digest = taken.digest, index_child = taken.child,
                        index_platform = taken.platform FROM taken
                    WHERE tags.name = taken.name AND tags.stream_id = ",
                );
                query.push_bind(stream_id);
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Notes that scheduled tags of a stream were looked at, because they were due (`scheduled`) or because somebody asked;
    /// others are left alone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_checked(
        &mut self,
        stream_id: &str,
        tags: &[&TagName],
        now: DateTime<Utc>,
        scheduled: bool,
    ) -> Result<()> {
        for chunk in tags.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new("UPDATE tags SET checked_at = ");
                query.push_bind(now);
                // A look that somebody asked for was not due, nor one for a pull: what was due was looked at before it.
                query.push(if scheduled {
                    ", checked_due_at = CASE WHEN checked_at IS NULL OR checked_at < checked_due_at THEN checked_due_at END"
                } else {
                    ", checked_due_at = NULL"
                });
                // Nobody asks when other tags were: they are not written for it.
                query.push(
                    " WHERE (schedule <> '' OR EXISTS (SELECT 1 FROM streams s WHERE s.id = tags.stream_id
                    AND s.freshness NOT IN ('local', 'never'))) AND stream_id = ",
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
}
