//! Pushed manifests: checked against the blobs of their stream, stored, and pointed at by their tag; and what is attached
//! to an image.

use bytes::Bytes;
use model::{Change, Digest, StreamRef, TagName};

use super::{Target, load_stream, locked_stream};
use crate::{
    Actor, Engine, Error, PushError, Result,
    push::place,
    rules,
    store::{Referrer, StoredImage, StreamRecord, Tx, WriteContext},
    upstream::{Image, MANIFEST_CAP, Pushed, read_pushed},
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
        let digest = image.digest.clone();
        let subject = image.facts.subject.clone();
        self.blobs()
            .put_verified(&self.clock().id(), &digest, &bytes)
            .await
            .map_err(place)?;
        let image = StoredImage {
            managed: true,
            ..image.into()
        };
        match self.note_push(actor, stream, tag, &image).await {
            // Another push made the stream meanwhile.
            Err(Error::Conflict(_)) => self.note_push(actor, stream, tag, &image).await?,
            noted => noted?,
        }
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
        let mut sizes = Vec::new();
        for (blob, said) in pushed.blobs() {
            let head = self.blob_head(actor, stream, &blob).await;
            let size = head.map_err(|error| missing(stream, &blob, error))?;
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            self.has_blob(actor, stream, &blob)
                .await
                .map_err(|error| missing(stream, &blob, error))?;
            if said.is_some_and(|said| said != size) {
                return Err(PushError::BadManifest(format!(
                    "the blob {blob} has {size} bytes and not as many as the manifest says"
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

    /// Checks that the stream has what an index is of: naming an image of another stream would open it.
    async fn has_children(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        pushed: &Pushed,
    ) -> Result<(), PushError> {
        let children = pushed.children();
        if children.is_empty() {
            return Ok(());
        }
        for child in children {
            let target = Target::Digest(child.clone());
            match self.pull_manifest(actor, stream, &target).await {
                Ok(_) => {}
                Err(Error::NotFound(_)) => {
                    return Err(PushError::MissingBlob(format!(
                        "the index names the manifest {child}, which {stream} does not have; push it first"
                    )));
                }
                Err(Error::Upstream { message, .. }) => {
                    return Err(PushError::MissingBlob(format!(
                        "the index names the manifest {child}, which cannot be had: {message}"
                    )));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
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
        while let Some(piece) = blob.body.try_next().await.map_err(place)? {
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
        let reference = self.local_reference(stream, &image.digest).ok_or_else(|| {
            Error::Denied("this process serves no registry that could be pushed to".into())
        })?;
        let ctx = self.write_context(actor, "push");
        let mut tx = self.store().write().await?;
        let record = self.stream_to_push(&mut tx, stream, &ctx).await?;
        let tags: Vec<TagName> = tag.cloned().into_iter().collect();
        let facts = tx.facts(&record, &tags).await?;
        tx.insert_images(std::slice::from_ref(image), ctx.now)
            .await?;
        tx.link_image(&record.id, &image.digest, ctx.now).await?;
        if let Some(tag) = tag {
            let changes = rules::push::plan(&facts, tag, &image.digest, &reference)?;
            tx.apply(&record, &facts, &changes, &ctx).await?;
        }
        tx.commit().await
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
    /// `NotFound`; `Denied`, by digest for all but administrators; [`PushError::InUse`] while a tag's history has it.
    pub async fn delete_manifest(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        target: &Target,
    ) -> Result<(), PushError> {
        let digest = match target {
            Target::Tag(tag) => {
                let tags = std::slice::from_ref(tag);
                let planned = self.plan_delete_tags(actor, stream, tags).await?;
                self.delete_tags(actor, stream, tags, &planned.token)
                    .await?;
                return Ok(());
            }
            Target::Digest(digest) => digest,
        };
        actor.may_administer()?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        if tx.image_in_stream(&record.id, digest).await?.is_some() {
            return Err(PushError::InUse(format!(
                "tags of {stream} have or had {digest}; delete them, and their history goes with them"
            )));
        }
        if !tx.unlink_image(&record.id, digest).await? {
            return Err(Error::NotFound(format!("{stream} has no image {digest}")).into());
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is attached to an image in a stream, by digest, after one and at most so many.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub async fn referrers(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        subject: &Digest,
        artifact_type: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Referrer>> {
        let mut tx = self.store().read().await?;
        self.may_pull(&mut tx, actor, &stream.namespace).await?;
        let record = load_stream(&mut tx, stream).await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        tx.referrers(&record.id, subject, artifact_type, after, most)
            .await
    }
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
