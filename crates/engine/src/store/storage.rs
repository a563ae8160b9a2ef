//! What images take and what of it is stored here; how often tags are pulled.

use chrono::{DateTime, Utc};
use model::{
    Digest, Page, PageRequest, StreamRef, TagName,
    storage::{ImageStorage, NamespaceStorage, Pulls, StorageTotal, StreamStorage},
};
use sqlx::AssertSqlSafe;

use super::{Tx, on, row, within::images_in};
use crate::error::{Error, Result};

/// The setting that holds what all streams take.
const TOTAL: &str = "storage.total";

#[derive(sqlx::FromRow)]
struct Row {
    namespace: String,
    name: String,
    images: i64,
    bytes: i64,
    stored_bytes: i64,
    pulls: i64,
    pulled_at: Option<DateTime<Utc>>,
    measured_at: DateTime<Utc>,
}

/// What was measured of a stream.
pub(crate) struct Measures {
    images: i64,
    bytes: i64,
    stored_bytes: i64,
    pulls: i64,
    pulled_at: Option<DateTime<Utc>>,
}

/// What a pull of the images a condition chooses needs, each once, with whether it is stored here: layers, without those that
/// may not be passed on ([`model::image::is_foreign`]), which never are; manifests, configs, and what indexes of blobs name.
/// What has no known size takes a byte, so that it is missed when it is missing.
macro_rules! needed_by {
    ($images:expr) => {
        concat!(
            "WITH chosen (digest) AS (", $images, "), needed (digest, size, layer) AS (
                SELECT l.digest, l.size, 1 FROM chosen c JOIN image_layers l ON l.image_digest = c.digest
                WHERE l.media_type NOT LIKE '%.foreign.%' AND l.media_type NOT LIKE '%.nondistributable.%'
                UNION ALL SELECT i.digest, COALESCE(NULLIF(i.manifest_size, 0), 1), 0
                FROM chosen c JOIN images i ON i.digest = c.digest
                UNION ALL SELECT i.config_digest, COALESCE(OCTET_LENGTH(i.config), 1), 0
                FROM chosen c JOIN images i ON i.digest = c.digest WHERE i.config_digest IS NOT NULL
                UNION ALL SELECT e.digest, e.size, 0 FROM chosen c JOIN image_children e ON e.image_digest = c.digest
                WHERE e.media_type <> '' AND e.media_type NOT LIKE '%manifest%' AND e.media_type NOT LIKE '%.image.index.%')
            SELECT CAST(COALESCE(SUM(layer), 0) AS BIGINT), CAST(COALESCE(SUM(size), 0) AS BIGINT),
                CAST(COALESCE(SUM(stored * layer), 0) AS BIGINT), CAST(COALESCE(SUM(stored * size), 0) AS BIGINT),
                CAST(COALESCE(SUM(1 - stored), 0) AS BIGINT)
            FROM (SELECT n.digest, MAX(n.layer) AS layer, MAX(n.size) AS size,
                MAX(CASE WHEN s.digest IS NULL THEN 0 ELSE 1 END) AS stored
                FROM needed n LEFT JOIN stored_blobs s ON s.digest = n.digest GROUP BY n.digest) AS each_once"
        )
    };
}

