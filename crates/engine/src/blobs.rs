//! Blobs by digest: on the local disk, or in a bucket of an object store.
//!
//! ```text
//! <place>/
//!   sha256/ab/abcdef…     a whole blob whose bytes have this digest; never changed
//!   sha384/…, sha512/…    the same
//!   uploads/<id>/<part>   what came of a push so far
//! <data>/blobs/
//!   temp/<id>             one that is being written, always on the local disk: nobody's until it is verified
//!   uploads/<id>/<part>   the same of a part, on its way to a bucket
//! ```
//!
//! `<place>` is `<data>/blobs`, or what `WEIR_BLOBS_URL` names. A blob is written to `temp`, verified and brought to disk;
//! then it is renamed, or sent to the bucket, where an object is there whole or not at all. So what has a name by digest is
//! whole, whenever the power goes. What a crash leaves in `temp` is removed at the next start: who writes a file holds its
//! lock. Uploads nobody goes on with, and what is left of those that ended, are removed by the background work. Parts of an
//! object that a crash, or who left meanwhile, kept from being finished in a bucket are no object; the bucket's own rules
//! remove them.

mod bucket;
mod hash;
mod parts;
mod write;

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use model::Digest;
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};
use tokio_util::io::ReaderStream;

use self::{bucket::Bucket, write::Written};
pub(crate) use self::{hash::Hasher, parts::PartError};

/// Where files cannot be locked, leftovers in `temp` younger than this may be another process's.
const STALE: Duration = Duration::from_secs(6 * 3_600);
/// Bytes read from a file at once.
pub(crate) const PIECE: usize = 256 << 10;

/// Whether bytes can be held against a digest: it is of an algorithm that is known here.
#[must_use]
pub fn is_checked(digest: &Digest) -> bool {
    Hasher::of(digest).is_some()
}

/// Bytes as they come.
pub(crate) type Body = BoxStream<'static, io::Result<Bytes>>;

/// The blobs of this server.
#[derive(Debug, Clone)]
pub struct Blobs {
    local: PathBuf,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Disk,
    Bucket(Bucket),
}

/// A blob that is here.
pub(crate) struct Found {
    /// Its bytes.
    pub(crate) size: u64,
    source: Source,
}

enum Source {
    File(File),
    Object(Bucket, String),
}

impl Blobs {
    /// Blobs below a folder, which is made when the first is written.
    #[must_use]
    pub fn new(local: PathBuf) -> Self {
        Self {
            local,
            place: Place::Disk,
        }
    }

    /// Blobs in a place such as `s3://bucket/prefix`; what is being written is below the folder. `options`, named as the
    /// `AWS_*` variables are in small letters, are stronger than the environment.
    ///
    /// # Errors
    /// When the URL names no bucket, or what the environment says of it is not enough.
    pub fn at(local: PathBuf, url: &str, options: &[(&str, &str)]) -> io::Result<Self> {
        Ok(Self {
            local,
            place: Place::Bucket(Bucket::open(url, options)?),
        })
    }

    /// Bytes of a blob, if it is here.
    ///
    /// # Errors
    /// When the place refuses.
    pub async fn size(&self, digest: &Digest) -> io::Result<Option<u64>> {
        measured("size", self.find_size(digest)).await
    }

    async fn find_size(&self, digest: &Digest) -> io::Result<Option<u64>> {
        match &self.place {
            Place::Disk => {
                let found = fs::metadata(self.path(digest)).await;
                absent(found.map(|found| found.len()))
            }
            Place::Bucket(bucket) => absent(bucket.size(&name(digest)).await),
        }
    }

    /// A blob, if it is here.
    ///
    /// # Errors
    /// When the place refuses.
    pub(crate) async fn open(&self, digest: &Digest) -> io::Result<Option<Found>> {
        measured("open", self.find(digest)).await
    }

    async fn find(&self, digest: &Digest) -> io::Result<Option<Found>> {
        let found = match &self.place {
            Place::Disk => {
                let Some(file) = absent(File::open(self.path(digest)).await)? else {
                    return Ok(None);
                };
                Found {
                    size: file.metadata().await?.len(),
                    source: Source::File(file),
                }
            }
            Place::Bucket(bucket) => {
                let name = name(digest);
                let Some(size) = absent(bucket.size(&name).await)? else {
                    return Ok(None);
                };
                Found {
                    size,
                    source: Source::Object(bucket.clone(), name),
                }
            }
        };
        Ok(Some(found))
    }

