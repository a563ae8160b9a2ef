//! Jobs: made once, leased by one worker at a time, done tag by tag, resumable after a crash.

use chrono::{DateTime, Utc};
use model::{
    Digest, StreamRef, TagName,
    job::{ItemState, JobKind, JobState, JobView, Progress},
    narrow::Narrow,
    policy::{ImportMode, ReferencePolicy},
};

use super::{ItemOutcome, JobRecord, NewItem, NewJob, PendingItem, Tx, on, row};
use crate::error::Result;

/// Which jobs are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// All.
    Any,
    /// What somebody asked for.
    Asked,
    /// What a schedule asked for.
    Scheduled,
}

impl Claim {
    fn word(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Asked => "asked",
            Self::Scheduled => "schedule",
        }
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct Columns {
    id: String,
    kind: String,
    schedule: String,
    reference_policy: String,
    import_mode: String,
    platform: String,
    narrow: String,
    stream_id: String,
    namespace: String,
    name: String,
    state: String,
    source: String,
    all_tags: bool,
    insecure: bool,
    listed: bool,
    generation: Option<i64>,
    creates_stream: bool,
    total: i64,
    done: i64,
    unchanged: i64,
    failed: i64,
    left_out: i64,
    actor: String,
    attempts: i64,
    cancel_requested: bool,
    error: String,
    hint: String,
    note: String,
    run_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

macro_rules! job_columns {
    () => {
        "SELECT j.id, j.kind, j.schedule, j.reference_policy, j.import_mode, j.platform, j.narrow, j.stream_id, s.namespace, s.name, j.state, j.source, j.all_tags, j.insecure, j.listed,
            j.generation, j.creates_stream, j.total, j.done, j.unchanged, j.failed, j.left_out, j.actor, j.attempts,
            j.cancel_requested, j.error, j.hint, j.note, j.run_at, j.created_at, j.started_at, j.finished_at
        FROM jobs j JOIN streams s ON s.id = j.stream_id "
    };
}
pub(super) use job_columns;

/// Reads what narrows an import; empty text is nothing.
fn narrow(text: &str) -> Result<Narrow> {
    if text.is_empty() {
        return Ok(Narrow::default());
    }
    serde_json::from_str(text)
        .map_err(|error| crate::Error::inconsistent(format_args!("jobs.narrow: {error}")))
}

/// Writes what [`narrow`] reads.
fn narrow_words(narrow: &Narrow) -> Result<String> {
    if narrow.is_empty() {
        return Ok(String::new());
    }
    serde_json::to_string(narrow).map_err(|error| crate::Error::Internal {
        doing: "writing what narrows an import",
        source: Box::new(error),
    })
}

impl Columns {
    pub(super) fn view(self) -> Result<JobView> {
        let state = row::word("jobs.state", &self.state, JobState::from_word)?;
        Ok(JobView {
            kind: row::word("jobs.kind", &self.kind, JobKind::from_word)?,
            state,
            stream: StreamRef::parse(&self.namespace, &self.name)
                .map_err(crate::Error::inconsistent)?,
            source: row::parse("jobs.source", &self.source)?,
            all_tags: self.all_tags,
            insecure: self.insecure,
            narrow: narrow(&self.narrow)?.to_string(),
            progress: Progress {
                total: self.total,
                done: self.done,
                unchanged: self.unchanged,
                failed: self.failed,
                left_out: self.left_out,
            },
            actor: self.actor,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            attempts: self.attempts,
            run_at: (state == JobState::Queued).then_some(self.run_at),
            cancelling: self.cancel_requested,
            error: self.error,
            hint: self.hint,
            note: self.note,
            id: self.id,
        })
    }

    fn record(self) -> Result<JobRecord> {
        Ok(JobRecord {
            source: row::parse("jobs.source", &self.source)?,
            id: self.id,
            created_at: self.created_at,
            stream_id: self.stream_id,
            all_tags: self.all_tags,
            narrow: narrow(&self.narrow)?,
            insecure: self.insecure,
            schedule: row::parse("jobs.schedule", &self.schedule)?,
            reference_policy: row::word(
                "jobs.reference_policy",
                &self.reference_policy,
                ReferencePolicy::from_word,
            )?,
            mode: ImportMode::from_word(&self.import_mode),
            platform: {
                let (os, architecture) = self.platform.split_once('/').unwrap_or_default();
                [os.to_owned(), architecture.to_owned()]
            },
            kind: row::word("jobs.kind", &self.kind, JobKind::from_word)?,
            listed: self.listed,
            generation: self.generation,
            creates_stream: self.creates_stream,
            actor: self.actor,
            cancel_requested: self.cancel_requested,
            attempts: self.attempts,
        })
    }
}

impl Tx {
    /// Makes a job and, if it imports because somebody asked, notes it as the stream's newest; if one with the same key has not ended, returns
    /// that one's id, and it does not wait for its next try.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_job(&mut self, job: &NewJob, now: DateTime<Utc>) -> Result<String> {
        const ACTIVE: &str = "SELECT id FROM jobs WHERE dedup_key = $1 AND finished_at IS NULL";
        let active: Option<String> = on!(self, |conn| sqlx::query_scalar(ACTIVE)
            .bind(&job.dedup_key)
            .fetch_optional(conn)
            .await?);
        if let Some(id) = active {
            if job.kind == JobKind::Import {
                self.try_now(&id, now).await?;
                // Whoever asks for it now asks for it after what was changed since.
                const ASKED: &str = "UPDATE jobs SET created_at = $2 WHERE id = $1";
                on!(self, |conn| {
                    sqlx::query(ASKED).bind(&id).bind(now).execute(conn).await?;
                });
            }
            return Ok(id);
        }
        let words = narrow_words(&job.narrow)?;
        const SQL: &str = "INSERT INTO jobs (id, kind, dedup_key, state, stream_id, source, all_tags, insecure, listed,
            creates_stream, actor, cancel_requested, error, hint, run_at, created_at, schedule, reference_policy, host,
            import_mode, platform, narrow)
            VALUES ($1, $12, $2, 'queued', $3, $4, $5, $6, $7, $8, $9, $10, '', '', $11, $11, $13, $14, $15, $16, $17, $18)";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(&job.id)
                .bind(&job.dedup_key)
                .bind(&job.stream_id)
                .bind(job.source.to_string())
                .bind(job.all_tags)
                .bind(job.insecure)
                .bind(job.listed)
                .bind(job.creates_stream)
                .bind(&job.actor)
                .bind(false)
                .bind(now)
                .bind(job.kind.as_str())
                .bind(job.schedule.word())
                .bind(job.reference_policy.as_str())
                .bind(job.source.host())
                .bind(job.mode.map_or("", ImportMode::as_str))
                .bind(job.platform.join("/"))
                .bind(&words)
                .execute(conn)
                .await?;
        });
        if job.kind == JobKind::Import {
            self.set_last_job(&job.stream_id, &job.id).await?;
        }
        Ok(job.id.clone())
    }

    /// Lists a job's tags, in their order; sets its totals. Done once a job.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_items(&mut self, job_id: &str, items: &[NewItem]) -> Result<()> {
        let numbered: Vec<_> = (0_i64..).zip(items).collect();
        for chunk in numbered.chunks(1000) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO job_items (job_id, position, tag, reference, insecure, state, message) ",
                );
                query.push_values(chunk, |mut row, (position, item)| {
                    row.push_bind(job_id)
                        .push_bind(*position)
                        .push_bind(item.tag.as_str())
                        .push_bind(item.reference.to_string())
                        .push_bind(item.insecure)
                        .push_bind(item.state.as_str())
                        .push_bind("");
                });
                query.build().execute(conn).await?;
            });
        }
        let left_out = items
            .iter()
            .filter(|item| item.state == ItemState::LeftOut)
            .count();
        const SQL: &str = "UPDATE jobs SET listed = $2, total = $3, left_out = $4, error = '', hint = '' WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(job_id)
                .bind(true)
                .bind(i64::try_from(items.len() - left_out).unwrap_or(i64::MAX))
                .bind(i64::try_from(left_out).unwrap_or(i64::MAX))
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Takes the next due job of a kind, if there is one nobody holds: state, lease and attempt in one statement. The
    /// repeated condition makes a second worker, which waited for the row, take nothing. Jobs of a host that is being
    /// asked already come last, and `per_host` jobs of schedules ask one host at once, so that a slow upstream does not
    /// hold up the others.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn claim_job(
        &mut self,
        owner: &str,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
        claim: Claim,
        per_host: i64,
    ) -> Result<Option<String>> {
        const SQL: &str = "UPDATE jobs SET state = 'running', lease_owner = $1, lease_until = $3,
                attempts = attempts + 1, started_at = COALESCE(started_at, $2)
            WHERE id IN (
                SELECT j.id FROM jobs j LEFT JOIN (
                    SELECT host, COUNT(*) AS running, SUM(CASE WHEN kind = 'schedule' THEN 1 ELSE 0 END) AS looks
                    FROM jobs WHERE finished_at IS NULL AND lease_until > $2 GROUP BY host
                ) asked ON asked.host = j.host
                WHERE j.finished_at IS NULL AND j.run_at <= $2 AND (j.lease_until IS NULL OR j.lease_until <= $2)
                    AND ($4 = '' OR ($4 = 'schedule') = (j.kind = 'schedule')) AND (j.kind <> 'schedule' OR COALESCE(asked.looks, 0) < $5)
                ORDER BY COALESCE(asked.running, 0), j.run_at, j.id LIMIT 1
            ) AND finished_at IS NULL AND (lease_until IS NULL OR lease_until <= $2)
            RETURNING id";
        Ok(on!(self, |conn| {
            sqlx::query_scalar(SQL)
                .bind(owner)
                .bind(now)
                .bind(lease)
                .bind(claim.word())
                .bind(per_host)
                .fetch_optional(conn)
                .await?
        }))
    }

    /// Claims one job if nobody has it. Whether it was.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn claim_this_job(
        &mut self,
        id: &str,
        owner: &str,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE jobs SET state = 'running', lease_owner = $2, lease_until = $4,
                attempts = attempts + 1, started_at = COALESCE(started_at, $3)
            WHERE id = $1 AND finished_at IS NULL AND (lease_until IS NULL OR lease_until <= $3)";
        let claimed = on!(self, |conn| sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .bind(now)
            .bind(lease)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(claimed == 1)
    }

    /// Prolongs a lease. `false` when it was lost; otherwise whether the job should go on is in the record.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_lease(
        &mut self,
        id: &str,
        owner: &str,
        until: DateTime<Utc>,
    ) -> Result<bool> {
        const SQL: &str = "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease_owner = $2 AND finished_at IS NULL";
        let done = on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(owner)
                .bind(until)
                .execute(conn)
                .await?
                .rows_affected()
        });
        Ok(done == 1)
    }

    /// Hands a job back unfinished: another worker may take it at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn hand_back(&mut self, id: &str, owner: &str, now: DateTime<Utc>) -> Result<()> {
        const SQL: &str =
            "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until = NULL, run_at = $3,
                attempts = attempts - 1
            WHERE id = $1 AND lease_owner = $2 AND finished_at IS NULL";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(owner)
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Ends a job. What is still to do becomes `cancelled` when it was stopped.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn finish_job(
        &mut self,
        id: &str,
        state: JobState,
        error: &str,
        hint: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET state = $2, error = $3, hint = $4, finished_at = $5, lease_owner = NULL,
            lease_until = NULL WHERE id = $1 AND finished_at IS NULL";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(state.as_str())
                .bind(error)
                .bind(hint)
                .bind(now)
                .execute(conn)
                .await?;
        });
        if state == JobState::Cancelled {
            const ITEMS: &str =
                "UPDATE job_items SET state = 'cancelled' WHERE job_id = $1 AND state = 'pending'";
            on!(self, |conn| {
                sqlx::query(ITEMS).bind(id).execute(conn).await?;
            });
        }
        Ok(())
    }

    /// Forgets a job and its tags.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_job(&mut self, id: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM jobs WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).execute(conn).await?;
        });
        Ok(())
    }

    /// Asks a job to stop. `true` when nobody holds it, so it can be ended at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn request_cancel(&mut self, id: &str, now: DateTime<Utc>) -> Result<bool> {
        const SQL: &str = "UPDATE jobs SET cancel_requested = $2 WHERE id = $1 AND finished_at IS NULL
            RETURNING CAST(CASE WHEN lease_until IS NULL OR lease_until <= $3 THEN 1 ELSE 0 END AS BIGINT)";
        let free: Option<i64> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .bind(true)
            .bind(now)
            .fetch_optional(conn)
            .await?);
        Ok(free == Some(1))
    }

    /// A job as the worker needs it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn job_record(&mut self, id: &str) -> Result<Option<JobRecord>> {
        self.job_columns(id).await?.map(Columns::record).transpose()
    }

    /// Whether a job has not ended yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn is_under_way(&mut self, id: &str) -> Result<bool> {
        const SQL: &str = "SELECT id FROM jobs WHERE id = $1 AND finished_at IS NULL";
        let found: Option<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// A job as its page shows it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn job_view(&mut self, id: &str) -> Result<Option<JobView>> {
        self.job_columns(id).await?.map(Columns::view).transpose()
    }

    async fn job_columns(&mut self, id: &str) -> Result<Option<Columns>> {
        const SQL: &str = concat!(job_columns!(), "WHERE j.id = $1");
        Ok(on!(self, |conn| sqlx::query_as(SQL)
            .bind(id)
            .fetch_optional(conn)
            .await?))
    }

    /// Fixes the generation a job's writes share.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_job_generation(&mut self, id: &str, generation: i64) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET generation = $2 WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(generation)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// The next tags to do, in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pending_items(&mut self, job_id: &str, limit: i64) -> Result<Vec<PendingItem>> {
        const SQL: &str = "SELECT position, tag, reference, insecure FROM job_items
            WHERE job_id = $1 AND state = 'pending' ORDER BY position LIMIT $2";
        let rows: Vec<(i64, String, String, bool)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(job_id)
            .bind(limit)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(position, tag, reference, insecure)| {
                Ok(PendingItem {
                    position,
                    tag: row::parse("job_items.tag", &tag)?,
                    reference: row::parse("job_items.reference", &reference)?,
                    insecure,
                })
            })
            .collect()
    }

    /// The newest import of a whole repository for a stream.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn newest_repository_job(&mut self, stream_id: &str) -> Result<Option<JobRecord>> {
        const SQL: &str = concat!(
            job_columns!(),
            "WHERE j.stream_id = $1 AND j.all_tags AND j.listed AND j.kind = 'import' ORDER BY j.id DESC LIMIT 1"
        );
        let found: Option<Columns> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .fetch_optional(conn)
            .await?);
        found.map(Columns::record).transpose()
    }

    /// Names of the tags the cap left out or the job was stopped before, in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn left_out_items(&mut self, job_id: &str) -> Result<Vec<TagName>> {
        const SQL: &str = "SELECT tag FROM job_items WHERE job_id = $1 AND state IN ('left-out', 'cancelled') ORDER BY position LIMIT 100000";
        let rows: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(job_id)
            .fetch_all(conn)
            .await?);
        rows.iter()
            .map(|tag| row::parse("job_items.tag", tag))
            .collect()
    }

    /// Writes what came of some items, and the job's progress with it, if `owner` still holds the job.
    ///
    /// # Errors
    /// When the database refuses; `Conflict` when the lease was lost: the transaction must then be dropped.
    pub async fn finish_items(
        &mut self,
        job_id: &str,
        owner: &str,
        outcomes: &[ItemOutcome],
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.hold(job_id, owner).await?;
        for chunk in outcomes.chunks(500) {
            on!(self, |conn| {
                // The rows are there; one upsert writes many at once.
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO job_items (job_id, position, tag, reference, insecure, state, digest, message,
                    finished_at) ",
                );
                query.push_values(chunk, |mut row, outcome| {
                    row.push_bind(job_id)
                        .push_bind(outcome.item.position)
                        .push_bind(outcome.item.tag.as_str())
                        .push_bind(outcome.item.reference.to_string())
                        .push_bind(outcome.item.insecure)
                        .push_bind(outcome.state.as_str())
                        .push_bind(outcome.digest.as_ref().map(Digest::as_str))
                        .push_bind(outcome.message.as_str())
                        .push_bind(now);
                });
                query.push(
                    " ON CONFLICT (job_id, position) DO UPDATE SET state = excluded.state, digest = excluded.digest,
                    message = excluded.message, finished_at = excluded.finished_at",
                );
                query.build().execute(conn).await?;
            });
        }
        let count = |state| {
            let n = outcomes
                .iter()
                .filter(|outcome| outcome.state == state)
                .count();
            i64::try_from(n).unwrap_or(i64::MAX)
        };
        const SQL: &str =
            "UPDATE jobs SET done = done + $2, unchanged = unchanged + $3, failed = failed + $4
            WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(job_id)
                .bind(i64::try_from(outcomes.len()).unwrap_or(i64::MAX))
                .bind(count(ItemState::Unchanged))
                .bind(count(ItemState::Failed))
                .execute(conn)
                .await?;
        });
        Ok(())
    }
}