impl Tx {
    /// Notes that a blob is stored.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn note_stored(
        &mut self,
        digest: &Digest,
        size: u64,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO stored_blobs (digest, size, stored_at) VALUES ($1, $2, $3)
            ON CONFLICT (digest) DO NOTHING";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(digest.as_str())
                .bind(i64::try_from(size).unwrap_or(i64::MAX))
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Notes that a blob is not stored any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn forget_stored(&mut self, digest: &Digest) -> Result<()> {
        const SQL: &str = "DELETE FROM stored_blobs WHERE digest = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(digest.as_str()).execute(conn).await?;
        });
        Ok(())
    }

    /// What one image takes, with all platforms of an index.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image_storage(&mut self, digest: &Digest) -> Result<ImageStorage> {
        const SQL: &str = needed_by!(
            "SELECT $1 UNION SELECT digest FROM image_children WHERE image_digest = $1
            UNION SELECT i.digest FROM image_children c JOIN image_children i ON i.image_digest = c.digest
                WHERE c.image_digest = $1"
        );
        let (layers, bytes, stored_layers, stored_bytes, missing): (i64, i64, i64, i64, i64) =
            on!(self, |conn| sqlx::query_as(SQL)
                .bind(digest.as_str())
                .fetch_one(conn)
                .await?);
        Ok(ImageStorage {
            layers,
            bytes,
            stored_layers,
            stored_bytes,
            missing,
        })
    }

    /// Streams that were never measured, then those measured longest ago, before a time.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn streams_to_measure(
        &mut self,
        before: DateTime<Utc>,
        most: i64,
    ) -> Result<Vec<String>> {
        const NEW: &str = "SELECT s.id FROM streams s
            WHERE NOT EXISTS (SELECT 1 FROM stream_storage m WHERE m.stream_id = s.id) LIMIT $1";
        const OLD: &str = "SELECT stream_id FROM stream_storage WHERE measured_at < $2
            ORDER BY measured_at LIMIT $1";
        let new: Vec<String> = on!(self, |conn| sqlx::query_scalar(NEW)
            .bind(most)
            .fetch_all(conn)
            .await?);
        if !new.is_empty() {
            return Ok(new);
        }
        Ok(on!(self, |conn| sqlx::query_scalar(OLD)
            .bind(most)
            .bind(before)
            .fetch_all(conn)
            .await?))
    }

    /// Measures a stream.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn measure_stream(&mut self, stream_id: &str) -> Result<Measures> {
        const NEEDED: &str = needed_by!(images_in!("$1"));
        const IMAGES: &str = concat!("SELECT COUNT(*) FROM (", images_in!("$1"), ") AS images");
        const PULLS: &str = "SELECT CAST(COALESCE(SUM(pulls), 0) AS BIGINT), MAX(pulled_at)
            FROM tags WHERE stream_id = $1";
        let (_, bytes, _, stored_bytes, _): (i64, i64, i64, i64, i64) =
            on!(self, |conn| sqlx::query_as(NEEDED)
                .bind(stream_id)
                .fetch_one(conn)
                .await?);
        let images: i64 = on!(self, |conn| sqlx::query_scalar(IMAGES)
            .bind(stream_id)
            .fetch_one(conn)
            .await?);
        let (pulls, pulled_at): (i64, Option<DateTime<Utc>>) =
            on!(self, |conn| sqlx::query_as(PULLS)
                .bind(stream_id)
                .fetch_one(conn)
                .await?);
        Ok(Measures {
            images,
            bytes,
            stored_bytes,
            pulls,
            pulled_at,
        })
    }

    /// Keeps what was measured of a stream; of one that is gone since, nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn set_measures(
        &mut self,
        stream_id: &str,
        measures: &Measures,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO stream_storage (stream_id, images, bytes, stored_bytes, pulls, pulled_at, measured_at)
            SELECT id, $2, $3, $4, $5, $6, $7 FROM streams WHERE id = $1
            ON CONFLICT (stream_id) DO UPDATE SET images = excluded.images, bytes = excluded.bytes,
                stored_bytes = excluded.stored_bytes, pulls = excluded.pulls, pulled_at = excluded.pulled_at,
                measured_at = excluded.measured_at";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream_id)
                .bind(measures.images)
                .bind(measures.bytes)
                .bind(measures.stored_bytes)
                .bind(measures.pulls)
                .bind(measures.pulled_at)
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Measures what all streams take together.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn measure_total(&mut self, now: DateTime<Utc>) -> Result<StorageTotal> {
        const STORED: &str =
            "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM stored_blobs";
        const STREAMS: &str =
            "SELECT CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) FROM stream_storage";
        let (blobs, bytes): (i64, i64) =
            on!(self, |conn| sqlx::query_as(STORED).fetch_one(conn).await?);
        let unshared_bytes: i64 = on!(self, |conn| sqlx::query_scalar(STREAMS)
            .fetch_one(conn)
            .await?);
        Ok(StorageTotal {
            blobs,
            bytes,
            unshared_bytes,
            measured_at: Some(now),
        })
    }

    /// Keeps what all streams take together.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn set_storage_total(&mut self, total: &StorageTotal) -> Result<()> {
        const SQL: &str = "INSERT INTO settings (key, value) VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let value = serde_json::to_string(total).map_err(|error| Error::Internal {
            doing: "writing what is stored",
            source: Box::new(error),
        })?;
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(TOTAL)
                .bind(&value)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// What all streams take together.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn storage_total(&mut self) -> Result<StorageTotal> {
        const SQL: &str = "SELECT value FROM settings WHERE key = $1";
        let value: Option<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(TOTAL)
            .fetch_optional(conn)
            .await?);
        match value {
            None => Ok(StorageTotal::default()),
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| Error::inconsistent(format_args!("settings.{TOTAL}: {error}"))),
        }
    }

    /// What namespaces take, as their streams were measured; the first 250.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn storage_of_namespaces(&mut self) -> Result<Vec<NamespaceStorage>> {
        const SQL: &str =
            "SELECT s.namespace, CAST(SUM(m.bytes) AS BIGINT), CAST(SUM(m.stored_bytes) AS BIGINT),
                CAST(SUM(m.pulls) AS BIGINT)
            FROM streams s JOIN stream_storage m ON m.stream_id = s.id
            GROUP BY s.namespace ORDER BY s.namespace LIMIT 250";
        let rows: Vec<(String, i64, i64, i64)> =
            on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await?);
        rows.into_iter()
            .map(|(namespace, bytes, stored_bytes, pulls)| {
                Ok(NamespaceStorage {
                    namespace: row::parse("streams.namespace", &namespace)?,
                    bytes,
                    stored_bytes,
                    pulls,
                })
            })
            .collect()
    }

    /// One page of what streams take, by namespace and name; of one namespace if it is not empty.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_storage(
        &mut self,
        namespace: &str,
        page: &PageRequest,
    ) -> Result<Page<StreamStorage>> {
        let (compare, order) = if page.backwards() {
            ("<", "DESC")
        } else {
            (">", "ASC")
        };
        let sql = format!(
            "SELECT s.namespace, s.name, m.images, m.bytes, m.stored_bytes, m.pulls, m.pulled_at, m.measured_at
            FROM streams s JOIN stream_storage m ON m.stream_id = s.id
            WHERE (s.namespace, s.name) {compare} ($1, $2) AND ($3 = '' OR s.namespace = $3)
            ORDER BY s.namespace {order}, s.name {order} LIMIT $4"
        );
        let (after, name) = page.key().split_once('/').unwrap_or((page.key(), ""));
        let rows: Vec<Row> = on!(self, |conn| {
            // Only fixed words of ours are put in.
            sqlx::query_as(AssertSqlSafe(sql))
                .bind(after)
                .bind(name)
                .bind(namespace)
                .bind(page.fetch())
                .fetch_all(conn)
                .await?
        });
        let rows = rows
            .into_iter()
            .map(|row| {
                Ok(StreamStorage {
                    stream: StreamRef::parse(&row.namespace, &row.name)
                        .map_err(Error::inconsistent)?,
                    images: row.images,
                    bytes: row.bytes,
                    stored_bytes: row.stored_bytes,
                    pulls: row.pulls,
                    pulled_at: row.pulled_at,
                    measured_at: row.measured_at,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows(rows, page, |row| row.stream.to_string()))
    }

    /// Adds pulls of a tag.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn add_pulls(
        &mut self,
        stream: &StreamRef,
        tag: &TagName,
        pulls: Pulls,
    ) -> Result<()> {
        const SQL: &str = "UPDATE tags SET pulls = pulls + $4, pulled_at = $5
            WHERE name = $3 AND stream_id = (SELECT id FROM streams WHERE namespace = $1 AND name = $2)";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(stream.namespace.as_str())
                .bind(stream.name.as_str())
                .bind(tag.as_str())
                .bind(pulls.count)
                .bind(pulls.last)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// How often a tag was pulled.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pulls(&mut self, stream_id: &str, tag: &TagName) -> Result<Pulls> {
        const SQL: &str = "SELECT pulls, pulled_at FROM tags WHERE stream_id = $1 AND name = $2";
        let found: Option<(i64, Option<DateTime<Utc>>)> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(stream_id)
            .bind(tag.as_str())
            .fetch_optional(conn)
            .await?);
        Ok(found.map_or_else(Pulls::default, |(count, last)| Pulls { count, last }))
    }

    /// Tags of a stream whose head is an image, at most 50.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn tags_with_head(
        &mut self,
        stream_id: &str,
        digest: &Digest,
    ) -> Result<Vec<TagName>> {
        const SQL: &str = "SELECT name FROM tags WHERE stream_id = $1 AND head_digest = $2
            ORDER BY name LIMIT 50";
        let names: Vec<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(stream_id)
            .bind(digest.as_str())
            .fetch_all(conn)
            .await?);
        names
            .iter()
            .map(|name| super::row::parse("tags.name", name))
            .collect()
    }
}
