//! Straight through: the bytes of another registry, verified, and nothing of them kept.

use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use model::Digest;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};

use super::{Blob, Download, Range};
use crate::{Engine, Error, Result, blobs::Body, upstream::Door};

impl Engine {
    /// Straight through; nothing of it is kept but that the repository has it. It is verified: its last piece is sent only
    /// if it is right. Of a part the registry is asked for no more, which can be neither verified nor proof of the whole.
    pub(super) async fn through(
        &self,
        doors: Vec<Door>,
        digest: &Digest,
        range: Option<Range>,
    ) -> Result<Blob> {
        let mut download = Download::new(doors, digest, self.config().max_blob_size).part(range);
        self.in_time(download.open()).await?;
        let size = download.size.ok_or_else(|| Error::Upstream {
            message: format!("the registry does not say how large {digest} is"),
            hint: "Turn mirroring on to pull it.".to_owned(),
            busy: false,
        })?;
        let (start, end) = Range::of(range, size)?;
        Ok(Blob {
            size,
            range: (start, end),
            body: verified(download, start, end, Some(self.clone())).boxed(),
        })
    }

    /// Reads a blob from its registry to know that it has it.
    pub(super) async fn see(&self, doors: Vec<Door>, digest: &Digest) -> Result<()> {
        let mut seen = self.through(doors, digest, None).await?;
        loop {
            match seen.body.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) => {
                    return Err(Error::Upstream {
                        message: error.to_string(),
                        hint: "Look at the registry, or at what stands before it.".to_owned(),
                        busy: false,
                    });
                }
            }
        }
    }

    /// Notes that a repository has what it sent. Without the note it is asked again.
    pub(crate) async fn note_proven(&self, repository: &str, digest: &Digest) {
        let noted = async {
            let mut tx = self.store().write().await?;
            tx.prove(repository, digest).await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(blob.digest = %digest, %error, "where a blob came from was not noted");
        }
    }
}

/// What `body`, which begins at `start`, has from `at` on, for a reader who was given what is before it from a file: that
/// has to be the same.
pub(super) async fn go_on(body: Body, mut file: File, start: u64, at: u64) -> io::Result<Body> {
    file.seek(io::SeekFrom::Start(start)).await?;
    let state = (body, file, at.saturating_sub(start));
    let rest = stream::try_unfold(state, |(mut body, mut file, given)| async move {
        let Some(mut piece) = body.try_next().await? else {
            return Ok(None);
        };
        let many = usize::try_from(given).unwrap_or(usize::MAX);
        let again = piece.split_to(many.min(piece.len()));
        let mut before = vec![0; again.len()];
        file.read_exact(&mut before).await?;
        if before != again {
            return Err(io::Error::other(
                "the registry sent other bytes than the first time",
            ));
        }
        let given = given.saturating_sub(again.len() as u64);
        Ok(Some((piece, (body, file, given))))
    });
    Ok(rest
        .try_filter(|piece| std::future::ready(!piece.is_empty()))
        .boxed())
}

/// The bytes of a download from `start` up to `end`; one piece is held back until the next is there, or all are right: that
/// is noted in `engine`. A part is only handed on.
pub(super) fn verified(
    download: Download,
    start: u64,
    end: u64,
    engine: Option<Engine>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let state = (download, None::<Bytes>, engine, false);
    stream::try_unfold(
        state,
        move |(mut download, mut held, engine, done)| async move {
            if done {
                return Ok(None);
            }
            loop {
                let at = download.at;
                let next = download
                    .next()
                    .await
                    .map_err(|failure| io::Error::other(failure.message))?;
                let Some(piece) = next else {
                    if download.is_whole() {
                        if !download.is_right() {
                            return Err(io::Error::other(
                                "the registry sent other bytes than the digest says",
                            ));
                        }
                        if let (Some(engine), Some(repository)) = (&engine, download.repository()) {
                            engine.note_proven(repository, download.digest()).await;
                        }
                    }
                    return Ok(held
                        .take()
                        .map(|last| (last, (download, None, engine, true))));
                };
                let part = part(piece, at, start, end);
                if part.is_empty() {
                    continue;
                }
                if let Some(before) = held.replace(part) {
                    return Ok(Some((before, (download, held, engine, false))));
                }
            }
        },
    )
}

/// What a piece that begins at a byte has of a range.
fn part(mut piece: Bytes, at: u64, start: u64, end: u64) -> Bytes {
    let keep = end.saturating_sub(at);
    piece.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
    let skip = usize::try_from(start.saturating_sub(at)).unwrap_or(usize::MAX);
    piece.split_off(skip.min(piece.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_changes_over_gets_the_missing_bytes_if_those_before_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "abcdef").unwrap();
        for (pieces, rest) in [
            (&["bcdef", "ghi"][..], Some("efghi")),
            (&["b", "c", "d", "e", "f", "g"], Some("efg")),
            (&["bcd", "XYZ"], Some("XYZ")),
            (&["bcX", "efg"], None),
            (&["Xcdefg"], None),
        ] {
            let body = stream::iter(pieces).map(|piece| Ok(Bytes::from(*piece)));
            // It may be anywhere in the file.
            let mut file = File::open(&path).await.unwrap();
            file.seek(io::SeekFrom::End(0)).await.unwrap();
            let body = go_on(body.boxed(), file, 1, 4).await.unwrap();
            let read: io::Result<Vec<Bytes>> = body.try_collect().await;
            let read = read.ok().map(|pieces| pieces.concat());
            assert_eq!(read.as_deref(), rest.map(str::as_bytes), "{pieces:?}");
        }
    }

    #[test]
    fn a_range_is_cut_out_of_the_pieces() {
        let piece = Bytes::from_static(b"abcd");
        assert_eq!(part(piece.clone(), 10, 0, 100), "abcd");
        assert_eq!(part(piece.clone(), 10, 11, 13), "bc");
        assert_eq!(part(piece.clone(), 10, 0, 10), "");
        assert_eq!(part(piece, 10, 14, 20), "");
    }
}
