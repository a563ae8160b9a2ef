//! Bytes to a file: hashed and written by a thread that may wait for the disk, while the next ones come.

use std::{fs::File, io, io::Write, pin::pin, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, timeout_at},
};

use super::{Hasher, PIECE};

/// How long bytes wait for more before they are written: to hand over few at a time costs more than to write. The very
/// first do not wait: somebody waits for them.
const GATHER: Duration = Duration::from_millis(5);

/// A file, how much was written to it, and the hash of that if it is wanted.
pub(super) struct Written {
    pub file: File,
    pub hasher: Option<Hasher>,
    pub size: u64,
}

/// Where the file is.
enum At {
    Rest(Box<Written>),
    Work(JoinHandle<io::Result<Box<Written>>>),
}

/// Pieces that came and are not being written.
#[derive(Default)]
struct Waiting {
    pieces: Vec<Bytes>,
    size: usize,
    /// When the first of them came.
    since: Option<Instant>,
}

impl Waiting {
    fn push(&mut self, piece: Bytes) {
        self.size += piece.len();
        self.since.get_or_insert_with(Instant::now);
        self.pieces.push(piece);
    }
}

impl Written {
    /// Nothing yet, to a new file.
    pub fn to(file: File, hasher: Option<Hasher>) -> Self {
        Self {
            file,
            hasher,
            size: 0,
        }
    }

    /// Appends what comes. `told` hears how many bytes others who opened the file can read. No thread is held while
    /// nothing comes, and no more than two pieces of [`PIECE`] bytes wait for the disk.
    pub async fn append<E: From<io::Error>>(
        self,
        body: impl Stream<Item = Result<Bytes, E>>,
        told: impl Fn(u64),
    ) -> Result<Self, E> {
        let mut body = pin!(body.fuse());
        let mut waiting = Waiting::default();
        let mut at = At::Rest(Box::new(self));
        loop {
            at = match at {
                At::Rest(written)
                    if waiting.size < PIECE && (waiting.size == 0 || written.size > 0) =>
                {
                    let next = match waiting.since {
                        Some(since) => timeout_at(since + GATHER, body.next()).await,
                        None => Ok(body.next().await),
                    };
                    match next {
                        Ok(Some(piece)) => {
                            waiting.push(piece?);
                            At::Rest(written)
                        }
                        Ok(None) if waiting.since.is_none() => return Ok(*written),
                        Ok(None) | Err(_) => written.hand_over(&mut waiting),
                    }
                }
                At::Rest(written) => written.hand_over(&mut waiting),
                At::Work(mut work) => tokio::select! {
                    done = &mut work => {
                        let written = done.map_err(io::Error::other)??;
                        told(written.size);
                        At::Rest(written)
                    }
                    Some(piece) = body.next(), if waiting.size < PIECE => {
                        waiting.push(piece?);
                        At::Work(work)
                    }
                },
            };
        }
    }

    fn hand_over(mut self: Box<Self>, waiting: &mut Waiting) -> At {
        let Waiting { pieces, .. } = std::mem::take(waiting);
        At::Work(spawn_blocking(move || {
            self.put(&pieces)?;
            Ok(self)
        }))
    }

    fn put(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        for piece in pieces {
            self.file.write_all(piece)?;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(piece);
            }
            self.size += piece.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn what_comes_is_written_in_order_and_told_when_it_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let whole: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let pieces: Vec<Bytes> = whole.chunks(1_000).map(Bytes::copy_from_slice).collect();
        let body = stream::iter(pieces.into_iter().map(io::Result::Ok));
        let told = Mutex::new(vec![0]);
        let written = Written::to(File::create_new(&path).unwrap(), Some(Hasher::sha256()))
            .append(body, |size| {
                let there = std::fs::metadata(&path).unwrap().len();
                assert!(there >= size, "{there} of {size}");
                told.lock().unwrap().push(size);
            })
            .await
            .unwrap();
        assert_eq!(written.size, whole.len() as u64);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        let mut hasher = Hasher::sha256();
        hasher.update(&whole);
        assert_eq!(written.hasher.map(Hasher::hex), Some(hasher.hex()));
        let told = told.into_inner().unwrap();
        assert!(told.is_sorted() && told.last() == Some(&written.size));
    }

    #[tokio::test]
    async fn what_can_be_read_does_not_wait_for_what_comes_later() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create_new(folder.path().join("file")).unwrap();
        let (piece, body) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(1);
        let body = stream::unfold(body, |mut body| async { Some((body.recv().await?, body)) });
        let (told, mut heard) = tokio::sync::watch::channel(0);
        let append = Written::to(file, None).append(body, |size| {
            told.send_replace(size);
        });
        let send = async {
            for (bytes, size) in [("ab", 2), ("cde", 5), ("f", 6)] {
                piece.send(Ok(Bytes::from(bytes))).await.unwrap();
                heard.wait_for(|heard| *heard == size).await.unwrap();
            }
            drop(piece);
        };
        let (written, ()) = tokio::join!(append, send);
        assert_eq!(written.unwrap().size, 6);
    }

    #[tokio::test]
    async fn an_error_of_what_comes_is_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = File::create_new(folder.path().join("file")).unwrap();
        let body = stream::iter([Ok(Bytes::from("a")), Err(io::Error::other("broke off"))]);
        let written = Written::to(file, None).append(body, |_| ()).await;
        assert_eq!(written.err().unwrap().to_string(), "broke off");
    }
}
