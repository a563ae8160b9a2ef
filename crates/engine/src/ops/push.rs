//! Pushed manifests: checked against the blobs of their stream, stored, and pointed at by their tag; and what is attached
//! to an image.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use model::{Change, Digest, StreamRef, TagName};

use serde::Deserialize;

use super::{Target, load_stream, locked_stream};
use crate::{
    Actor, Engine, Error, PushError, Result,
    rules::{self, facts::StreamFacts},
    store::{Referrer, StoredImage, StreamRecord, Tx, WriteContext},
    upstream::{Image, MANIFEST_CAP, Pushed, Walk, read_pushed},
};

/// A manifest that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedManifest {
    /// Its digest.
    pub digest: Digest,
    /// What it is attached to.
    pub subject: Option<Digest>,
}

impl Engine {
    /// Takes a manifest: by tag it becomes what the tag points at, by digest it waits for an index or a tag that names it.
    /// The stream is made if it is not there.
    ///
    /// # Errors
    /// `Denied`; `Invalid` field `tag` as [`rules::push::plan`] says; [`PushError::BadManifest`],
    /// [`PushError::WrongDigest`], [`PushError::TooLarge`], and [`PushError::MissingBlob`] for a blob the stream neither
    /// has nor can get.
    pub async fn push_manifest(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        target: &Target,
        content_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<PushedManifest, PushError> {
        actor.may_write(&stream.namespace)?;
        if bytes.len() > MANIFEST_CAP {
            return Err(PushError::TooLarge(format!(
                "a manifest may have {MANIFEST_CAP} bytes at most"
            )));
        }
        let (tag, said) = match target {
            Target::Tag(tag) => (Some(tag), None),
            Target::Digest(digest) => (None, Some(digest)),
        };
        let pushed = read_pushed(&bytes, content_type, said).map_err(|why| {
            match said.and_then(|_| read_pushed(&bytes, content_type, None).ok()) {
                Some(_) => PushError::WrongDigest(why),
                None => PushError::BadManifest(why),
            }
        })?;
        let image = self.pushed_image(actor, stream, pushed).await?;
        let image = StoredImage {
            managed: true,
            ..image.into()
        };
        let (digest, subject) = (image.digest.clone(), image.facts.subject.clone());
        // Of one that is refused no bytes stay.
        self.would_take(stream, tag, &image).await?;
        self.blobs()
            .put_verified(&self.clock().id(), &digest, &bytes)
            .await
            .map_err(Error::storing_blob)?;
        match self.note_push(actor, stream, tag, &image).await {
            // Another push made the stream meanwhile.
            Err(Error::Conflict(_)) => self.note_push(actor, stream, tag, &image).await?,
            noted => noted?,
        }
        self.note_manifest(&digest).await;
        self.wake();
        Ok(PushedManifest { digest, subject })
    }

    /// Reads what a pushed manifest needs, which all has to be in the stream.
    async fn pushed_image(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        pushed: Pushed,
    ) -> Result<Image, PushError> {
        self.has_children(actor, stream, &pushed).await?;
        let blobs = pushed.blobs();
        let mut tx = self.store().write().await?;
        tx.keep_blobs(stream, &blobs, self.clock().now()).await?;
        tx.commit().await?;
        let mut sizes = Vec::new();
        for (blob, said) in blobs {
            let head = self.blob_head(actor, stream, &blob).await;
            let size = head.map_err(|error| missing(stream, &blob, error))?;
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            self.has_blob(actor, stream, &blob)
                .await
                .map_err(|error| missing(stream, &blob, error))?;
            if let Some(said) = said.filter(|said| *said != size) {
                return Err(PushError::BadManifest(format!(
                    "the blob {blob} has {size} bytes, and the manifest says {said}"
                )));
            }
            sizes.push((blob, size));
        }
        let config = match pushed.config() {
            Some(digest) => self.small_blob(actor, stream, digest).await?,
            None => None,
        };
        pushed
            .image(config.as_ref(), &sizes)
            .map_err(PushError::BadManifest)
    }

    /// Checks that the stream has what an index is of, down to the blobs: naming an image of another stream would open it, and
    /// so would naming one that was imported and only names blobs of another stream.
    async fn has_children(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        pushed: &Pushed,
    ) -> Result<(), PushError> {
        let mut looked_for = BTreeSet::new();
        let mut walk = Walk::below(pushed.entries());
        while let Some(child) = walk.next().map_err(PushError::BadManifest)? {
            let child = self.child(actor, stream, &child).await?;
            for (blob, _) in child.blobs() {
                if looked_for.insert(blob.clone()) {
                    self.has_blob(actor, stream, &blob)
                        .await
                        .map_err(|error| missing(stream, &blob, error))?;
                }
            }
            walk.enter(child.entries());
        }
        Ok(())
    }

    /// A manifest that an index names.
    async fn child(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        child: &Digest,
    ) -> Result<Pushed, PushError> {
        let target = Target::Digest(child.clone());
        match self.pull_manifest(actor, stream, &target).await {
            Ok(found) => read_pushed(&found.bytes, Some(&found.media_type), Some(child))
                .map_err(PushError::BadManifest),
            Err(Error::NotFound(_)) => Err(PushError::MissingBlob(format!(
                "the index names the manifest {child}, which {stream} does not have; push it first"
            ))),
            Err(Error::Upstream { message, .. }) => Err(PushError::MissingBlob(format!(
                "the index names the manifest {child}, which cannot be had: {message}"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of a config; none if they are more than a config has.
    async fn small_blob(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<Option<Bytes>, PushError> {
        use futures::TryStreamExt;
        let mut blob = self.pull_blob(actor, stream, digest, None).await?;
        if blob.size > MANIFEST_CAP as u64 {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        while let Some(piece) = blob.body.try_next().await.map_err(Error::reading_blob)? {
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes.into()))
    }

    async fn note_push(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: Option<&TagName>,
        image: &StoredImage,
    ) -> Result<()> {
        let ctx = self.write_context(actor, "push");
        let mut tx = self.store().write().await?;
        let record = self.stream_to_push(&mut tx, stream, &ctx).await?;
        let (facts, changes) = self.plan_push(&mut tx, &record, tag, image).await?;
        tx.insert_images(std::slice::from_ref(image), ctx.now)
            .await?;
        tx.link_image(&record.id, &image.digest, ctx.now).await?;
        if tag.is_some() {
            tx.apply(&record, &facts, &changes, &ctx).await?;
        }
        tx.commit().await
    }

    /// Refuses what would be refused when it is noted.
    async fn would_take(
        &self,
        stream: &StreamRef,
        tag: Option<&TagName>,
        image: &StoredImage,
    ) -> Result<()> {
        let mut tx = self.store().read().await?;
        if let Some(record) = tx.stream(stream).await? {
            self.plan_push(&mut tx, &record, tag, image).await?;
            return Ok(());
        }
        let asked = rules::quota::Asked {
            image_bytes: u64::try_from(image.size).unwrap_or_default(),
            images_before: Some(0),
            tags_before: tag.map(|_| 0),
        };
        Ok(rules::quota::check(self.config().quota, asked)?)
    }

    /// What a push changes, held against rules and quota.
    async fn plan_push(
        &self,
        tx: &mut Tx,
        record: &StreamRecord,
        tag: Option<&TagName>,
        image: &StoredImage,
    ) -> Result<(StreamFacts, Vec<Change>)> {
        let reference = self
            .local_reference(&record.stream, &image.digest)
            .ok_or_else(|| {
                Error::Denied("this process serves no registry that could be pushed to".into())
            })?;
        let tags: Vec<TagName> = tag.cloned().into_iter().collect();
        let facts = tx.facts(record, &tags).await?;
        let known = tags.iter().all(|tag| facts.tag(tag).is_some());
        self.check_quota(tx, record, image, known).await?;
        let changes = match tag {
            Some(tag) => rules::push::plan(&facts, tag, &image.digest, &reference)?,
            None => Vec::new(),
        };
        Ok((facts, changes))
    }

    /// Holds what a push adds to a stream against the quota; `known` tells that it makes no tag.
    async fn check_quota(
        &self,
        tx: &mut Tx,
        record: &StreamRecord,
        image: &StoredImage,
        known: bool,
    ) -> Result<()> {
        let quota = self.config().quota;
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        let images_before = match quota.stream_images {
            Some(most) => tx
                .images_without(
                    &record.id,
                    &image.digest,
                    i64::try_from(most).unwrap_or(i64::MAX),
                )
                .await?
                .map(count),
            None => None,
        };
        let asked = rules::quota::Asked {
            image_bytes: count(image.size),
            images_before,
            tags_before: (!known).then(|| count(record.tags)),
        };
        Ok(rules::quota::check(quota, asked)?)
    }

    /// The stream, locked; made if it is not there.
    async fn stream_to_push(
        &self,
        tx: &mut Tx,
        stream: &StreamRef,
        ctx: &WriteContext,
    ) -> Result<StreamRecord> {
        if tx.stream(stream).await?.is_none() {
            let create = Change::CreateStream {
                source: None,
                insecure: false,
            };
            tx.create_stream(&self.clock().id(), stream, create, ctx)
                .await?;
        }
        locked_stream(tx, stream).await
    }

    /// Takes a manifest away from a stream: with its tag, or one that was pushed by digest.
    ///
    /// # Errors
    /// `NotFound`; `Denied`, by digest for all but administrators, once no tag's history has it; else
    /// [`PushError::InUse`].
    pub async fn delete_manifest(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        target: &Target,
    ) -> Result<(), PushError> {
        actor.may_write(&stream.namespace)?;
        let digest = match target {
            Target::Tag(tag) => {
                self.tag(actor, stream, tag).await?;
                let tags = std::slice::from_ref(tag);
                let planned = self.plan_delete_tags(actor, stream, tags).await?;
                self.delete_tags(actor, stream, tags, &planned.token)
                    .await?;
                return Ok(());
            }
            Target::Digest(digest) => digest,
        };
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        if tx.image_in_stream(&record.id, digest).await?.is_some() {
            return Err(PushError::InUse(format!(
                "tags of {stream} have or had {digest}: delete them by name, on the stream's page or with DELETE \
                 /v2/{stream}/manifests/TAG"
            )));
        }
        actor.may_administer()?;
        if !tx.unlink_image(&record.id, digest).await? {
            return Err(Error::NotFound(format!("{stream} has no image {digest}")).into());
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is attached to an image in a stream, by digest, after one and at most so many, and whether there may be more;
    /// nothing in a stream that is not there, as the distribution specification has it.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn referrers(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        subject: &Digest,
        artifact_type: &str,
        after: &str,
        most: usize,
    ) -> Result<(Vec<Referrer>, bool)> {
        let mut tx = self.store().read().await?;
        self.may_pull(&mut tx, actor, &stream.namespace).await?;
        let Some(record) = tx.stream(stream).await? else {
            return Ok((Vec::new(), false));
        };
        // One more tells whether there is another page.
        let limit = i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX);
        let (known, full) = tx
            .referrers(&record.id, subject, artifact_type, after, limit)
            .await?;
        // Clients of registries without this list keep it as an index at a tag named after the image. Of each part of its
        // digest it has as much as the distribution specification says.
        let tag = format!("{:.32}-{:.64}", subject.algorithm(), subject.hex());
        let tag = tag.parse::<TagName>().ok();
        let tag = match tag {
            Some(tag) => tx.tag_row(&record.id, &tag).await?.map(|_| tag),
            None => None,
        };
        // The database is not held while others answer.
        drop(tx);
        let listed = match tag {
            Some(tag) => self.listed(actor, stream, subject, tag).await,
            None => Vec::new(),
        };
        // What comes after a full page is not known yet.
        let end = known.last().filter(|_| full).map(|one| one.digest.clone());
        let listed = listed.into_iter().filter(|one| {
            one.digest.as_str() > after
                && end.as_ref().is_none_or(|end| one.digest <= *end)
                && (artifact_type.is_empty() || one.artifact_type == artifact_type)
        });
        // What was pushed here is known better than it is listed.
        let mut all: BTreeMap<String, Referrer> = listed
            .chain(known)
            .map(|one| (one.digest.to_string(), one))
            .collect();
        let more = full || all.len() > most;
        while all.len() > most {
            all.pop_last();
        }
        Ok((all.into_values().collect(), more))
    }

    /// What a tag lists as attached to an image.
    async fn listed(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        subject: &Digest,
        tag: TagName,
    ) -> Vec<Referrer> {
        match self.pull_manifest(actor, stream, &Target::Tag(tag)).await {
            Ok(index) => listed(&index.bytes),
            // What is known here is told whatever became of the other registry.
            Err(error) => {
                tracing::warn!(image.digest = %subject, %error, "the tag that lists what is attached was not read");
                Vec::new()
            }
        }
    }
}

/// The entries of an index as what is attached to an image; none of what is no index.
fn listed(index: &[u8]) -> Vec<Referrer> {
    #[derive(Deserialize)]
    struct Index {
        manifests: Vec<Entry>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        media_type: String,
        digest: Digest,
        size: i64,
        #[serde(default)]
        artifact_type: String,
        #[serde(default)]
        annotations: BTreeMap<String, String>,
    }
    let index = serde_json::from_slice::<Index>(index);
    let entries = index.map_or_else(|_| Vec::new(), |index| index.manifests);
    entries
        .into_iter()
        .map(|entry| Referrer {
            digest: entry.digest,
            media_type: entry.media_type,
            size: entry.size,
            artifact_type: entry.artifact_type,
            annotations: entry.annotations,
        })
        .collect()
}

/// Says of a blob that a manifest names why it is not there.
fn missing(stream: &StreamRef, blob: &Digest, error: Error) -> PushError {
    let why = match error {
        Error::NotFound(_) => format!("which {stream} does not have; upload it first"),
        Error::Upstream { message, .. } => format!("which cannot be had: {message}"),
        other => return other.into(),
    };
    PushError::MissingBlob(format!("the manifest names the blob {blob}, {why}"))
}
