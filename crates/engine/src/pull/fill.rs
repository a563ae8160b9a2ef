//! Filling the disk: one download a blob, however many read it. Readers follow the file while it grows; who leaves does
//! not stop it. The last byte is given out only when all of them are right; that they last on the disk or in the bucket is
//! not waited for.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use model::{Digest, tag::Reason};
use tokio::{
    fs::File,
    io::AsyncReadExt,
    sync::{Semaphore, watch},
};

use super::{
    download::Download,
    through::{go_on, verified},
};
use crate::{
    Engine,
    blobs::{self, Body, PIECE},
    error::caught,
    upstream::{Door, Failure, Retry},
};

/// Downloads of this process at one time; others wait.
const AT_ONCE: usize = 16;

/// The downloads of this process.
pub(crate) struct Fills {
    running: Mutex<HashMap<Digest, Arc<Fill>>>,
    /// How many are no more.
    ended: AtomicU64,
    permits: Semaphore,
}

impl Default for Fills {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            ended: AtomicU64::default(),
            permits: Semaphore::new(AT_ONCE),
        }
    }
}

/// One download, as its readers see it.
pub(super) struct Fill {
    path: PathBuf,
    progress: watch::Sender<Progress>,
    /// The repositories it may come from.
    repositories: HashSet<String>,
}

#[derive(Debug, Clone, Default)]
struct Progress {
    written: u64,
    size: Option<u64>,
    /// All bytes are written and have the digest.
    right: bool,
    /// Set once, at the end.
    end: Option<Result<(), Stopped>>,
}

/// Why nothing was stored.
#[derive(Debug, Clone)]
pub(super) enum Stopped {
    /// It was not to be had.
    Failed(Failure),
    /// Our own disk does not take it.
    Disk,
    /// All of it came and is right, and could not be kept.
    Unkept,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        tracing::error!(%error, "a blob cannot be written");
        Self::Disk
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(failure) => failure,
            Stopped::Disk | Stopped::Unkept => failure(
                "this server cannot store the blob",
                "Ask its administrator to look at the log, and at where blobs are kept.",
            ),
        }
    }
}

/// How far a download is.
pub(super) enum Ready {
    /// Its size is known, and its bytes can be followed.
    Size(u64),
    /// It is on the disk.
    Stored,
}

impl Engine {
    /// The download of a blob; begun, through these doors, if there is none. True if it was begun. None if it comes through
    /// other doors: who has the blob from elsewhere has to get it there. `ended` is what [`Fills::ended`] said before it was
    /// looked whether the blob is stored.
    pub(super) fn fill(
        &self,
        digest: &Digest,
        doors: Vec<Door>,
        ended: u64,
    ) -> Option<(Arc<Fill>, bool)> {
        let id = self.clock().id();
        let (fill, look) = {
            let mut running = self.fills().lock();
            if let Some(fill) = running.get(digest) {
                return fill.is_for(&doors).then(|| (fill.clone(), false));
            }
            let fill = Arc::new(Fill {
                path: self.blobs().temp(&id),
                progress: watch::Sender::default(),
                repositories: doors
                    .iter()
                    .map(|door| door.repository().to_owned())
                    .collect(),
            });
            running.insert(digest.clone(), fill.clone());
            (fill, self.fills().ended() != ended)
        };
        let (engine, digest, ours) = (self.clone(), digest.clone(), fill.clone());
        self.spawn(async move {
            let stopping = engine.stopping();
            let end = tokio::select! {
                end = caught("storing a blob", engine.run_fill(&id, &digest, doors, &ours, look)) => {
                    end.unwrap_or_else(|error| {
                        tracing::error!(blob.digest = %digest, %error, "a download broke off");
                        Err(Stopped::Disk)
                    })
                }
                () = tokio::time::sleep(engine.upstream().blob_timeout()) => Err(failure(
                    "the blob did not arrive in time",
                    "Try again later.",
                ).into()),
                () = stopping.cancelled() => Err(failure("the server stops", "Pull again.").into()),
            };
            if let Err(stopped) = &end {
                let error = Failure::from(stopped.clone());
                tracing::warn!(blob.digest = %digest, %error, "blob not stored");
            }
            // From the list first: who comes after the end finds it on the disk, or begins anew.
            engine.fills().end(&digest);
            ours.progress
                .send_modify(|progress| progress.end = Some(end));
        });
        Some((fill, true))
    }

