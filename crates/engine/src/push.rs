//! Uploads of blobs: begun, brought in one piece or several, finished when all bytes are right, or given up.
//!
//! Bytes lie beside the blobs as parts, one a request, and count only when the database says so: two requests at the same
//! place cannot both. What an upload is for is checked with each request. An upload can be gone on with in another process.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use model::{Digest, StreamRef};

use crate::{
    Actor, Engine, Error, Result,
    blobs::{Hasher, PartError},
    store::Part,
};

/// Uploads nobody touched for so long are removed, and so are blobs of streams that no image names.
const ABANDONED: chrono::Duration = chrono::Duration::hours(24);
/// Abandoned uploads removed at one time.
const MOST_ABANDONED: i64 = 200;
/// Blobs that no image names taken away at one time.
const MOST_ORPHANS: i64 = 1_000;
/// Hashes kept of uploads on their way; those of others are made again from their bytes.
const MOST_HASHES: usize = 10_000;

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Names it.
    pub id: String,
    /// Bytes that are here.
    pub size: u64,
}

/// Why a push was refused, beside what every operation may answer.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// There is no such upload to this stream (any more).
    #[error("there is no upload {0} to this stream; begin again")]
    UnknownUpload(String),
    /// The bytes sent do not begin where those that are here end.
    #[error("the upload has {} bytes; send those from there on", .0.size)]
    OutOfOrder(Taken),
    /// What came is not what its digest says.
    #[error("{0}")]
    WrongDigest(String),
    /// What came is not as long as was said.
    #[error("{0}")]
    WrongSize(String),
    /// More than may come.
    #[error("{0}")]
    TooLarge(String),
    /// The client broke off.
    #[error("the upload broke off: {0}")]
    Broken(String),
    /// The manifest is not valid.
    #[error("{0}")]
    BadManifest(String),
    /// The manifest names a blob the stream does not have.
    #[error("{0}")]
    MissingBlob(String),
    /// It is there, but may not be taken away like this.
    #[error("{0}")]
    InUse(String),
    /// As everywhere.
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<io::Error> for PushError {
    fn from(error: io::Error) -> Self {
        Self::Engine(Error::storing_blob(error))
    }
}

/// Hashes of uploads on their way in this process, each of so many bytes.
#[derive(Default)]
pub(crate) struct Hashes(Mutex<HashMap<String, (u64, Hasher)>>);

impl Hashes {
    fn take(&self, id: &str) -> Option<(u64, Hasher)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(id)
    }

    fn put(&self, id: &str, size: u64, hasher: Hasher) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST_HASHES {
            all.insert(id.to_owned(), (size, hasher));
        }
    }
}

impl Engine {
    /// Begins an upload to a stream, which may not be there yet.
    ///
    /// # Errors
    /// `Denied`.
    pub async fn begin_upload(&self, actor: &Actor, stream: &StreamRef) -> Result<Taken> {
        actor.may_write(&stream.namespace)?;
        let id = self.clock().id();
        let mut tx = self.store().write().await?;
        tx.insert_upload(&id, stream, self.clock().now()).await?;
        tx.commit().await?;
        Ok(Taken { id, size: 0 })
    }