    /// The bytes of a blob that has no more than `most`, if it is here.
    ///
    /// # Errors
    /// When the place refuses, or it has more.
    pub(crate) async fn bytes(&self, digest: &Digest, most: usize) -> io::Result<Option<Bytes>> {
        let Some(found) = self.open(digest).await? else {
            return Ok(None);
        };
        let size = found.size;
        if usize::try_from(size).map_or(true, |size| size > most) {
            return Err(io::Error::other(format!(
                "{digest} has {size} bytes, more than {most}"
            )));
        }
        let mut bytes = Vec::new();
        let mut body = found.read(0, size).await?;
        while let Some(piece) = body.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes.into()))
    }

    /// Where a blob with this id is while it is written.
    pub(crate) fn temp(&self, id: &str) -> PathBuf {
        self.local.join("temp").join(id)
    }

    /// Begins a blob; nothing stays of it unless it is kept.
    pub(crate) async fn begin(&self, id: &str, digest: &Digest) -> io::Result<NewBlob> {
        let hasher = Hasher::of(digest)
            .ok_or_else(|| io::Error::other(format!("{digest} has an unknown algorithm")))?;
        let path = self.temp(id);
        make_folder_of(&path).await?;
        let file = File::create_new(&path).await?.into_std().await;
        // Tells other processes that it is being written; without locks its age does.
        let _ = file.try_lock();
        Ok(NewBlob {
            blobs: self.clone(),
            digest: digest.clone(),
            temp: Unfinished::new(path),
            written: Written::to(file, Some(hasher)),
        })
    }

    /// Keeps bytes the caller has verified. Signed manifests of schema 1 have the digest of what was signed, not of all
    /// their bytes.
    pub(crate) async fn put_verified(
        &self,
        id: &str,
        digest: &Digest,
        bytes: &[u8],
    ) -> io::Result<()> {
        let path = self.temp(id);
        make_folder_of(&path).await?;
        let mut file = File::create_new(&path).await?;
        let unfinished = Unfinished::new(path);
        file.write_all(bytes).await?;
        file.flush().await?;
        self.store(&file, unfinished.path(), digest).await?;
        unfinished.keep();
        Ok(())
    }

    /// Removes a blob; one that is not here is removed. Who reads it on the disk reads on.
    ///
    /// # Errors
    /// When the place refuses.
    pub(crate) async fn remove(&self, digest: &Digest) -> io::Result<()> {
        measured("remove", self.take_away(digest)).await
    }

    async fn take_away(&self, digest: &Digest) -> io::Result<()> {
        match &self.place {
            Place::Disk => {
                let path = self.path(digest);
                match absent(fs::remove_file(&path).await)? {
                    Some(()) => sync_folder_of(&path).await,
                    None => Ok(()),
                }
            }
            Place::Bucket(bucket) => bucket.remove(&name(digest)).await,
        }
    }

    /// Removes what a crash left behind. Returns how many files went.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn remove_leftovers(&self) -> io::Result<usize> {
        let Some(mut files) = absent(fs::read_dir(self.local.join("temp")).await)? else {
            return Ok(0);
        };
        let now = std::time::SystemTime::from(crate::clock::world());
        let mut removed = 0;
        while let Some(file) = files.next_entry().await? {
            let Some(found) = absent(file.metadata().await)? else {
                continue;
            };
            let age = now.duration_since(found.modified()?).unwrap_or_default();
            let left = match absent(File::open(file.path()).await)? {
                Some(file) => file.into_std().await.try_lock().is_ok(),
                None => false,
            };
            if (left || age > STALE) && absent(fs::remove_file(file.path()).await)?.is_some() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.local.join(name(digest))
    }

    /// Gives a verified file the name of its digest.
    async fn store(&self, file: &File, path: &Path, digest: &Digest) -> io::Result<()> {
        measured("store", self.give_name(file, path, digest)).await
    }

    async fn give_name(&self, file: &File, path: &Path, digest: &Digest) -> io::Result<()> {
        match &self.place {
            Place::Disk => {
                file.sync_all().await?;
                let target = self.path(digest);
                make_folder_of(&target).await?;
                fs::rename(path, &target).await?;
                sync_folder_of(&target).await
            }
            Place::Bucket(bucket) => {
                let body = ReaderStream::with_capacity(File::open(path).await?, PIECE);
                bucket.put(&name(digest), body).await?;
                fs::remove_file(path).await
            }
        }
    }
}

impl Found {
    /// Its bytes from `start` up to `end`.
    ///
    /// # Errors
    /// When the place refuses.
    pub(crate) async fn read(self, start: u64, end: u64) -> io::Result<Body> {
        match self.source {
            Source::File(file) => {
                let part = at(file, start).await?.take(end.saturating_sub(start));
                Ok(ReaderStream::with_capacity(part, PIECE).boxed())
            }
            Source::Object(bucket, name) => bucket.read(&name, start, end).await,
        }
    }
}

