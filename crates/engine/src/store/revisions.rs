//! The history of tags: revisions, newest first.

use chrono::{DateTime, Utc};
use model::{Cause, Digest, Page, PageRequest, Reference, Revision, StreamRef, TagName};

use super::{StreamRecord, Tx, on, row};
use crate::error::Result;

#[derive(sqlx::FromRow)]
struct RevisionColumns {
    number: i64,
    digest: String,
    reference: String,
    generation: i64,
    cause: String,
    actor: String,
    job_id: Option<String>,
    created_at: DateTime<Utc>,
}

impl RevisionColumns {
    fn revision(self) -> Result<Revision> {
        Ok(Revision {
            number: self.number,
            digest: row::parse("revisions.digest", &self.digest)?,
            reference: row::parse("revisions.reference", &self.reference)?,
            generation: self.generation,
            created_at: self.created_at,
            cause: row::word("revisions.cause", &self.cause, Cause::from_word)?,
            actor: self.actor,
            job_id: self.job_id,
        })
    }
}

impl Tx {
    /// One revision of a tag.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn revision(
        &mut self,
        stream_id: &str,
        tag: &TagName,
        number: i64,
    ) -> Result<Option<Revision>> {
        const SQL: &str =
            "SELECT number, digest, reference, generation, cause, actor, job_id, created_at
            FROM revisions WHERE stream_id = $1 AND tag = $2 AND number = $3";
        let found: Option<RevisionColumns> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(stream_id)
                .bind(tag.as_str())
                .bind(number)
                .fetch_optional(conn)
                .await?
        });
        found.map(RevisionColumns::revision).transpose()
    }

    /// Revisions of all tags of a stream, by tag and newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn all_revisions(
        &mut self,
        stream_id: &str,
        limit: usize,
    ) -> Result<Vec<(TagName, Revision)>> {
        #[derive(sqlx::FromRow)]
        struct Row {
            tag: String,
            #[sqlx(flatten)]
            revision: RevisionColumns,
        }
        const SQL: &str =
            "SELECT tag, number, digest, reference, generation, cause, actor, job_id, created_at
            FROM revisions WHERE stream_id = $1 ORDER BY tag, number DESC LIMIT $2";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|row| {
                let tag = row::parse("revisions.tag", &row.tag)?;
                Ok((tag, row.revision.revision()?))
            })
            .collect()
    }

    /// One page of a tag's revisions, newest first: of all, or of those up to number `newest`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn history(
        &mut self,
        stream_id: &str,
        tag: &TagName,
        newest: Option<i64>,
        page: &PageRequest,
    ) -> Result<Page<Revision>> {
        const FORWARDS: &str = "SELECT number, digest, reference, generation, cause, actor, job_id, created_at
            FROM revisions WHERE stream_id = $1 AND tag = $2 AND number < $3 AND number <= $5 ORDER BY number DESC LIMIT $4";
        const BACKWARDS: &str = "SELECT number, digest, reference, generation, cause, actor, job_id, created_at
            FROM revisions WHERE stream_id = $1 AND tag = $2 AND number > $3 AND number <= $5 ORDER BY number LIMIT $4";
        let sql = if page.backwards() {
            BACKWARDS
        } else {
            FORWARDS
        };
        let number: i64 = page.key().parse().unwrap_or(i64::MAX);
        let rows: Vec<RevisionColumns> = on!(self, |conn| {
            sqlx::query_as(sql)
                .bind(stream_id)
                .bind(tag.as_str())
                .bind(number)
                .bind(page.fetch())
                .bind(newest.unwrap_or(i64::MAX))
                .fetch_all(conn)
                .await?
        });
        let rows = rows
            .into_iter()
            .map(RevisionColumns::revision)
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |revision| {
            revision.number.to_string()
        }))
    }

    /// Images of a stream's history, and those in its indexes, whose hex digest begins with `prefix`: at most 10, each
    /// with its newest reference, as it is found from the stream `to`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn find_images(
        &mut self,
        stream: &StreamRecord,
        prefix: &str,
        to: &StreamRef,
    ) -> Result<Vec<(Digest, Reference)>> {
        const SQL: &str = "SELECT digest, MAX(reference) FROM (
                SELECT digest, reference FROM revisions
                WHERE stream_id = $1 AND digest >= $2 AND digest < $3
                UNION ALL SELECT c.digest, r.reference FROM image_children c
                JOIN images i ON i.digest = c.digest
                JOIN revisions r ON r.digest = c.image_digest
                WHERE r.stream_id = $1 AND c.digest >= $2 AND c.digest < $3
                UNION ALL SELECT c.digest, r.reference FROM image_children c
                JOIN images i ON i.digest = c.digest
                JOIN image_children o ON o.digest = c.image_digest
                JOIN revisions r ON r.digest = o.image_digest
                WHERE r.stream_id = $1 AND c.digest >= $2 AND c.digest < $3
            ) AS found
            GROUP BY digest ORDER BY digest LIMIT 10";
        let from = format!("sha256:{prefix}");
        // 'g' follows the last hex digit.
        let until = format!("sha256:{prefix}g");
        let rows: Vec<(String, String)> = on!(self, |conn| {
            sqlx::query_as(SQL)
                .bind(&stream.id)
                .bind(&from)
                .bind(&until)
                .fetch_all(conn)
                .await?
        });
        rows.iter()
            .map(|(digest, reference)| {
                let digest: Digest = row::parse("revisions.digest", digest)?;
                let reference: Reference = row::parse("revisions.reference", reference)?;
                let reference =
                    self.brought(&reference.with_digest(&digest), &stream.stream, to)?;
                Ok((digest, reference))
            })
            .collect()
    }
}
