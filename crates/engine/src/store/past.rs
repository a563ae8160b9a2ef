//! A stream as it was at an instant: from revisions for tags that are there, from the journal for tags that are gone.

use chrono::{DateTime, Utc};
use model::{Change, Page, PageRequest, TagName, tag::TagThen};

use super::{StreamRecord, Tx, on, row};
use crate::error::{Error, Result};

/// Tags deleted since then that are looked at, at most.
const MOST_DELETED: i64 = 200;
/// Changes of one deleted tag that are read to find where it pointed, at most: its moves are among the newest.
const MOST_CHANGES: i64 = 200;

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

    /// Tags that had an image at an instant and were deleted since, by name, at most 200.
    ///
    /// # Errors
    /// When the database refuses or a line of the journal does not parse.
    pub async fn deleted_since(
        &mut self,
        stream: &StreamRecord,
        at: DateTime<Utc>,
    ) -> Result<Vec<TagThen>> {
        const SQL: &str = "SELECT DISTINCT tag FROM journal
            WHERE namespace = $1 AND stream = $2 AND at > $3 AND cause = 'delete' AND tag IS NOT NULL
            ORDER BY tag LIMIT $4";
        let names: Vec<String> = on!(self, |conn| {
            sqlx::query_scalar(SQL)
                .bind(stream.stream.namespace.as_str())
                .bind(stream.stream.name.as_str())
                .bind(at)
                .bind(MOST_DELETED)
                .fetch_all(conn)
                .await?
        });
        let mut found = Vec::new();
        for name in names {
            let tag: TagName = row::parse("journal.tag", &name)?;
            found.extend(self.pointed_at(stream, &tag, at).await?);
        }
        Ok(found)
    }

    /// Where a tag pointed at an instant, as the journal tells it.
    async fn pointed_at(
        &mut self,
        stream: &StreamRecord,
        tag: &TagName,
        at: DateTime<Utc>,
    ) -> Result<Option<TagThen>> {
        const SQL: &str = "SELECT at, change FROM journal
            WHERE namespace = $1 AND stream = $2 AND tag = $3 AND at <= $4
            ORDER BY number DESC, position DESC LIMIT $5";
        let rows: Vec<(DateTime<Utc>, String)> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(stream.stream.namespace.as_str())
                .bind(stream.stream.name.as_str())
                .bind(tag.as_str())
                .bind(at)
                .bind(MOST_CHANGES)
                .fetch_all(conn)
                .await?
        });
        for (since, text) in rows {
            let change: Change = serde_json::from_str(&text)
                .map_err(|error| Error::inconsistent(format_args!("journal of {tag}: {error}")))?;
            match change {
                Change::MoveHead {
                    after, reference, ..
                } => {
                    return Ok(Some(TagThen {
                        name: tag.clone(),
                        digest: after,
                        reference,
                        number: None,
                        since,
                    }));
                }
                Change::DeleteTag { .. } => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }
}
