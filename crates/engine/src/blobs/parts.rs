//! Parts of uploads: what one request brought, until all of them are put together.

use std::{io, path::PathBuf, pin::pin, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use model::Digest;
use tokio::fs::{self, File};
use tokio_util::io::ReaderStream;

use super::{Blobs, Body, Hasher, PIECE, Place, Unfinished, Written, absent, make_folder_of};

/// Uploads told at one time.
const MOST_UPLOADS: usize = 1_000;
/// How long a client may send nothing.
const SILENCE: Duration = Duration::from_secs(120);

/// Why a part was not taken.
#[derive(Debug)]
pub(crate) enum PartError {
    /// The client broke off, or said nothing for too long.
    Client(String),
    /// More bytes came than may come.
    TooLarge,
    /// The place refuses.
    Place(io::Error),
}

impl From<io::Error> for PartError {
    fn from(error: io::Error) -> Self {
        Self::Place(error)
    }
}

impl Blobs {
    /// Writes a part of an upload, at most `most` bytes of it; returns how many came, and the hash, which goes on with
    /// them. Of one that fails nothing stays.
    pub(crate) async fn write_part(
        &self,
        upload: &str,
        part: &str,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
        hasher: Option<Hasher>,
        most: u64,
    ) -> Result<(u64, Option<Hasher>), PartError> {
        let name = part_name(upload, part);
        let path = self.local.join(&name);
        make_folder_of(&path).await?;
        let file = File::create_new(&path).await?;
        let unfinished = Unfinished::new(path);
        let body = pin!(body);
        let patient = stream::try_unfold((body, 0_u64), |(mut body, before)| async move {
            let Some(piece) = next(&mut body).await? else {
                return Ok(None);
            };
            let came = before.saturating_add(piece.len() as u64);
            match came > most {
                true => Err(PartError::TooLarge),
                false => Ok(Some((piece, (body, came)))),
            }
        });
        let written = Written::to(file.into_std().await, hasher)
            .append(patient, |_| ())
            .await?;
        match &self.place {
            Place::Disk => unfinished.keep(),
            Place::Bucket(bucket) => {
                let body = ReaderStream::with_capacity(File::open(unfinished.path()).await?, PIECE);
                bucket.put(&name, body).await?;
            }
        }
        Ok((written.size, written.hasher))
    }

    /// Removes a part that does not count.
    pub(crate) async fn remove_part(&self, upload: &str, part: &str) -> io::Result<()> {
        let name = part_name(upload, part);
        match &self.place {
            Place::Disk => absent(fs::remove_file(self.local.join(name)).await).map(drop),
            Place::Bucket(bucket) => bucket.remove(&name).await,
        }
    }

    /// Removes what is left of an upload.
    pub(crate) async fn remove_upload(&self, upload: &str) -> io::Result<()> {
        match &self.place {
            Place::Disk => absent(fs::remove_dir_all(self.upload_folder(upload)).await).map(drop),
            Place::Bucket(bucket) => {
                // The folder its parts passed through.
                absent(fs::remove_dir_all(self.upload_folder(upload)).await)?;
                bucket.remove_below(&format!("uploads/{upload}")).await
            }
        }
    }

    /// Uploads that have files, a thousand at most of each place they can be in.
    pub(crate) async fn uploads(&self) -> io::Result<Vec<String>> {
        let mut uploads = Vec::new();
        if let Some(mut found) = absent(fs::read_dir(self.local.join("uploads")).await)? {
            while uploads.len() < MOST_UPLOADS
                && let Some(entry) = found.next_entry().await?
            {
                uploads.extend(entry.file_name().into_string());
            }
        }
        if let Place::Bucket(bucket) = &self.place {
            uploads.extend(bucket.names_below("uploads", MOST_UPLOADS).await?);
            uploads.sort_unstable();
            uploads.dedup();
        }
        Ok(uploads)
    }

    /// Gives the only part of an upload the name of its digest, which the caller has verified: no byte is copied. False
    /// where blobs are kept elsewhere than parts.
    pub(crate) async fn promote(
        &self,
        upload: &str,
        part: &str,
        digest: &Digest,
    ) -> io::Result<bool> {
        match &self.place {
            Place::Disk => {
                let path = self.local.join(part_name(upload, part));
                self.store(&File::open(&path).await?, &path, digest).await?;
                Ok(true)
            }
            Place::Bucket(_) => Ok(false),
        }
    }

    /// The bytes of an upload: those of its parts, one after the other.
    pub(crate) fn read_parts(&self, upload: &str, parts: Vec<String>) -> Body {
        let blobs = self.clone();
        let upload = upload.to_owned();
        stream::iter(parts)
            .then(move |part| {
                let (blobs, name) = (blobs.clone(), part_name(&upload, &part));
                async move { blobs.read_part(&name).await }
            })
            .try_flatten()
            .boxed()
    }

    async fn read_part(&self, name: &str) -> io::Result<Body> {
        match &self.place {
            Place::Disk => {
                let file = File::open(self.local.join(name)).await?;
                Ok(ReaderStream::with_capacity(file, PIECE).boxed())
            }
            Place::Bucket(bucket) => {
                let size = bucket.size(name).await?;
                bucket.read(name, 0, size).await
            }
        }
    }

    fn upload_folder(&self, upload: &str) -> PathBuf {
        self.local.join("uploads").join(upload)
    }
}

/// The next piece of what a client sends.
async fn next(
    body: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin),
) -> Result<Option<Bytes>, PartError> {
    match tokio::time::timeout(SILENCE, body.try_next()).await {
        Ok(next) => next.map_err(|error| PartError::Client(error.to_string())),
        Err(_) => Err(PartError::Client(format!(
            "nothing came for {} seconds",
            SILENCE.as_secs()
        ))),
    }
}

/// The ids are ours: they have no separators of paths.
fn part_name(upload: &str, part: &str) -> String {
    format!("uploads/{upload}/{part}")
}