/// Counts what is asked of the place of blobs, how long it takes and what fails.
async fn measured<T>(
    operation: &'static str,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let started = Instant::now();
    let done = work.await;
    metrics::histogram!("weir_storage_duration_seconds", "operation" => operation)
        .record(started.elapsed());
    if let Err(error) = &done {
        let code = error.kind().to_string();
        metrics::counter!("weir_storage_errors_total", "operation" => operation, "code" => code)
            .increment(1);
    }
    done
}

/// The name of a blob: the grammar of digests has no separators of paths; the hex has 32 digits or more.
fn name(digest: &Digest) -> String {
    let hex = digest.hex();
    format!(
        "{}/{}/{hex}",
        digest.algorithm(),
        hex.get(..2).unwrap_or(hex)
    )
}

/// A blob that is being written.
pub(crate) struct NewBlob {
    blobs: Blobs,
    digest: Digest,
    temp: Unfinished,
    written: Written,
}

impl NewBlob {
    /// Appends what comes; `told` hears how many bytes others who opened the file can read.
    pub async fn append<E: From<io::Error>>(
        self,
        body: impl Stream<Item = Result<Bytes, E>>,
        told: impl Fn(u64),
    ) -> Result<Self, E> {
        Ok(Self {
            written: self.written.append(body, told).await?,
            ..self
        })
    }

    /// Whether what was written has the digest it was begun for.
    pub fn is_right(&self) -> bool {
        let hasher = self.written.hasher.clone();
        hasher.is_some_and(|hasher| hasher.hex() == self.digest.hex())
    }

    /// Makes it last under its digest.
    ///
    /// # Errors
    /// When its bytes are others than its digest says, or the place refuses; then nothing stays.
    pub async fn keep(self) -> io::Result<()> {
        if !self.is_right() {
            return Err(io::Error::other(format!(
                "the bytes do not have the digest {}",
                self.digest
            )));
        }
        let file = File::from_std(self.written.file);
        self.blobs
            .store(&file, self.temp.path(), &self.digest)
            .await?;
        self.temp.keep();
        Ok(())
    }
}

/// A file that goes when nobody keeps it.
struct Unfinished {
    path: PathBuf,
    kept: bool,
}

impl Unfinished {
    fn new(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // Gone already, or removed as a leftover later.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A file at a byte.
pub(crate) async fn at(mut file: File, start: u64) -> io::Result<File> {
    if start > 0 {
        file.seek(io::SeekFrom::Start(start)).await?;
    }
    Ok(file)
}

/// That a name is there, or not any more, has to be on disk, too.
async fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).await?.sync_all().await
}

async fn make_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).await,
        None => Ok(()),
    }
}

/// Not found is an answer.
fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn digest(bytes: &[u8]) -> Digest {
        Digest::sha256(&Sha256::digest(bytes).into())
    }

    #[tokio::test]
    async fn a_blob_has_its_name_only_when_its_bytes_are_right() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path().to_owned());
        let right = digest(b"right");
        for (id, bytes, kept) in [
            ("a", "wrong", false),
            ("b", "righ", false),
            ("c", "right", true),
        ] {
            let new = blobs.begin(id, &right).await.unwrap();
            let body = futures::stream::iter([io::Result::Ok(Bytes::from(bytes))]);
            let new = new.append(body, |_| ()).await.unwrap();
            assert_eq!(blobs.size(&right).await.unwrap(), None, "nobody's yet");
            assert_eq!(new.keep().await.is_ok(), kept, "{bytes}");
            assert!(!blobs.temp(id).exists());
            assert_eq!(blobs.size(&right).await.unwrap(), kept.then_some(5));
        }
    }

    #[tokio::test]
    async fn what_nobody_writes_any_more_is_removed_at_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path().to_owned());
        assert_eq!(blobs.remove_leftovers().await.unwrap(), 0, "no folder yet");
        let written = blobs.begin("written", &digest(b"right")).await.unwrap();
        std::fs::write(blobs.temp("left"), "half").unwrap();
        assert_eq!(blobs.remove_leftovers().await.unwrap(), 1);
        assert!(!blobs.temp("left").exists() && blobs.temp("written").exists());
        let body = futures::stream::iter([io::Result::Ok(Bytes::from("right"))]);
        written
            .append(body, |_| ())
            .await
            .unwrap()
            .keep()
            .await
            .unwrap();
        assert_eq!(blobs.size(&digest(b"right")).await.unwrap(), Some(5));
    }
}
