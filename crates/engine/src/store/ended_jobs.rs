//! Jobs that ended are forgotten after a while. What a stream's page shows stays: its last import, and the newest one of a
//! whole repository, which names the tags that wait.

use chrono::{DateTime, Utc};

use super::{Tx, on};
use crate::error::Result;

/// Ended jobs kept of one stream, at most.
pub(crate) const KEPT_OF_STREAM: i64 = 200;
/// Jobs of one stream forgotten when one more ends.
const AT_ONCE: i64 = 10;
/// Jobs looked at for one transaction, and how many tags it forgets with them, about.
const LOOKED_AT: i64 = 100;
const ROWS: i64 = 20_000;

macro_rules! may_go {
    () => {
        "j.id <> COALESCE(s.last_job_id, '') AND j.id <> COALESCE((
            SELECT a.id FROM jobs a WHERE a.stream_id = j.stream_id AND a.all_tags AND a.listed AND a.kind = 'import'
            ORDER BY a.id DESC LIMIT 1
        ), '')"
    };
}

impl Tx {
    /// Jobs that ended before a time and may be forgotten, the oldest first, as many as one transaction should.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn old_jobs(&mut self, before: DateTime<Utc>) -> Result<Vec<String>> {
        const SQL: &str = concat!(
            "SELECT j.id, j.total + j.left_out FROM jobs j JOIN streams s ON s.id = j.stream_id
            WHERE j.finished_at < $1 AND ",
            may_go!(),
            " ORDER BY j.finished_at, j.id LIMIT $2"
        );
        let found: Vec<(String, i64)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(before)
            .bind(LOOKED_AT)
            .fetch_all(conn)
            .await?);
        let mut rows = 0;
        let few = found.into_iter().take_while(|(_, tags)| {
            let first = rows == 0;
            rows += 1 + tags;
            first || rows <= ROWS
        });
        Ok(few.map(|(id, _)| id).collect())
    }

    /// Forgets the oldest of the ended jobs that a stream has too many of.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_surplus_jobs(&mut self, stream_id: &str) -> Result<()> {
        const SQL: &str = concat!(
            "DELETE FROM jobs WHERE id IN (
                SELECT j.id FROM (
                    SELECT id, stream_id FROM jobs WHERE stream_id = $1 AND finished_at IS NOT NULL
                    ORDER BY id DESC LIMIT $3 OFFSET $2
                ) j JOIN streams s ON s.id = j.stream_id WHERE ",
            may_go!(),
            ")"
        );
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream_id)
                .bind(KEPT_OF_STREAM)
                .bind(AT_ONCE)
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}