    /// How far an upload is.
    ///
    /// # Errors
    /// `Denied`; [`PushError::UnknownUpload`].
    pub async fn upload(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        id: &str,
    ) -> Result<Taken, PushError> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let size = tx
            .upload_size(id, stream)
            .await?
            .ok_or_else(|| PushError::UnknownUpload(id.to_owned()))?;
        Ok(Taken {
            id: id.to_owned(),
            size: u64::try_from(size).unwrap_or_default(),
        })
    }

    /// Takes the next bytes of an upload; `start` is where the client says they begin, `length` how many it says come.
    ///
    /// # Errors
    /// `Denied`, and those of [`PushError`] that concern bytes; then nothing of them counts.
    pub async fn extend_upload(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        id: &str,
        start: Option<u64>,
        length: Option<u64>,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<Taken, PushError> {
        let taken = self.upload(actor, stream, id).await?;
        if start.is_some_and(|start| start != taken.size) {
            return Err(PushError::OutOfOrder(taken));
        }
        // The usual end of an upload brings nothing more.
        if length == Some(0) {
            return Ok(taken);
        }
        let most = self.config().max_blob_size;
        // No image of more than its quota could name it, and it would stay for nothing.
        let quota = self.config().quota.image_bytes.filter(|may| *may < most);
        let room = quota.unwrap_or(most).saturating_sub(taken.size);
        let too_large = || match quota {
            Some(may) => PushError::Engine(Error::invalid(
                "image",
                format!(
                    "the blob exceeds the maximum limit of {may} bytes that an image may have (WEIR_MAX_IMAGE_SIZE)"
                ),
            )),
            None => PushError::TooLarge(format!("a blob may have {most} bytes here at most")),
        };
        if length.is_some_and(|length| length > room) {
            return Err(too_large());
        }
        let hasher = match self.hashes().take(id) {
            Some((size, hasher)) if size == taken.size => Some(hasher),
            _ if taken.size == 0 => Some(Hasher::sha256()),
            _ => None,
        };
        let part = self.clock().id();
        let (written, hasher) = self
            .blobs()
            .write_part(id, &part, body, hasher, room)
            .await
            .map_err(|error| match error {
                PartError::Client(why) => PushError::Broken(why),
                PartError::TooLarge => too_large(),
                PartError::Place(error) => PushError::Engine(Error::storing_blob(error)),
            })?;
        let size = taken.size.saturating_add(written);
        let noted = match length {
            Some(length) if length != written => Err(PushError::WrongSize(format!(
                "{written} bytes came, and {length} were said to; send them again"
            ))),
            _ => self.note_part(id, &taken, &part, written).await,
        };
        if noted.is_err() || written == 0 {
            self.blobs()
                .remove_part(id, &part)
                .await
                .map_err(Error::storing_blob)?;
        }
        noted?;
        if let Some(hasher) = hasher {
            self.hashes().put(id, size, hasher);
        }
        Ok(Taken {
            id: id.to_owned(),
            size,
        })
    }

    async fn note_part(
        &self,
        id: &str,
        before: &Taken,
        name: &str,
        written: u64,
    ) -> Result<(), PushError> {
        let part = Part {
            name: name.to_owned(),
            start: i64::try_from(before.size).unwrap_or(i64::MAX),
        };
        let written = i64::try_from(written).unwrap_or(i64::MAX);
        let mut tx = self.store().write().await?;
        let grown = tx
            .extend_upload(id, &part, written, self.clock().now())
            .await?;
        tx.commit().await?;
        match grown {
            true => Ok(()),
            false => Err(PushError::OutOfOrder(before.clone())),
        }
    }

    /// Ends an upload: its bytes are a blob of the stream from now on.
    ///
    /// # Errors
    /// `Denied`; [`PushError::UnknownUpload`]; [`PushError::WrongDigest`], after which the upload is gone.
    pub async fn finish_upload(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        id: &str,
        digest: &Digest,
    ) -> Result<u64, PushError> {
        let taken = self.upload(actor, stream, id).await?;
        let parts = self.store().read().await?.upload_parts(id).await?;
        let names: Vec<String> = parts.into_iter().map(|part| part.name).collect();
        let known = self
            .hashes()
            .take(id)
            .filter(|(size, _)| *size == taken.size && digest.algorithm() == "sha256")
            .map(|(_, hasher)| hasher.hex());
        let stored = match (&known, names.as_slice()) {
            (Some(hex), _) if hex != digest.hex() => false,
            (Some(_), [part]) => {
                self.blobs()
                    .promote(id, part, digest)
                    .await
                    .map_err(|error| gone_or(id, error))?
                    || self.join(id, names, digest).await?
            }
            _ => self.join(id, names, digest).await?,
        };
        let now = self.clock().now();
        let mut tx = self.store().write().await?;
        tx.delete_upload(id).await?;
        if stored {
            tx.link_blob(stream, digest, taken.size, now).await?;
            tx.note_stored(digest, taken.size, now).await?;
        }
        tx.commit().await?;
        self.remove_upload_files(id).await;
        if !stored {
            return Err(PushError::WrongDigest(format!(
                "the {} bytes of the upload do not have the digest {digest}; nothing was stored",
                taken.size
            )));
        }
        // It is there; only what is told of it may be wrong.
        if let Err(error) = self.look_again(digest, true).await {
            tracing::warn!(blob.digest = %digest, %error, "whether an upload stayed was not looked at");
        }
        Ok(taken.size)
    }

    /// Puts the parts of an upload together. False when they are not what the digest says.
    async fn join(&self, id: &str, parts: Vec<String>, digest: &Digest) -> Result<bool, PushError> {
        let new = self
            .blobs()
            .begin(&self.clock().id(), digest)
            .await
            .map_err(Error::storing_blob)?;
        let body = self.blobs().read_parts(id, parts);
        let new = new
            .append(body.map_err(|error| gone_or(id, error)), |_| ())
            .await?;
        if !new.is_right() {
            return Ok(false);
        }
        new.keep().await.map_err(Error::storing_blob)?;
        Ok(true)
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// `Denied`; [`PushError::UnknownUpload`].
    pub async fn cancel_upload(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        id: &str,
    ) -> Result<(), PushError> {
        self.upload(actor, stream, id).await?;
        let mut tx = self.store().write().await?;
        tx.delete_upload(id).await?;
        tx.commit().await?;
        self.hashes().take(id);
        self.remove_upload_files(id).await;
        Ok(())
    }

    /// Takes a blob over from another stream, if the actor may pull it there and its bytes are here. False otherwise: then
    /// it has to be uploaded.
    ///
    /// # Errors
    /// `Denied` for the stream it goes to.
    pub async fn mount_blob(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
        from: &StreamRef,
    ) -> Result<bool> {
        actor.may_write(&stream.namespace)?;
        if !matches!(self.may_read_stored(actor, from, digest).await, Ok(true)) {
            return Ok(false);
        }
        let Some(size) = self
            .blobs()
            .size(digest)
            .await
            .map_err(Error::reading_blob)?
        else {
            return Ok(false);
        };
        let mut tx = self.store().write().await?;
        tx.link_blob(stream, digest, size, self.clock().now())
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a blob of its own away from a stream. Its bytes go when nobody has it any more and it is pruned.
    ///
    /// # Errors
    /// `Denied` for all but administrators; `NotFound`; [`PushError::InUse`] while an image of the stream has it.
    pub async fn unlink_blob(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<(), PushError> {
        actor.may_administer()?;
        let mut tx = self.store().write().await?;
        if let Some(record) = tx.stream(stream).await?
            && tx.blob_in_use(&record.id, digest).await?
        {
            return Err(PushError::InUse(format!(
                "an image of {stream} has {digest}; delete its tags first, or the image by its digest if it has none"
            )));
        }
        if !tx.unlink_blob(stream, digest).await? {
            return Err(Error::NotFound(format!("{stream} has no blob {digest}")).into());
        }
        tx.commit().await?;
        Ok(())
    }

    /// Removes uploads nobody goes on with, what a crash left of those that ended, and takes blobs away from streams that
    /// none of their images names.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn remove_abandoned_uploads(&self) -> Result<usize> {
        let before = self.clock().now() - ABANDONED;
        let mut tx = self.store().read().await?;
        let ids = tx.abandoned_uploads(before, MOST_ABANDONED).await?;
        drop(tx);
        let mut removed = 0;
        for id in &ids {
            let mut tx = self.store().write().await?;
            let ours = tx.delete_upload(id).await?;
            tx.commit().await?;
            if ours {
                self.hashes().take(id);
                self.remove_upload_files(id).await;
                removed += 1;
            }
        }
        // An upload is noted before its first byte comes, and forgotten before its files go.
        for id in self.blobs().uploads().await.map_err(Error::storing_blob)? {
            let mut tx = self.store().read().await?;
            if !tx.upload_exists(&id).await? {
                self.remove_upload_files(&id).await;
                removed += 1;
            }
        }
        // Looked for without keeping others from writing.
        let orphans = self
            .store()
            .read()
            .await?
            .orphans(before, MOST_ORPHANS)
            .await?;
        for (stream, digest) in orphans {
            let mut tx = self.store().write().await?;
            tx.unlink_orphan(&stream, &digest, before).await?;
            tx.commit().await?;
        }
        Ok(removed)
    }

    /// The upload is over: what cannot be removed now only takes room.
    async fn remove_upload_files(&self, id: &str) {
        if let Err(error) = self.blobs().remove_upload(id).await {
            tracing::warn!(upload.id = id, %error, "parts of an upload stay behind");
        }
    }
}

/// A part that is gone became a blob just before a crash, or by the same request made twice: the upload is over.
fn gone_or(id: &str, error: io::Error) -> PushError {
    match error.kind() {
        io::ErrorKind::NotFound => PushError::UnknownUpload(id.to_owned()),
        _ => PushError::Engine(Error::storing_blob(error)),
    }
}
