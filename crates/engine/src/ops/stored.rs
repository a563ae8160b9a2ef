//! What is stored: the removal of a blob's bytes by hand, and what is told of blobs.

use model::Digest;

use crate::{Actor, Engine, Error, Result};

impl Engine {
    /// Removes the stored bytes of one blob or manifest, whoever has it; one that is not stored is removed. Streams and
    /// images stay as they are: what came from another registry is fetched again when it is next pulled (in a stream
    /// that gives only what is stored, when it is mirrored), what was pushed is gone until it is pushed again.
    ///
    /// A download that is under way goes on, for those who read it: when it ends, the blob is stored again, as if it had
    /// been pulled after the removal.
    ///
    /// # Errors
    /// `Denied` for all but administrators.
    pub async fn remove_stored(&self, actor: &Actor, digest: &Digest) -> Result<()> {
        actor.may_administer()?;
        self.blobs()
            .remove(digest)
            .await
            .map_err(Error::storing_blob)?;
        tracing::info!(blob.digest = %digest, user.name = actor.name, "the bytes of a blob were removed");
        self.tell_stored(digest, None).await
    }

    /// Writes down that a blob is stored, of so many bytes, or not any more.
    ///
    /// # Errors
    /// When the database or the place of blobs refuses.
    pub(crate) async fn tell_stored(&self, digest: &Digest, size: Option<u64>) -> Result<()> {
        self.write_stored(digest, size).await?;
        self.look_again(digest, size.is_some()).await
    }

    /// Corrects what was written down of a blob, if it is not so (any more).
    ///
    /// It may be removed here and stored there at the same time, also by two processes, and no lock is held while bytes are
    /// on their way. So whoever wrote it down looks afterwards: the last one to write looks last, and sees what became of
    /// it.
    ///
    /// # Errors
    /// When the database or the place of blobs refuses.
    pub(crate) async fn look_again(&self, digest: &Digest, mut told: bool) -> Result<()> {
        loop {
            let size = self
                .blobs()
                .size(digest)
                .await
                .map_err(Error::reading_blob)?;
            if size.is_some() == told {
                return Ok(());
            }
            told = size.is_some();
            self.write_stored(digest, size).await?;
        }
    }

    async fn write_stored(&self, digest: &Digest, size: Option<u64>) -> Result<()> {
        let mut tx = self.store().write().await?;
        match size {
            Some(size) => tx.note_stored(digest, size, self.clock().now()).await?,
            None => tx.forget_stored(digest).await?,
        }
        tx.commit().await
    }
}