    /// Waits until all that is being downloaded is stored, or is not to be, for tests that look at what is stored.
    #[cfg(feature = "testing")]
    pub async fn downloads_ended(&self) {
        let running: Vec<Arc<Fill>> = self.fills().lock().values().cloned().collect();
        for fill in running {
            // How it ended is told elsewhere.
            let _ = fill.end().await;
        }
    }

    /// How many wait for the download of a blob or follow it, for tests that have to know.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn readers(&self, digest: &Digest) -> usize {
        let running = self.fills().lock();
        running
            .get(digest)
            .map_or(0, |fill| fill.progress.receiver_count())
    }

    async fn run_fill(
        &self,
        id: &str,
        digest: &Digest,
        doors: Vec<Door>,
        fill: &Fill,
        look: bool,
    ) -> Result<(), Stopped> {
        let look = look || self.fills().permits.available_permits() == 0;
        // Never closed.
        let _permit = self.fills().permits.acquire().await.ok();
        // It may have been stored between the reader's look and this, if a download ended or was waited for meanwhile: else
        // nobody waits for the database. Stored from elsewhere, it comes once more.
        if look {
            let proven = async { self.store().read().await?.any_proven(&doors, digest).await };
            if proven.await.unwrap_or(false) && self.blobs().size(digest).await?.is_some() {
                return Ok(());
            }
        }
        let mut download = Download::new(doors, digest, self.config().max_blob_size).unverified();
        // The file is made while the registry is waited for.
        let (opened, file) = tokio::join!(download.open(), self.blobs().begin(id, digest));
        if !opened? {
            return Err(download.wrong("nothing").into());
        }
        let file = file?;
        let size = download.size;
        fill.progress.send_modify(|progress| progress.size = size);
        let pieces = stream::try_unfold(&mut download, |download| async {
            let piece = download.next().await?;
            Ok::<_, Stopped>(piece.map(|piece| (piece, download)))
        });
        let told = |written| {
            fill.progress
                .send_modify(|progress| progress.written = written);
        };
        let file = file.append(pieces, told).await?;
        if !file.is_right() {
            return Err(download.wrong("other bytes than the digest says").into());
        }
        // Who reads need not wait until it lasts.
        fill.progress.send_modify(|progress| progress.right = true);
        // First, so that what is stored can be given out.
        if let Some(repository) = download.repository() {
            self.note_proven(repository, digest).await;
        }
        file.keep().await.map_err(|error| {
            tracing::error!(%error, "a blob cannot be kept");
            Stopped::Unkept
        })?;
        // It is there; only what is told of it is behind.
        if let Err(error) = self.tell_stored(digest, Some(download.at)).await {
            tracing::warn!(blob.digest = %digest, %error, "a stored blob was not noted");
        }
        Ok(())
    }
}

impl Fills {
    /// Whether a new download would have to wait.
    pub(super) fn are_full(&self, digest: &Digest) -> bool {
        self.permits.available_permits() == 0 && !self.lock().contains_key(digest)
    }

    /// Bytes of a blob that is being downloaded through these doors, when they are known.
    pub(super) fn size(&self, digest: &Digest, doors: &[Door]) -> Option<u64> {
        let fill = self.lock().get(digest)?.clone();
        let size = fill.progress.borrow().size;
        size.filter(|_| fill.is_for(doors))
    }

