//! Images: facts by digest, written once, read by streams whose history holds them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use model::{
    Digest, Reference,
    image::{Child, Layer, ManifestFacts},
};
use sqlx::AssertSqlSafe;

use super::{Tx, on, row, within::indexes_of};
use crate::error::Result;

/// An image as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredImage {
    /// Digest of the manifest.
    pub digest: Digest,
    /// Media type of the manifest.
    pub media_type: String,
    /// Digest of the config blob; none for an index.
    pub config_digest: Option<Digest>,
    /// The config blob, as the registry gave it.
    pub config: Option<String>,
    /// Operating system; empty for an index.
    pub os: String,
    /// Processor architecture; empty for an index.
    pub architecture: String,
    /// Such as `v8`; empty if none.
    pub variant: String,
    /// By its own word.
    pub author: String,
    /// Config and unique layers, in bytes.
    pub size: i64,
    /// By its own word.
    pub created_at: Option<DateTime<Utc>>,
    /// Base first; `created_by` is not stored here but in the config.
    pub layers: Vec<Layer>,
    /// Children of an index, in its order.
    pub children: Vec<Child>,
    /// What the manifest says of itself.
    pub facts: ManifestFacts,
    /// Whether it came by a push, and is nowhere else.
    pub managed: bool,
}

impl From<crate::upstream::Image> for StoredImage {
    fn from(image: crate::upstream::Image) -> Self {
        Self {
            digest: image.digest,
            media_type: image.media_type,
            config_digest: image.config_digest,
            config: image.config,
            os: image.os,
            architecture: image.architecture,
            variant: image.variant,
            author: image.author,
            size: image.size,
            created_at: image.created_at,
            layers: image
                .layers
                .into_iter()
                .map(|layer| Layer {
                    digest: layer.digest,
                    size: layer.size,
                    media_type: layer.media_type,
                    created_by: String::new(),
                })
                .collect(),
            children: image.children,
            facts: image.facts,
            managed: false,
        }
    }
}

#[derive(sqlx::FromRow)]
struct ImageColumns {
    digest: String,
    media_type: String,
    config_digest: Option<String>,
    config: Option<String>,
    os: String,
    architecture: String,
    variant: String,
    author: String,
    size: i64,
    created_at: Option<DateTime<Utc>>,
    managed: bool,
    manifest_size: i64,
    subject: Option<String>,
    artifact_type: String,
    annotations: String,
}

