//! Streams and namespaces: find, list, make, delete, and the counts kept beside them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use model::{
    Namespace, Page, PageRequest, Reference, StreamName, StreamRef,
    job::JobState,
    policy::Freshness,
    stream::{FailingTag, Overview, StreamFilter, StreamMeta, StreamRow, StreamView},
};

use super::{Tx, on, row};
use crate::error::{Error, Result};

/// A stream as rules and jobs need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    /// Id.
    pub id: String,
    /// Namespace and name.
    pub stream: StreamRef,
    /// Source repository.
    pub source: Option<Reference>,
    /// Its own insecure policy.
    pub insecure: bool,
    /// How fresh pulls by tag are.
    pub freshness: Freshness,
    /// The period, in seconds, of tags that are scheduled without one of their own; none for the server's.
    pub period: Option<u32>,
    /// What is noted about it.
    pub meta: StreamMeta,
    /// Generation of what it should be.
    pub generation: i64,
    /// How many tags it has.
    pub tags: i64,
    /// Its newest import.
    pub last_job_id: Option<String>,
    /// When an import last wrote to it, or first read its repository.
    pub checked_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    namespace: String,
    name: String,
    source: Option<String>,
    insecure: bool,
    freshness: String,
    period: Option<i64>,
    labels: String,
    annotations: String,
    lookup_local: bool,
    generation: i64,
    version: i64,
    tags: i64,
    failed_tags: i64,
    insecure_tags: i64,
    last_job_id: Option<String>,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    checked_at: Option<DateTime<Utc>>,
    import_state: Option<String>,
    left_out: Option<i64>,
}

macro_rules! columns {
    () => {
        "SELECT s.id, s.namespace, s.name, s.source, s.insecure, s.freshness, s.period, s.labels, s.annotations, s.lookup_local, s.generation, s.version, s.tags, s.failed_tags, s.insecure_tags,
            s.last_job_id, s.created_at, s.changed_at, s.checked_at, j.state AS import_state,
            (SELECT CASE WHEN a.state = 'cancelled' THEN a.left_out + a.total - a.done ELSE a.left_out END
                FROM jobs a WHERE a.stream_id = s.id AND a.all_tags AND a.listed AND a.kind = 'import'
                ORDER BY a.id DESC LIMIT 1) AS left_out
        FROM streams s LEFT JOIN jobs j ON j.id = s.last_job_id "
    };
}

impl Row {
    fn stream(&self) -> Result<StreamRef> {
        Ok(StreamRef {
            namespace: row::parse::<Namespace>("streams.namespace", &self.namespace)?,
            name: row::parse::<StreamName>("streams.name", &self.name)?,
        })
    }

    fn period(&self) -> Result<Option<u32>> {
        let period = self.period.map(u32::try_from).transpose();
        period.map_err(|_| {
            crate::Error::inconsistent(format_args!("streams.period: {:?}", self.period))
        })
    }

    fn meta(&self) -> Result<StreamMeta> {
        Ok(StreamMeta {
            labels: row::map("streams.labels", &self.labels)?,
            annotations: row::map("streams.annotations", &self.annotations)?,
            lookup_local: self.lookup_local,
        })
    }

    fn list_row(&self) -> Result<StreamRow> {
        Ok(StreamRow {
            stream: self.stream()?,
            source: row::parse_opt("streams.source", self.source.as_deref())?,
            tags: self.tags,
            failed: self.failed_tags,
            insecure: self.insecure || self.insecure_tags > 0,
            changed_at: self.changed_at,
            import: self
                .import_state
                .as_deref()
                .map(|word| row::word("jobs.state", word, JobState::from_word))
                .transpose()?,
        })
    }

    fn view(self) -> Result<StreamView> {
        Ok(StreamView {
            freshness: row::parse("streams.freshness", &self.freshness)?,
            period: self.period()?,
            row: self.list_row()?,
            insecure: self.insecure,
            meta: self.meta()?,
            generation: self.generation,
            version: self.version,
            created_at: self.created_at,
            left_out: self.left_out.unwrap_or(0),
            last_job: self.last_job_id,
            id: self.id,
        })
    }

    fn record(self) -> Result<StreamRecord> {
        Ok(StreamRecord {
            freshness: row::parse("streams.freshness", &self.freshness)?,
            period: self.period()?,
            stream: self.stream()?,
            source: row::parse_opt("streams.source", self.source.as_deref())?,
            insecure: self.insecure,
            meta: self.meta()?,
            generation: self.generation,
            tags: self.tags,
            last_job_id: self.last_job_id,
            checked_at: self.checked_at,
            id: self.id,
        })
    }
}

