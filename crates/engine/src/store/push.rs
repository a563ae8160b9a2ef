//! What was pushed: uploads on their way, blobs and manifests that streams have of their own, and what is attached to an
//! image.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use model::{Digest, StreamRef};

use super::{
    Tx, on, row,
    within::{having, indexes_of},
};
use crate::error::Result;

/// One piece of an upload, as it lies beside the blobs.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: String,
    /// Its first byte within the upload.
    pub(crate) start: i64,
}

/// A manifest that is attached to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Its digest.
    pub digest: Digest,
    /// Media type of the manifest.
    pub media_type: String,
    /// Bytes of the manifest.
    pub size: i64,
    /// What it is: a signature, a list of parts, …
    pub artifact_type: String,
    /// Its own annotations.
    pub annotations: BTreeMap<String, String>,
}

/// Characters of annotations after which a page of what is attached to an image ends: those of one manifest fit.
const PAGE_OF_ANNOTATIONS: i64 = 4 << 20;

/// Whether an image of a stream has a blob, be it in a tag's history or pushed by digest, as a layer, as its config, or by
/// way of an index.
macro_rules! in_use {
    ($stream:expr, $digest:expr) => {
        concat!(
            "(EXISTS (SELECT 1 FROM revisions u WHERE u.stream_id = ",
            $stream,
            " AND u.digest IN (",
            having!($digest),
            ")) OR EXISTS (SELECT 1 FROM pushed_images u WHERE u.stream_id = ",
            $stream,
            " AND u.digest IN (",
            having!($digest),
            ")))"
        )
    };
}

/// Whether a row of `pushed_blobs` is older than a time and of no image of its stream, or of a stream that never came to
/// be.
macro_rules! orphaned {
    ($before:expr) => {
        concat!(
            "pushed_at < ",
            $before,
            " AND NOT EXISTS (SELECT 1 FROM streams s
                WHERE s.namespace = pushed_blobs.namespace AND s.name = pushed_blobs.stream AND ",
            in_use!("s.id", "pushed_blobs.digest"),
            ")"
        )
    };
}

