//! Jobs and their tags as pages list them.

use chrono::{DateTime, Utc};
use model::{
    Page, PageRequest,
    job::{ItemState, JobItem, JobState, JobView},
};
use sqlx::AssertSqlSafe;

use super::{
    Tx,
    jobs::{Columns, job_columns},
    on, row,
};
use crate::error::Result;

#[derive(sqlx::FromRow)]
struct ItemRow {
    position: i64,
    tag: String,
    state: String,
    digest: Option<String>,
    message: String,
    finished_at: Option<DateTime<Utc>>,
}

impl ItemRow {
    /// Its position, and what it says.
    fn item(self) -> Result<(i64, JobItem)> {
        let item = JobItem {
            tag: row::parse("job_items.tag", &self.tag)?,
            state: row::word("job_items.state", &self.state, ItemState::from_word)?,
            digest: row::parse_opt("job_items.digest", self.digest.as_deref())?,
            message: self.message,
            at: self.finished_at,
        };
        Ok((self.position, item))
    }
}

impl Tx {
    /// How many jobs wait or run, by kind and state.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn active_jobs(&mut self) -> Result<Vec<(String, String, i64)>> {
        const SQL: &str =
            "SELECT kind, state, COUNT(*) FROM jobs WHERE finished_at IS NULL GROUP BY kind, state";
        Ok(on!(self, |conn| sqlx::query_as(SQL)
            .fetch_all(conn)
            .await?))
    }

    /// Notes what else there is to say about a job.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_job_note(&mut self, id: &str, note: &str) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET note = $2 WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).bind(note).execute(conn).await?;
        });
        Ok(())
    }

    /// One page of jobs, newest first; of one stream or of all.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_jobs(
        &mut self,
        stream_id: Option<&str>,
        state: Option<JobState>,
        page: &PageRequest,
    ) -> Result<Page<JobView>> {
        let (compare, order) = if page.backwards() {
            (">", "ASC")
        } else {
            ("<", "DESC")
        };
        let owner = if stream_id.is_some() {
            "j.stream_id = $3 AND "
        } else {
            "$3 = '' AND "
        };
        // Those that have not ended are few and have an index of their own.
        let of_state = match state {
            None => "$4 = '' AND ",
            Some(state) if state.is_final() => "j.state = $4 AND ",
            Some(_) => "j.finished_at IS NULL AND j.state = $4 AND ",
        };
        let sql = format!(
            concat!(
                job_columns!(),
                "WHERE {}{}j.id {} $1 ORDER BY j.id {} LIMIT $2"
            ),
            owner, of_state, compare, order
        );
        // Ids are lower-case hex: this follows them all.
        let key = if page.key().is_empty() {
            "~"
        } else {
            page.key()
        };
        let rows: Vec<Columns> = on!(self, |conn| {
            // Only fixed words of ours are put in.
            sqlx::query_as(AssertSqlSafe(sql))
                .bind(key)
                .bind(page.fetch())
                .bind(stream_id.unwrap_or(""))
                .bind(state.map_or("", JobState::as_str))
                .fetch_all(conn)
                .await?
        });
        let rows = rows
            .into_iter()
            .map(Columns::view)
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |job| job.id.clone()))
    }

    /// Tags a job has dealt with, the last ones first, `most` at most. It takes them in order, so the highest positions
    /// are the newest.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn newest_items(&mut self, job_id: &str, most: usize) -> Result<Vec<JobItem>> {
        macro_rules! of_state {
            ($state:literal) => {
                concat!(
                    "SELECT * FROM (SELECT position, tag, state, digest, message, finished_at FROM job_items
                    WHERE job_id = $1 AND state = '",
                    $state,
                    "' ORDER BY position DESC LIMIT $2) "
                )
            };
        }
        // One state at a time, so that an index ends each search however many tags wait.
        const SQL: &str = concat!(
            "SELECT position, tag, state, digest, message, finished_at FROM (",
            of_state!("imported"),
            "AS a UNION ALL ",
            of_state!("unchanged"),
            "AS b UNION ALL ",
            of_state!("mirrored"),
            "AS c UNION ALL ",
            of_state!("failed"),
            "AS d) AS items ORDER BY position DESC LIMIT $2"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows: Vec<ItemRow> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(job_id)
                .bind(most)
                .fetch_all(conn)
                .await?
        });
        rows.into_iter()
            .map(|row| row.item().map(|(_, item)| item))
            .collect()
    }

    /// One page of a job's tags in order; of one state or of all.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_items(
        &mut self,
        job_id: &str,
        state: Option<ItemState>,
        page: &PageRequest,
    ) -> Result<Page<JobItem>> {
        const FORWARDS: &str = "SELECT position, tag, state, digest, message, finished_at FROM job_items
            WHERE job_id = $1 AND position > $2 AND ($3 = '' OR state = $3) ORDER BY position LIMIT $4";
        const BACKWARDS: &str = "SELECT position, tag, state, digest, message, finished_at FROM job_items
            WHERE job_id = $1 AND position < $2 AND ($3 = '' OR state = $3) ORDER BY position DESC LIMIT $4";
        let sql = if page.backwards() {
            BACKWARDS
        } else {
            FORWARDS
        };
        let position: i64 = page.key().parse().unwrap_or(-1);
        let rows: Vec<ItemRow> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(job_id)
                .bind(position)
                .bind(state.map_or("", ItemState::as_str))
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let rows = rows
            .into_iter()
            .map(ItemRow::item)
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |(position, _)| position.to_string()).map(|(_, item)| item))
    }
}