impl Tx {
    /// A stream as its page shows it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stream_view(&mut self, stream: &StreamRef) -> Result<Option<StreamView>> {
        self.stream_row(stream).await?.map(Row::view).transpose()
    }

    /// A stream as rules need it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stream(&mut self, stream: &StreamRef) -> Result<Option<StreamRecord>> {
        self.stream_row(stream).await?.map(Row::record).transpose()
    }

    async fn stream_row(&mut self, stream: &StreamRef) -> Result<Option<Row>> {
        const SQL: &str = concat!(columns!(), "WHERE s.namespace = $1 AND s.name = $2");
        Ok(on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .fetch_optional(conn)
                .await?
        }))
    }

    /// A stream by id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stream_by_id(&mut self, id: &str) -> Result<Option<StreamRecord>> {
        const SQL: &str = concat!(columns!(), "WHERE s.id = $1");
        let found: Option<Row> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(id)
            .fetch_optional(conn)
            .await?);
        found.map(Row::record).transpose()
    }

    /// Takes the stream's row lock until the end of the transaction, and those of streams whose tags follow tags of
    /// it: all in one order, so that two writers do not wait for each other.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lock_stream(&mut self, id: &str) -> Result<()> {
        self.lock_streams([id]).await
    }

    /// As [`Tx::lock_stream`], of several at once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lock_streams(&mut self, ids: impl IntoIterator<Item = &str>) -> Result<()> {
        let mut all: BTreeSet<String> = ids.into_iter().map(str::to_owned).collect();
        let mut next: Vec<String> = all.iter().cloned().collect();
        while let Some(id) = next.pop() {
            for follower in self.following_streams(&id).await? {
                if all.insert(follower.clone()) {
                    next.push(follower);
                }
            }
        }
        // Changes nothing: a transaction that finds nothing to do leaves the version and the journal alone.
        const SQL: &str = "UPDATE streams SET version = version WHERE id = $1";
        for id in &all {
            on!(self, |conn| {
                sqlx::query(SQL).bind(id).execute(conn).await?;
            });
        }
        Ok(())
    }

    /// One page of streams by namespace and name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_streams(
        &mut self,
        filter: &StreamFilter,
        page: &PageRequest,
    ) -> Result<Page<StreamRow>> {
        macro_rules! filtered {
            ($tail:literal) => {
                concat!(
                    columns!(),
                    "WHERE ($3 = '' OR s.namespace = $3) AND s.name LIKE $4 ESCAPE '\\'
                     AND (s.failed_tags >= $5) ",
                    $tail
                )
            };
        }
        const FORWARDS: &str =
            filtered!("AND (s.namespace, s.name) > ($1, $2) ORDER BY s.namespace, s.name LIMIT $6");
        const BACKWARDS: &str = filtered!(
            "AND (s.namespace, s.name) < ($1, $2) ORDER BY s.namespace DESC, s.name DESC LIMIT $6"
        );
        let sql = if page.backwards() {
            BACKWARDS
        } else {
            FORWARDS
        };
        let (namespace, name) = page.key().split_once('/').unwrap_or(("", ""));
        let wanted = filter.namespace.as_ref().map_or("", Namespace::as_str);
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(namespace)
                .bind(name)
                .bind(wanted)
                .bind(row::contains(&filter.text))
                .bind(i64::from(filter.failed))
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let rows = rows.iter().map(Row::list_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |row| row.stream.to_string()))
    }

    /// Namespaces in order, at most 250.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_namespaces(&mut self) -> Result<Vec<Namespace>> {
        const SQL: &str = "SELECT name FROM namespaces ORDER BY name LIMIT 250";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL).fetch_all(conn).await?);
        names
            .iter()
            .map(|name| row::parse("namespaces.name", name))
            .collect()
    }

    /// Makes sure a namespace exists.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn ensure_namespace(&mut self, name: &Namespace, now: DateTime<Utc>) -> Result<()> {
        const SQL: &str = "INSERT INTO namespaces (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(name.as_str())
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Inserts a stream of generation 1; `Conflict` when it is there.
    pub(super) async fn insert_stream(
        &mut self,
        id: &str,
        stream: &StreamRef,
        source: Option<&Reference>,
        insecure: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        // Whoever makes one holds the counter: nobody makes another between the look and the insert.
        let number = self.number().await?;
        const SQL: &str = "INSERT INTO streams (id, namespace, name, source, generation, version, created_at, changed_at, insecure)
            SELECT $1, $2, $3, $4, 1, $5, $6, $6, $7
            WHERE NOT EXISTS (SELECT 1 FROM streams WHERE namespace = $2 AND name = $3)";
        let made = on!(self, |conn| sqlx::query(SQL)
            .bind(id)
            .bind(stream.namespace.as_str())
            .bind(stream.name.as_str())
            .bind(source.map(ToString::to_string))
            .bind(number)
            .bind(now)
            .bind(insecure)
            .execute(conn)
            .await?
            .rows_affected());
        match made {
            0 => Err(Error::Conflict(format!(
                "{stream} was made by somebody else meanwhile; look at it and try again"
            ))),
            _ => Ok(()),
        }
    }

    /// Deletes a stream; tags, history, conditions and jobs go with it.
    pub(super) async fn remove_stream(&mut self, id: &str) -> Result<()> {
        self.unlink_blobs(id).await?;
        const SQL: &str = "DELETE FROM streams WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).execute(conn).await?;
        });
        Ok(())
    }

    /// Writes generation, source, policy and the differences of the counts.
    pub(super) async fn touch_stream(
        &mut self,
        after: &StreamRecord,
        counts: [i64; 3],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let number = self.number().await?;
        const SQL: &str = "UPDATE streams SET generation = $2, source = $3, tags = tags + $4,
            failed_tags = failed_tags + $5, insecure_tags = insecure_tags + $6, version = $7, changed_at = $8,
            insecure = $9, labels = $10, annotations = $11, lookup_local = $12, freshness = $13, period = $14
            WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(&after.id)
                .bind(after.generation)
                .bind(after.source.as_ref().map(ToString::to_string))
                .bind(counts[0])
                .bind(counts[1])
                .bind(counts[2])
                .bind(number)
                .bind(now)
                .bind(after.insecure)
                .bind(row::json(&after.meta.labels))
                .bind(row::json(&after.meta.annotations))
                .bind(after.meta.lookup_local)
                .bind(after.freshness.word())
                .bind(after.period.map(i64::from))
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Notes that an import has written to a stream.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_stream_checked(&mut self, id: &str, now: DateTime<Utc>) -> Result<()> {
        const SQL: &str = "UPDATE streams SET checked_at = $2 WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).bind(now).execute(conn).await?;
        });
        Ok(())
    }

    /// Notes the newest import of a stream.
    pub(super) async fn set_last_job(&mut self, id: &str, job: &str) -> Result<()> {
        const SQL: &str = "UPDATE streams SET last_job_id = $2 WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).bind(job).execute(conn).await?;
        });
        Ok(())
    }

    /// Tags that fail, those that began to last first, `most` at most of the first [`Overview::LIMIT`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn failing_tags(&mut self, most: i64) -> Result<Vec<FailingTag>> {
        const SQL: &str = "SELECT s.namespace, s.name, c.tag, c.message, c.since
            FROM (SELECT stream_id, tag, message, since FROM conditions LIMIT $1) c JOIN streams s ON s.id = c.stream_id
            ORDER BY c.since DESC, s.namespace, s.name, c.tag LIMIT $2";
        let rows: Vec<(String, String, String, String, DateTime<Utc>)> =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(Overview::LIMIT)
                .bind(most)
                .fetch_all(conn)
                .await?);
        rows.into_iter()
            .map(|(namespace, name, tag, message, since)| {
                Ok(FailingTag {
                    stream: StreamRef::parse(&namespace, &name).map_err(Error::inconsistent)?,
                    tag: row::parse("conditions.tag", &tag)?,
                    message,
                    since,
                })
            })
            .collect()
    }

    /// When the next scheduled or retried tag is due.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn next_due(&mut self) -> Result<Option<DateTime<Utc>>> {
        const SQL: &str =
            "SELECT due_at FROM tags WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .fetch_optional(conn)
            .await?))
    }

    /// The overview's figures; each stops counting at [`Overview::LIMIT`].
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn overview(&mut self) -> Result<Overview> {
        // Bounded inner selects: no figure reads more than LIMIT rows.
        const SQL: &str = "SELECT
            (SELECT COUNT(*) FROM (SELECT 1 FROM streams LIMIT $1) a),
            (SELECT COUNT(*) FROM (SELECT 1 FROM conditions LIMIT $1) b),
            (SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE finished_at IS NULL LIMIT $1) c),
            (SELECT COUNT(*) FROM (SELECT 1 FROM streams WHERE insecure OR insecure_tags > 0 LIMIT $1) d)";
        let (streams, failed_tags, active_jobs, insecure_streams): (i64, i64, i64, i64) =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(Overview::LIMIT)
                .fetch_one(conn)
                .await?);
        Ok(Overview {
            streams,
            failed_tags,
            active_jobs,
            insecure_streams,
        })
    }
}
