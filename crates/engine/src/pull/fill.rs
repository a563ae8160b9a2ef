//! Filling the disk: one download a blob, however many read it. Readers follow the file while it grows; who leaves does
//! not stop it. The last byte is given out only when all of them are right.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use model::{Digest, tag::Reason};
use tokio::{
    fs::File,
    io::AsyncReadExt,
    sync::{Semaphore, watch},
};

use super::download::Download;
use crate::{
    Engine,
    blobs::{self, PIECE},
    upstream::{Door, Failure, Retry},
};

/// Downloads of this process at one time; others wait.
const AT_ONCE: usize = 16;

/// The downloads of this process.
pub(crate) struct Fills {
    running: Mutex<HashMap<Digest, Arc<Fill>>>,
    permits: Semaphore,
}

impl Default for Fills {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
        }
    }
}

/// One download, as its readers see it.
pub(super) struct Fill {
    path: PathBuf,
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Clone, Default)]
struct Progress {
    written: u64,
    size: Option<u64>,
    /// Set once, at the end.
    end: Option<Result<(), Failure>>,
}

/// How far a download is.
pub(super) enum Ready {
    /// Its size is known, and its bytes can be followed.
    Size(u64),
    /// It is on the disk.
    Stored,
}

impl Engine {
    /// The download of a blob; begun, through these doors, if there is none.
    pub(super) fn fill(&self, digest: &Digest, doors: Vec<Door>) -> Arc<Fill> {
        let id = self.clock().id();
        let fill = {
            let mut running = self.fills().lock();
            if let Some(fill) = running.get(digest) {
                return fill.clone();
            }
            let fill = Arc::new(Fill {
                path: self.blobs().temp(&id),
                progress: watch::Sender::default(),
            });
            running.insert(digest.clone(), fill.clone());
            fill
        };
        let (engine, digest, ours) = (self.clone(), digest.clone(), fill.clone());
        self.spawn(async move {
            let stopping = engine.stopping();
            let end = tokio::select! {
                end = engine.run_fill(&id, &digest, doors, &ours) => end,
                () = tokio::time::sleep(engine.upstream().blob_timeout()) => Err(failure(
                    "the blob did not arrive in time",
                    "Try again later.",
                )),
                () = stopping.cancelled() => Err(failure("the server stops", "Pull again.")),
            };
            if let Err(failure) = &end {
                tracing::warn!(blob.digest = %digest, error = %failure, "blob not stored");
            }
            // From the list first: who comes after the end finds it on the disk, or begins anew.
            engine.fills().lock().remove(&digest);
            ours.progress
                .send_modify(|progress| progress.end = Some(end));
        });
        fill
    }

    async fn run_fill(
        &self,
        id: &str,
        digest: &Digest,
        doors: Vec<Door>,
        fill: &Fill,
    ) -> Result<(), Failure> {
        // Never closed.
        let _permit = self.fills().permits.acquire().await.ok();
        // It may have been stored between the reader's look and this.
        if self.blobs().size(digest).await.map_err(disk)?.is_some() {
            return Ok(());
        }
        let mut download = Download::new(doors, digest, self.config().max_blob);
        if !download.open().await? {
            return Err(download.wrong("nothing"));
        }
        let mut file = self.blobs().begin(id, digest).await.map_err(disk)?;
        let size = download.size;
        fill.progress.send_modify(|progress| progress.size = size);
        while let Some(piece) = download.next().await? {
            let written = file.write(&piece).await.map_err(disk)?;
            fill.progress
                .send_modify(|progress| progress.written = written);
        }
        if !file.is_right() {
            return Err(download.wrong("other bytes than the digest says"));
        }
        file.keep().await.map_err(disk)?;
        let noted = async {
            let mut tx = self.store().write().await?;
            tx.note_stored(digest, download.at, self.clock().now())
                .await?;
            tx.commit().await
        };
        // It is there; only what is told of it is behind.
        if let Err(error) = noted.await {
            tracing::warn!(blob.digest = %digest, %error, "a stored blob was not noted");
        }
        Ok(())
    }
}

impl Fills {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Fill>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fill {
    /// Waits until bytes can be followed, or the end: a registry that names no length is waited for.
    pub async fn ready(&self) -> Result<Ready, Failure> {
        let mut progress = self.progress.subscribe();
        let seen = progress
            .wait_for(|progress| progress.size.is_some() || progress.end.is_some())
            .await
            .map_err(|_| failure("the download ended", "Pull again."))?
            .clone();
        match (seen.end, seen.size) {
            (Some(Err(failure)), _) => Err(failure),
            (None, Some(size)) => Ok(Ready::Size(size)),
            _ => Ok(Ready::Stored),
        }
    }

    /// Waits for the end.
    pub async fn end(&self) -> Result<(), Failure> {
        let mut progress = self.progress.subscribe();
        let seen = progress.wait_for(|progress| progress.end.is_some()).await;
        match seen.ok().and_then(|seen| seen.end.clone()) {
            Some(end) => end,
            None => Err(failure("the download ended", "Try again.")),
        }
    }

    /// The bytes from `start` up to `end` as they are written; an error instead of the last one if they are wrong.
    pub async fn follow(
        self: Arc<Self>,
        size: u64,
        start: u64,
        end: u64,
    ) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
        let file = blobs::at(File::open(&self.path).await?, start).await?;
        let progress = self.progress.subscribe();
        let state = (file, progress, self, start);
        Ok(stream::try_unfold(
            state,
            move |(mut file, mut progress, fill, at)| async move {
                if at >= end {
                    return Ok(None);
                }
                let seen = progress
                    .wait_for(|seen| seen.end.is_some() || at < readable(seen, size))
                    .await
                    .map_err(io::Error::other)?
                    .clone();
                if let Some(Err(failure)) = seen.end {
                    return Err(io::Error::other(failure.message));
                }
                let many = readable(&seen, size).min(end).saturating_sub(at);
                let many = usize::try_from(many).unwrap_or(PIECE).min(PIECE);
                let mut piece = BytesMut::zeroed(many);
                file.read_exact(&mut piece).await?;
                let at = at + many as u64;
                Ok(Some((piece.freeze(), (file, progress, fill, at))))
            },
        ))
    }
}

/// How many bytes may be given out: all but the last until all are right.
fn readable(progress: &Progress, size: u64) -> u64 {
    match &progress.end {
        Some(Ok(())) => size,
        _ => progress.written.min(size.saturating_sub(1)),
    }
}

fn failure(message: &str, hint: &str) -> Failure {
    Failure {
        reason: Reason::InternalError,
        message: message.to_owned(),
        hint: hint.to_owned(),
        retry: Retry::Soon,
        busy: false,
    }
}

fn disk(error: io::Error) -> Failure {
    tracing::error!(%error, "a blob cannot be written");
    failure(
        "this server cannot write the blob to its disk",
        "Ask its administrator to look at the disk and the log.",
    )
}
