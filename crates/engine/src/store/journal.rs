//! The journal: what changed, by whom and why, in commit order. One number a transaction.

use chrono::{DateTime, Utc};
use model::{
    Change, Page, PageRequest, StreamRef, TagName,
    journal::{Entry, JournalFilter},
};
use sqlx::AssertSqlSafe;

use super::{Tx, on};
use crate::error::{Error, Result};

impl Tx {
    /// The journal number of this transaction. Taking it holds the counter's row until the end, so numbers are
    /// committed in order and a reader never sees a gap filled later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn number(&mut self) -> Result<i64> {
        if let Some(number) = self.number {
            return Ok(number);
        }
        const SQL: &str =
            "UPDATE counters SET value = value + 1 WHERE name = 'journal' RETURNING value";
        let number: i64 = on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await?);
        self.number = Some(number);
        Ok(number)
    }

    /// Appends changes of one stream to the journal.
    pub(super) async fn append(
        &mut self,
        at: DateTime<Utc>,
        stream: &StreamRef,
        actor: &str,
        cause: &str,
        changes: &[Change],
    ) -> Result<()> {
        let number = self.number().await?;
        let mut rows = Vec::with_capacity(changes.len());
        for change in changes {
            let text = serde_json::to_string(change).map_err(|error| Error::Internal {
                doing: "writing the journal",
                source: Box::new(error),
            })?;
            rows.push((self.position, change.tag().map(ToString::to_string), text));
            self.position += 1;
        }
        for chunk in rows.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO journal (number, position, at, namespace, stream, tag, actor, cause, change) ",
                );
                query.push_values(chunk, |mut row, (position, tag, text)| {
                    row.push_bind(number)
                        .push_bind(*position)
                        .push_bind(at)
                        .push_bind(stream.namespace.as_str())
                        .push_bind(stream.name.as_str())
                        .push_bind(tag.as_deref())
                        .push_bind(actor)
                        .push_bind(cause)
                        .push_bind(text.as_str());
                });
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Journal lines of a stream, oldest first, at most 500: number and change.
    ///
    /// # Errors
    /// When the database refuses or a line does not parse.
    pub async fn journal(&mut self, stream: &StreamRef, after: i64) -> Result<Vec<(i64, Change)>> {
        const SQL: &str = "SELECT number, change FROM journal
            WHERE namespace = $1 AND stream = $2 AND number > $3
            ORDER BY number, position LIMIT 500";
        let rows: Vec<(i64, String)> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .bind(after)
                .fetch_all(conn)
                .await?
        });
        rows.into_iter()
            .map(|(number, text)| {
                let change = serde_json::from_str(&text).map_err(|error| {
                    Error::inconsistent(format_args!("journal {number}: {error}"))
                })?;
                Ok((number, change))
            })
            .collect()
    }

    /// All changes of one journal number that concern a stream, in order, at most 100 000.
    ///
    /// # Errors
    /// When the database refuses or a line does not parse.
    pub async fn journal_number(&mut self, stream: &StreamRef, number: i64) -> Result<Vec<Change>> {
        // The sum keeps planners from reading all lines of a number that many streams share, in their order.
        const SQL: &str = "SELECT change FROM journal
            WHERE number = $1 AND namespace = $2 AND stream = $3 ORDER BY position + 0 LIMIT 100000";
        let rows: Vec<String> = on!(self, |conn| {
            sqlx::query_scalar(SQL)
                .bind(number)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .fetch_all(conn)
                .await?
        });
        rows.iter()
            .map(|text| {
                serde_json::from_str(text)
                    .map_err(|error| Error::inconsistent(format_args!("journal {number}: {error}")))
            })
            .collect()
    }

    /// The streams that changes of one journal number concern and that are there today, in order, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn streams_of_number(&mut self, number: i64, limit: usize) -> Result<Vec<StreamRef>> {
        const SQL: &str = "SELECT DISTINCT s.namespace, s.name FROM journal j
            JOIN streams s ON s.namespace = j.namespace AND s.name = j.stream
            WHERE j.number = $1 ORDER BY s.namespace, s.name LIMIT $2";
        let rows: Vec<(String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(number)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(namespace, stream)| {
                StreamRef::parse(&namespace, &stream).map_err(Error::inconsistent)
            })
            .collect()
    }

    /// One page of a stream's journal, newest first.
    ///
    /// # Errors
    /// When the database refuses or a line does not parse.
    pub async fn list_journal(
        &mut self,
        stream: &StreamRef,
        filter: &JournalFilter,
        page: &PageRequest,
    ) -> Result<Page<Entry>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            number: i64,
            position: i64,
            at: DateTime<Utc>,
            actor: String,
            cause: String,
            change: String,
        }
        let (compare, order) = if page.backwards() {
            (">", "ASC")
        } else {
            ("<", "DESC")
        };
        // Without a tag the parameter stands for nothing, and the other index is used.
        let tag = if filter.tag.is_some() {
            "tag = $3"
        } else {
            "$3 = ''"
        };
        let sql = format!(
            "SELECT number, position, at, actor, cause, change FROM journal
            WHERE namespace = $1 AND stream = $2 AND {tag} AND ($4 = '' OR cause = $4) AND at >= $5 AND at < $6
            AND (number, position) {compare} ($7, $8) ORDER BY number {order}, position {order} LIMIT $9"
        );
        let (number, position) = match page.key().split_once('.') {
            Some((number, position)) => (
                number.parse().unwrap_or(i64::MAX),
                position.parse().unwrap_or(i64::MAX),
            ),
            None => (i64::MAX, i64::MAX),
        };
        let rows: Vec<Row> = on!(self, |conn| {
            // Only fixed words of ours are put in.
            sqlx::query_as(AssertSqlSafe(sql))
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .bind(filter.tag.as_ref().map_or("", TagName::as_str))
                .bind(filter.cause.as_str())
                .bind(filter.from.unwrap_or(DateTime::UNIX_EPOCH))
                .bind(filter.until.unwrap_or_else(far))
                .bind(number)
                .bind(position)
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let entries = rows
            .into_iter()
            .map(|row| {
                let change = serde_json::from_str(&row.change).map_err(|error| {
                    Error::inconsistent(format_args!("journal {}: {error}", row.number))
                })?;
                Ok(Entry {
                    number: row.number,
                    position: row.position,
                    at: row.at,
                    actor: row.actor,
                    cause: row.cause,
                    change,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(entries, page, |entry| {
            format!("{}.{}", entry.number, entry.position)
        }))
    }

    /// The newest journal number that was committed; 0 before the first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn newest_number(&mut self) -> Result<i64> {
        const SQL: &str = "SELECT value FROM counters WHERE name = 'journal'";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .fetch_one(conn)
            .await?))
    }

    /// Which streams changed after a journal number: number, stream and tag, in order, at most 500.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn changed_after(&mut self, number: i64) -> Result<Vec<(i64, StreamRef)>> {
        const SQL: &str = "SELECT number, namespace, stream FROM journal WHERE number > $1
            GROUP BY number, namespace, stream ORDER BY number LIMIT 500";
        let rows: Vec<(i64, String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(number)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(number, namespace, stream)| {
                let stream = StreamRef::parse(&namespace, &stream).map_err(Error::inconsistent)?;
                Ok((number, stream))
            })
            .collect()
    }
}

/// Later than anything that happens, and still a time both databases can keep.
fn far() -> DateTime<Utc> {
    DateTime::from_timestamp(250_000_000_000, 0).unwrap_or_default()
}