    /// How many downloads ended until now. While that stays the same, none has stored anything.
    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    fn end(&self, digest: &Digest) {
        let mut running = self.lock();
        // Under the lock: who does not find it in the list any more sees that one ended.
        self.ended.fetch_add(1, Ordering::Release);
        running.remove(digest);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Fill>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fill {
    fn is_for(&self, doors: &[Door]) -> bool {
        doors
            .iter()
            .any(|door| self.repositories.contains(door.repository()))
    }

    /// Waits until bytes can be followed, or the end: a registry that names no length is waited for.
    pub async fn ready(&self) -> Result<Ready, Stopped> {
        let mut progress = self.progress.subscribe();
        let seen = progress
            .wait_for(|progress| progress.size.is_some() || progress.end.is_some())
            .await
            .map_err(|_| failure("the download ended", "Pull again."))?
            .clone();
        match (seen.end, seen.size) {
            (Some(Err(stopped)), _) => Err(stopped),
            (None, Some(size)) => Ok(Ready::Size(size)),
            _ => Ok(Ready::Stored),
        }
    }

    /// Waits for the end.
    pub async fn end(&self) -> Result<(), Failure> {
        let mut progress = self.progress.subscribe();
        let seen = progress.wait_for(|progress| progress.end.is_some()).await;
        match seen.ok().and_then(|seen| seen.end.clone()) {
            Some(end) => end.map_err(Failure::from),
            None => Err(failure("the download ended", "Try again.")),
        }
    }

    /// The bytes from `start` up to `end` as they are written; an error instead of the last one if they are wrong. If the
    /// disk takes no more, they come from `spare`.
    pub async fn follow(
        self: Arc<Self>,
        size: u64,
        start: u64,
        end: u64,
        spare: Download,
    ) -> io::Result<Body> {
        let file = blobs::at(File::open(&self.path).await?, start).await?;
        let progress = self.progress.subscribe();
        let follower = Reading::File(Box::new(Follower {
            file,
            progress,
            spare,
            _fill: self,
            size,
            start,
            end,
            at: start,
        }));
        Ok(stream::try_unfold(follower, |mut reading| async move {
            loop {
                let mut follower = match reading {
                    Reading::Rest(mut body) => {
                        let piece = body.try_next().await?;
                        return Ok(piece.map(|piece| (piece, Reading::Rest(body))));
                    }
                    Reading::File(follower) => follower,
                };
                match follower.next().await? {
                    Next::Piece(piece) => return Ok(Some((piece, Reading::File(follower)))),
                    Next::End => return Ok(None),
                    Next::NoDisk => reading = Reading::Rest(follower.rest().await?),
                }
            }
        })
        .boxed())
    }
}

/// Where a reader is.
enum Reading {
    File(Box<Follower>),
    Rest(Body),
}

/// One who reads the file while it grows.
struct Follower {
    file: File,
    progress: watch::Receiver<Progress>,
    spare: Download,
    /// Keeps the sender.
    _fill: Arc<Fill>,
    size: u64,
    start: u64,
    end: u64,
    /// The next byte.
    at: u64,
}

/// What a follower gets.
enum Next {
    Piece(Bytes),
    End,
    NoDisk,
}

impl Follower {
    async fn next(&mut self) -> io::Result<Next> {
        if self.at >= self.end {
            return Ok(Next::End);
        }
        let (at, size) = (self.at, self.size);
        let seen = self
            .progress
            .wait_for(|seen| seen.end.is_some() || at < readable(seen, size))
            .await
            .map_err(io::Error::other)?
            .clone();
        match seen.end {
            _ if seen.right => {}
            Some(Err(Stopped::Failed(failure))) => return Err(io::Error::other(failure.message)),
            Some(Err(Stopped::Disk)) => return Ok(Next::NoDisk),
            None | Some(Ok(()) | Err(Stopped::Unkept)) => {}
        }
        let many = readable(&seen, size).min(self.end).saturating_sub(at);
        let many = usize::try_from(many).unwrap_or(PIECE).min(PIECE);
        let mut piece = BytesMut::zeroed(many);
        self.file.read_exact(&mut piece).await?;
        self.at += many as u64;
        Ok(Next::Piece(piece.freeze()))
    }

    /// The bytes that are missing, from the registry itself.
    async fn rest(mut self) -> io::Result<Body> {
        let opened = self.spare.open().await;
        opened.map_err(|failure| io::Error::other(failure.message))?;
        if self.spare.size != Some(self.size) {
            return Err(io::Error::other(
                "the registry names another length than before",
            ));
        }
        let body = verified(self.spare, self.start, self.end, None).boxed();
        go_on(body, self.file, self.start, self.at).await
    }
}

/// How many bytes may be given out: all but the last until all are right.
fn readable(progress: &Progress, size: u64) -> u64 {
    match progress.right {
        true => size,
        false => progress.written.min(size.saturating_sub(1)),
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
