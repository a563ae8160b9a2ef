//! The journal: what changed, by whom and why, in commit order. One number a transaction.

use chrono::{DateTime, Utc};
use model::{Change, StreamRef};

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
        const SQL: &str = "SELECT change FROM journal
            WHERE number = $1 AND namespace = $2 AND stream = $3 ORDER BY position LIMIT 100000";
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
}