impl Tx {
    /// Which of these images are stored already.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn known_images(&mut self, digests: &[Digest]) -> Result<BTreeSet<Digest>> {
        let mut known = BTreeSet::new();
        for chunk in digests.chunks(500) {
            let list: Vec<_> = (1..=chunk.len()).map(|i| format!("${i}")).collect();
            let sql = format!(
                "SELECT digest FROM images WHERE digest IN ({})",
                list.join(", ")
            );
            let rows: Vec<String> = on!(self, |conn| {
                // Only placeholders are put in.
                let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
                for digest in chunk {
                    query = query.bind(digest.as_str());
                }
                query.fetch_all(conn).await?
            });
            for digest in rows {
                known.insert(row::parse("images.digest", &digest)?);
            }
        }
        Ok(known)
    }

    /// Stores images; those that are there already stay as they are.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn insert_images(
        &mut self,
        images: &[StoredImage],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let digests: Vec<_> = images.iter().map(|image| image.digest.clone()).collect();
        let mut known = self.known_images(&digests).await?;
        let new: Vec<_> = images
            .iter()
            .filter(|image| known.insert(image.digest.clone()))
            .collect();
        for chunk in new.chunks(200) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO images (digest, media_type, config_digest, config, os, architecture, variant, author,
                    size, children, created_at, stored_at, managed, manifest_size, subject, artifact_type, annotations) ",
                );
                query.push_values(chunk, |mut row, image| {
                    row.push_bind(image.digest.as_str())
                        .push_bind(image.media_type.as_str())
                        .push_bind(image.config_digest.as_ref().map(Digest::as_str))
                        .push_bind(image.config.as_deref())
                        .push_bind(image.os.as_str())
                        .push_bind(image.architecture.as_str())
                        .push_bind(image.variant.as_str())
                        .push_bind(image.author.as_str())
                        .push_bind(image.size)
                        .push_bind(i64::try_from(image.children.len()).unwrap_or(i64::MAX))
                        .push_bind(image.created_at)
                        .push_bind(now)
                        .push_bind(image.managed)
                        .push_bind(image.facts.size)
                        .push_bind(image.facts.subject.as_ref().map(Digest::as_str))
                        .push_bind(image.facts.artifact_type.as_str())
                        .push_bind(row::json(&image.facts.annotations));
                });
                query.push(" ON CONFLICT (digest) DO NOTHING");
                query.build().execute(conn).await?;
            });
        }
        let layers: Vec<_> = new
            .iter()
            .flat_map(|image| {
                (0_i64..)
                    .zip(&image.layers)
                    .map(|(position, layer)| (&image.digest, position, layer))
            })
            .collect();
        for chunk in layers.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO image_layers (image_digest, position, digest, size, media_type) ",
                );
                query.push_values(chunk, |mut row, (image, position, layer)| {
                    row.push_bind(image.as_str())
                        .push_bind(*position)
                        .push_bind(layer.digest.as_str())
                        .push_bind(layer.size)
                        .push_bind(layer.media_type.as_str());
                });
                query.push(" ON CONFLICT (image_digest, position) DO NOTHING");
                query.build().execute(conn).await?;
            });
        }
        let children: Vec<_> = new
            .iter()
            .flat_map(|image| {
                (0_i64..)
                    .zip(&image.children)
                    .map(|(position, child)| (&image.digest, position, child))
            })
            .collect();
        for chunk in children.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO image_children (image_digest, position, digest, size, media_type, os, architecture,
                    variant) ",
                );
                query.push_values(chunk, |mut row, (image, position, child)| {
                    row.push_bind(image.as_str())
                        .push_bind(*position)
                        .push_bind(child.digest.as_str())
                        .push_bind(child.size)
                        .push_bind(child.media_type.as_str())
                        .push_bind(child.os.as_str())
                        .push_bind(child.architecture.as_str())
                        .push_bind(child.variant.as_str());
                });
                query.push(" ON CONFLICT (image_digest, position) DO NOTHING");
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    /// An image with its layers and children.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image(&mut self, digest: &Digest) -> Result<Option<StoredImage>> {
        const IMAGE: &str = "SELECT digest, media_type, config_digest, config, os, architecture, variant, author, size,
            created_at, managed, manifest_size, subject, artifact_type, annotations FROM images WHERE digest = $1";
        const LAYERS: &str = "SELECT digest, size, media_type FROM image_layers WHERE image_digest = $1 ORDER BY position";
        const CHILDREN: &str = "SELECT digest, size, media_type, os, architecture, variant
            FROM image_children WHERE image_digest = $1 ORDER BY position";
        let found: Option<ImageColumns> = on!(self, |conn| sqlx::query_as(IMAGE)
            .bind(digest.as_str())
            .fetch_optional(conn)
            .await?);
        let Some(image) = found else { return Ok(None) };
        let layers: Vec<(String, i64, String)> = on!(self, |conn| sqlx::query_as(LAYERS)
            .bind(digest.as_str())
            .fetch_all(conn)
            .await?);
        let children: Vec<(String, i64, String, String, String, String)> =
            on!(self, |conn| sqlx::query_as(CHILDREN)
                .bind(digest.as_str())
                .fetch_all(conn)
                .await?);
        Ok(Some(StoredImage {
            digest: row::parse("images.digest", &image.digest)?,
            media_type: image.media_type,
            config_digest: row::parse_opt("images.config_digest", image.config_digest.as_deref())?,
            config: image.config,
            os: image.os,
            architecture: image.architecture,
            variant: image.variant,
            author: image.author,
            size: image.size,
            created_at: image.created_at,
            managed: image.managed,
            facts: ManifestFacts {
                size: image.manifest_size,
                subject: row::parse_opt("images.subject", image.subject.as_deref())?,
                artifact_type: image.artifact_type,
                annotations: row::map("images.annotations", &image.annotations)?,
            },
            layers: layers
                .into_iter()
                .map(|(digest, size, media_type)| {
                    Ok(Layer {
                        digest: row::parse("image_layers.digest", &digest)?,
                        size,
                        media_type,
                        created_by: String::new(),
                    })
                })
                .collect::<Result<_>>()?,
            children: children
                .into_iter()
                .map(|(digest, size, media_type, os, architecture, variant)| {
                    Ok(Child {
                        digest: row::parse("image_children.digest", &digest)?,
                        media_type,
                        size,
                        os,
                        architecture,
                        variant,
                    })
                })
                .collect::<Result<_>>()?,
        }))
    }

    /// Where a stream has an image from: its own revision's reference, or that of an index it is in. `None`
    /// when the image was never in the stream's history; then it may not be shown there.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn image_in_stream(
        &mut self,
        stream_id: &str,
        digest: &Digest,
    ) -> Result<Option<Reference>> {
        const OWN: &str = "SELECT reference FROM revisions WHERE stream_id = $1 AND digest = $2
            ORDER BY created_at DESC LIMIT 1";
        const CHILD: &str = concat!(
            "SELECT reference FROM revisions WHERE stream_id = $1 AND digest IN (",
            indexes_of!("$2"),
            ") ORDER BY created_at DESC LIMIT 1"
        );
        for sql in [OWN, CHILD] {
            let found: Option<String> = on!(self, |conn| {
                sqlx::query_scalar(sql)
                    .bind(stream_id)
                    .bind(digest.as_str())
                    .fetch_optional(conn)
                    .await?
            });
            if let Some(reference) =
                row::parse_opt::<Reference>("revisions.reference", found.as_deref())?
            {
                return Ok(Some(reference.with_digest(digest)));
            }
        }
        Ok(None)
    }
}
