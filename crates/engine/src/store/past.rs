//! A stream as it was at an instant: from revisions for tags that are there, from the journal for tags that are gone.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use model::{Change, Page, PageRequest, Revision, TagName, tag::TagThen};

use super::{StreamRecord, Tx, on, row};
use crate::error::{Error, Result};

/// Tags deleted since then that are looked at, at most.
const MOST_DELETED: i64 = 200;
/// Changes of one tag that are read to find what it was, at most: its moves are among the newest.
const MOST_CHANGES: i64 = 200;

/// Clocks of several processes differ: times follow numbers, but for so many.
const SLACK: i64 = 1_000;

#[derive(sqlx::FromRow)]
struct Then {
    name: String,
    sort_key: String,
    number: i64,
    digest: String,
    reference: String,
    created_at: DateTime<Utc>,
}

impl Then {
    fn tag(self) -> Result<TagThen> {
        Ok(TagThen {
            name: row::parse("tags.name", &self.name)?,
            digest: row::parse("revisions.digest", &self.digest)?,
            reference: row::parse("revisions.reference", &self.reference)?,
            number: Some(self.number),
            since: self.created_at,
        })
    }
}

impl Tx {
    /// One page, in priority order, of the tags that are there today and had an image at an instant.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tags_at(
        &mut self,
        stream_id: &str,
        at: DateTime<Utc>,
        page: &PageRequest,
    ) -> Result<Page<TagThen>> {
        macro_rules! then {
            ($tail:literal) => {
                concat!(
                    "SELECT t.name, t.sort_key, r.number, r.digest, r.reference, r.created_at
                    FROM tags t JOIN revisions r ON r.stream_id = t.stream_id AND r.tag = t.name AND r.number = (
                        SELECT x.number FROM revisions x
                        WHERE x.stream_id = t.stream_id AND x.tag = t.name AND x.created_at <= $2
                        ORDER BY x.number DESC LIMIT 1
                    ) WHERE t.stream_id = $1 AND t.sort_key ",
                    $tail
                )
            };
        }
        const FORWARDS: &str = then!("> $3 ORDER BY t.sort_key LIMIT $4");
        const BACKWARDS: &str = then!("< $3 ORDER BY t.sort_key DESC LIMIT $4");
        let sql = if page.backwards() {
            BACKWARDS
        } else {
            FORWARDS
        };
        let rows: Vec<Then> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(stream_id)
                .bind(at)
                .bind(page.key())
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let rows = rows
            .into_iter()
            .map(|found| Ok((found.sort_key.clone(), found.tag()?)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |(key, _)| key.clone()).map(|(_, tag)| tag))
    }

    /// Tags that had an image at an instant and were deleted since, by name, of the first 200 that were deleted; and
    /// whether more were. What an earlier stream of this name had is not told.
    ///
    /// # Errors
    /// When the database refuses or a line of the journal does not parse.
    pub async fn deleted_since(
        &mut self,
        stream: &StreamRecord,
        at: DateTime<Utc>,
    ) -> Result<(Vec<TagThen>, bool)> {
        const SQL: &str = "SELECT DISTINCT tag FROM journal
            WHERE namespace = $1 AND stream = $2 AND at > $3 AND cause = 'delete' AND tag IS NOT NULL
                AND at >= (SELECT created_at FROM streams WHERE id = $4)
            ORDER BY tag LIMIT $5";
        let mut names: Vec<String> = on!(self, |conn| {
            sqlx::query_scalar(SQL)
                .bind(stream.stream.namespace.as_str())
                .bind(stream.stream.name.as_str())
                .bind(at)
                .bind(&stream.id)
                .bind(MOST_DELETED + 1)
                .fetch_all(conn)
                .await?
        });
        let more = i64::try_from(names.len()).is_ok_and(|found| found > MOST_DELETED);
        names.truncate(usize::try_from(MOST_DELETED).unwrap_or(usize::MAX));
        let mut found = Vec::new();
        let until = (at, self.number_about(at).await?);
        for name in names {
            let tag: TagName = row::parse("journal.tag", &name)?;
            let before = self.changes_until(stream, &tag, until).await?;
            found.extend(pointed_at(&tag, &before));
        }
        Ok((found, more))
    }

    /// About which journal number was the newest at an instant: none is missing, so halving finds it in a journal of any
    /// length.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn number_about(&mut self, at: DateTime<Utc>) -> Result<i64> {
        const SQL: &str = "SELECT at FROM journal WHERE number = $1 LIMIT 1";
        let (mut found, mut low, mut high) = (0, 1, self.newest_number().await?);
        while low <= high {
            let middle = low + (high - low) / 2;
            let then: Option<DateTime<Utc>> = on!(self, |conn| sqlx::query_scalar(SQL)
                .bind(middle)
                .fetch_optional(conn)
                .await?);
            if then.is_some_and(|then| then <= at) {
                found = middle;
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        Ok(found)
    }

    /// The newest changes of a tag until an instant and its number, newest first, at most 200; none of an earlier stream
    /// of this name.
    ///
    /// # Errors
    /// When the database refuses or a line of the journal does not parse.
    pub async fn changes_until(
        &mut self,
        stream: &StreamRecord,
        tag: &TagName,
        (at, number): (DateTime<Utc>, i64),
    ) -> Result<Vec<(DateTime<Utc>, Change)>> {
        const SQL: &str = "SELECT at, change FROM journal
            WHERE namespace = $1 AND stream = $2 AND tag = $3 AND at <= $4 AND number <= $7
                AND at >= (SELECT created_at FROM streams WHERE id = $5)
            ORDER BY number DESC, position DESC LIMIT $6";
        self.changes(SQL, stream, tag, at, number + SLACK).await
    }

    /// The changes of a tag after an instant and its number, oldest first, at most 200; none of an earlier stream of this name.
    ///
    /// # Errors
    /// When the database refuses or a line of the journal does not parse.
    pub async fn changes_after(
        &mut self,
        stream: &StreamRecord,
        tag: &TagName,
        (at, number): (DateTime<Utc>, i64),
    ) -> Result<Vec<(DateTime<Utc>, Change)>> {
        const SQL: &str = "SELECT at, change FROM journal
            WHERE namespace = $1 AND stream = $2 AND tag = $3 AND at > $4 AND number > $7
                AND at >= (SELECT created_at FROM streams WHERE id = $5)
            ORDER BY number, position LIMIT $6";
        self.changes(SQL, stream, tag, at, number - SLACK).await
    }

    /// Tags that were deleted after an instant, at most 100 000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn deleted_after(
        &mut self,
        stream: &StreamRecord,
        at: DateTime<Utc>,
    ) -> Result<HashSet<TagName>> {
        const SQL: &str = "SELECT DISTINCT tag FROM journal
            WHERE namespace = $1 AND stream = $2 AND at > $3 AND cause = 'delete' AND tag IS NOT NULL LIMIT 100000";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream.stream.namespace.as_str())
            .bind(stream.stream.name.as_str())
            .bind(at)
            .fetch_all(conn)
            .await?);
        names
            .iter()
            .map(|name| row::parse("journal.tag", name))
            .collect()
    }

    /// Whether something other than an import, or a policy, changed a tag after an instant and its number, or an import that was
    /// asked for later than that gave it its image.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn changed_by_others(
        &mut self,
        stream: &StreamRecord,
        tag: &TagName,
        (at, number): (DateTime<Utc>, i64),
    ) -> Result<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM journal
                WHERE namespace = $1 AND stream = $2 AND tag = $3 AND at > $4 AND number > $6
                    AND cause NOT IN ('import', 'policy', 'undo', 'release'))
            OR EXISTS (SELECT 1 FROM tags t
                JOIN revisions r ON r.stream_id = t.stream_id AND r.tag = t.name AND r.number = t.head_number
                JOIN jobs j ON j.id = r.job_id
                WHERE t.stream_id = $5 AND t.name = $3 AND j.created_at > $4)";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream.stream.namespace.as_str())
            .bind(stream.stream.name.as_str())
            .bind(tag.as_str())
            .bind(at)
            .bind(&stream.id)
            .bind(number - SLACK)
            .fetch_one(conn)
            .await?))
    }

    async fn changes(
        &mut self,
        sql: &'static str,
        stream: &StreamRecord,
        tag: &TagName,
        at: DateTime<Utc>,
        number: i64,
    ) -> Result<Vec<(DateTime<Utc>, Change)>> {
        let rows: Vec<(DateTime<Utc>, String)> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(stream.stream.namespace.as_str())
                .bind(stream.stream.name.as_str())
                .bind(tag.as_str())
                .bind(at)
                .bind(&stream.id)
                .bind(MOST_CHANGES)
                .bind(number)
                .fetch_all(conn)
                .await?
        });
        rows.into_iter()
            .map(|(at, text)| {
                let change = serde_json::from_str(&text).map_err(|error| {
                    Error::inconsistent(format_args!("journal of {tag}: {error}"))
                })?;
                Ok((at, change))
            })
            .collect()
    }

    /// The revision a tag pointed at, at an instant. Later ones have higher numbers, and none is missing: halving finds
    /// it in a history of any length.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revision_at(
        &mut self,
        stream_id: &str,
        tag: &TagName,
        newest: i64,
        at: DateTime<Utc>,
    ) -> Result<Option<Revision>> {
        let (mut found, mut low, mut high) = (None, 1, newest);
        while low <= high {
            let middle = low + (high - low) / 2;
            match self.revision(stream_id, tag, middle).await? {
                Some(revision) if revision.created_at <= at => {
                    found = Some(revision);
                    low = middle + 1;
                }
                _ => high = middle - 1,
            }
        }
        Ok(found)
    }
}

/// Where a tag pointed after changes that are told newest first.
pub(crate) fn pointed_at(tag: &TagName, changes: &[(DateTime<Utc>, Change)]) -> Option<TagThen> {
    let mut found: Option<TagThen> = None;
    for (since, change) in changes {
        match change {
            Change::MoveHead {
                before,
                after,
                reference,
                ..
            } => {
                let then = found.get_or_insert_with(|| TagThen {
                    name: tag.clone(),
                    digest: after.clone(),
                    reference: reference.clone(),
                    number: None,
                    since: *since,
                });
                // The image was there already: what is told is a newer generation, or another place of it.
                then.since = *since;
                if before.as_ref() != Some(after) {
                    break;
                }
            }
            Change::DeleteTag { .. } => break,
            _ => {}
        }
    }
    found
}