impl Tx {
    /// Notes that an upload begins.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn insert_upload(
        &mut self,
        id: &str,
        stream: &StreamRef,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str =
            "INSERT INTO uploads (id, namespace, stream, size, started_at, touched_at)
            VALUES ($1, $2, $3, 0, $4, $4)";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(id)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// How many bytes of an upload to this stream are here; none if there is no such upload.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn upload_size(
        &mut self,
        id: &str,
        stream: &StreamRef,
    ) -> Result<Option<i64>> {
        const SQL: &str =
            "SELECT size FROM uploads WHERE id = $1 AND namespace = $2 AND stream = $3";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .bind(stream.namespace.as_str())
            .bind(stream.name.as_str())
            .fetch_optional(conn)
            .await?))
    }

    /// Whether there is such an upload, to any stream.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn upload_exists(&mut self, id: &str) -> Result<bool> {
        const SQL: &str = "SELECT 1 FROM uploads WHERE id = $1";
        let found: Option<i32> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(id)
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// Notes a part that was written. False when the upload is gone, or has grown otherwise meanwhile.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn extend_upload(
        &mut self,
        id: &str,
        part: &Part,
        size: i64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        const GROW: &str =
            "UPDATE uploads SET size = $3, touched_at = $4 WHERE id = $1 AND size = $2";
        const PART: &str = "INSERT INTO upload_parts (upload_id, start, name) VALUES ($1, $2, $3)";
        let grown = on!(self, |conn| sqlx::query(GROW)
            .bind(id)
            .bind(part.start)
            .bind(part.start.saturating_add(size))
            .bind(now)
            .execute(conn)
            .await?
            .rows_affected());
        if grown == 0 {
            return Ok(false);
        }
        if size > 0 {
            on!(self, |conn| {
                sqlx::query(PART)
                    .bind(id)
                    .bind(part.start)
                    .bind(&part.name)
                    .execute(conn)
                    .await?;
            });
        }
        Ok(true)
    }

    /// The parts of an upload in their order.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn upload_parts(&mut self, id: &str) -> Result<Vec<Part>> {
        const SQL: &str =
            "SELECT name, start FROM upload_parts WHERE upload_id = $1 ORDER BY start";
        Ok(on!(self, |conn| sqlx::query_as(SQL)
            .bind(id)
            .fetch_all(conn)
            .await?))
    }

    /// Forgets an upload. False when it is gone already.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn delete_upload(&mut self, id: &str) -> Result<bool> {
        const SQL: &str = "DELETE FROM uploads WHERE id = $1";
        let gone = on!(self, |conn| sqlx::query(SQL)
            .bind(id)
            .execute(conn)
            .await?
            .rows_affected());
        Ok(gone > 0)
    }

    /// Uploads nobody has touched since, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn abandoned_uploads(
        &mut self,
        before: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<String>> {
        const SQL: &str =
            "SELECT id FROM uploads WHERE touched_at < $1 ORDER BY touched_at LIMIT $2";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(before)
            .bind(most)
            .fetch_all(conn)
            .await?))
    }

    /// Notes that a stream has a blob of its own.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn link_blob(
        &mut self,
        stream: &StreamRef,
        digest: &Digest,
        size: u64,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO pushed_blobs (namespace, stream, digest, size, pushed_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (namespace, stream, digest) DO UPDATE SET pushed_at = EXCLUDED.pushed_at";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .bind(digest.as_str())
                .bind(i64::try_from(size).unwrap_or(i64::MAX))
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Whether a stream has a blob of its own.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn has_pushed_blob(
        &mut self,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<bool> {
        const SQL: &str =
            "SELECT 1 FROM pushed_blobs WHERE namespace = $1 AND stream = $2 AND digest = $3";
        let found: Option<i32> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream.namespace.as_str())
            .bind(stream.name.as_str())
            .bind(digest.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// Whether an image of a stream has a blob, tagged or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn blob_in_use(&mut self, stream_id: &str, digest: &Digest) -> Result<bool> {
        const SQL: &str = concat!("SELECT 1 WHERE ", in_use!("$1", "$2"));
        let found: Option<i32> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// Takes a blob of its own away from a stream. False when it has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn unlink_blob(
        &mut self,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<bool> {
        const SQL: &str =
            "DELETE FROM pushed_blobs WHERE namespace = $1 AND stream = $2 AND digest = $3";
        let gone = on!(self, |conn| sqlx::query(SQL)
            .bind(stream.namespace.as_str())
            .bind(stream.name.as_str())
            .bind(digest.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(gone > 0)
    }

    /// Takes all blobs of its own away from a stream that goes.
    pub(super) async fn unlink_blobs(&mut self, stream_id: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM pushed_blobs WHERE EXISTS (SELECT 1 FROM streams s
            WHERE s.id = $1 AND s.namespace = pushed_blobs.namespace AND s.name = pushed_blobs.stream)";
        on!(self, |conn| {
            sqlx::query(SQL).bind(stream_id).execute(conn).await?;
        });
        Ok(())
    }

    /// Blobs pushed to a stream before a time that no image of it names, at most so many.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn orphans(
        &mut self,
        before: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<(StreamRef, Digest)>> {
        const SQL: &str = concat!(
            "SELECT namespace, stream, digest FROM pushed_blobs WHERE ",
            orphaned!("$1"),
            " LIMIT $2"
        );
        let rows: Vec<(String, String, String)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(before)
            .bind(most)
            .fetch_all(conn)
            .await?);
        rows.into_iter()
            .map(|(namespace, name, digest)| {
                let stream = StreamRef {
                    namespace: row::parse("pushed_blobs.namespace", &namespace)?,
                    name: row::parse("pushed_blobs.stream", &name)?,
                };
                Ok((stream, row::parse("pushed_blobs.digest", &digest)?))
            })
            .collect()
    }

    /// Takes one of [`Tx::orphans`] away, if it still is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn unlink_orphan(
        &mut self,
        stream: &StreamRef,
        digest: &Digest,
        before: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = concat!(
            "DELETE FROM pushed_blobs WHERE namespace = $1 AND stream = $2 AND digest = $3 AND ",
            orphaned!("$4")
        );
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .bind(digest.as_str())
                .bind(before)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Notes that a manifest that needs these blobs is being pushed: those the stream has stay for now.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn keep_blobs(
        &mut self,
        stream: &StreamRef,
        digests: &[(Digest, Option<i64>)],
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "UPDATE pushed_blobs SET pushed_at = $4
            WHERE namespace = $1 AND stream = $2 AND digest = $3";
        // In one order: two pushes at a time do not wait for each other.
        let digests: BTreeSet<&Digest> = digests.iter().map(|(digest, _)| digest).collect();
        for digest in digests {
            on!(self, |conn| {
                sqlx::query(SQL)
                    .bind(stream.namespace.as_str())
                    .bind(stream.name.as_str())
                    .bind(digest.as_str())
                    .bind(now)
                    .execute(conn)
                    .await?;
            });
        }
        Ok(())
    }

    /// Notes that a manifest was pushed to a stream. The image may have been imported before.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn link_image(
        &mut self,
        stream_id: &str,
        digest: &Digest,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str =
            "INSERT INTO pushed_images (stream_id, digest, pushed_at) VALUES ($1, $2, $3)
            ON CONFLICT (stream_id, digest) DO NOTHING";
        const MANAGED: &str = "UPDATE images SET managed = TRUE WHERE digest = $1 AND NOT managed";
        on!(self, |conn| {
            sqlx::query(MANAGED)
                .bind(digest.as_str())
                .execute(conn)
                .await?;
        });
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream_id)
                .bind(digest.as_str())
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Whether a manifest was pushed to a stream, or is in an index that was.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn has_pushed_image(
        &mut self,
        stream_id: &str,
        digest: &Digest,
    ) -> Result<bool> {
        const SQL: &str = concat!(
            "SELECT 1 FROM pushed_images WHERE stream_id = $1 AND (digest = $2 OR digest IN (",
            indexes_of!("$2"),
            ")) LIMIT 1"
        );
        let found: Option<i32> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// How many images a stream has, counted up to `most`; none if this one is among them.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn images_without(
        &mut self,
        stream_id: &str,
        digest: &Digest,
        most: i64,
    ) -> Result<Option<i64>> {
        const SQL: &str = "SELECT COUNT(*), COALESCE(MAX(CASE WHEN digest = $2 THEN 1 ELSE 0 END), 0) FROM (
            SELECT digest FROM revisions WHERE stream_id = $1 AND digest = $2
            UNION SELECT digest FROM pushed_images WHERE stream_id = $1 AND digest = $2
            UNION SELECT digest FROM (SELECT DISTINCT digest FROM revisions WHERE stream_id = $1 LIMIT $3) AS tagged
            UNION SELECT digest FROM (SELECT digest FROM pushed_images WHERE stream_id = $1 LIMIT $3) AS pushed) AS images";
        let (count, among): (i64, i32) = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .bind(most)
            .fetch_one(conn)
            .await?);
        Ok((among == 0).then_some(count))
    }

    /// Takes a pushed manifest away from a stream. False when it has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn unlink_image(&mut self, stream_id: &str, digest: &Digest) -> Result<bool> {
        const SQL: &str = "DELETE FROM pushed_images WHERE stream_id = $1 AND digest = $2";
        let gone = on!(self, |conn| sqlx::query(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .execute(conn)
            .await?
            .rows_affected());
        Ok(gone > 0)
    }

    /// One page of what is attached to an image in a stream, by digest, and whether it ends early because its annotations
    /// fill it; `artifact_type` narrows when it is not empty.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn referrers(
        &mut self,
        stream_id: &str,
        subject: &Digest,
        artifact_type: &str,
        after: &str,
        most: i64,
    ) -> Result<(Vec<Referrer>, bool)> {
        const SQL: &str = "WITH found AS (SELECT i.digest, LENGTH(i.annotations) AS own FROM images i
                WHERE i.subject = $2 AND i.digest > $4 AND ($3 = '' OR i.artifact_type = $3)
                AND (EXISTS (SELECT 1 FROM pushed_images p WHERE p.stream_id = $1 AND p.digest = i.digest)
                    OR EXISTS (SELECT 1 FROM revisions r WHERE r.stream_id = $1 AND r.digest = i.digest))
                ORDER BY i.digest LIMIT $5),
            added AS (SELECT digest, CAST(SUM(own) OVER (ORDER BY digest) - own AS BIGINT) AS ahead FROM found)
            SELECT i.digest, i.media_type, i.manifest_size, i.artifact_type, i.annotations FROM added a
            JOIN images i ON i.digest = a.digest WHERE a.ahead < $6 ORDER BY i.digest";
        let rows: Vec<(String, String, i64, String, String)> =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(stream_id)
                .bind(subject.as_str())
                .bind(artifact_type)
                .bind(after)
                .bind(most)
                .bind(PAGE_OF_ANNOTATIONS)
                .fetch_all(conn)
                .await?);
        let room = usize::try_from(PAGE_OF_ANNOTATIONS).unwrap_or(usize::MAX);
        let characters = rows.iter().map(|row| row.4.chars().count());
        let full = characters.sum::<usize>() >= room;
        let rows = rows
            .into_iter()
            .map(|(digest, media_type, size, artifact_type, annotations)| {
                Ok(Referrer {
                    digest: row::parse("images.digest", &digest)?,
                    media_type,
                    size,
                    artifact_type,
                    annotations: row::map("images.annotations", &annotations)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok((rows, full))
    }
}
