//! Blobs by digest, on a local disk.
//!
//! ```text
//! <data>/blobs/
//!   sha256/ab/abcdef…   a whole blob whose bytes have this digest; never changed
//!   sha512/…            the same
//!   temp/<id>           one that is being written: nobody's until it is verified
//! ```
//!
//! A blob is written to `temp`, verified, brought to disk, and renamed: what has a name by digest is whole, whenever the
//! power goes. What a crash leaves in `temp` is removed at the next start, once it is older than any download may last.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use model::Digest;
use sha2::{Digest as _, Sha256, Sha512};
use tokio::{
    fs::{self, File},
    io::{AsyncSeekExt, AsyncWriteExt},
};

/// Leftovers in `temp` younger than this may be another process's.
const STALE: Duration = Duration::from_secs(6 * 3_600);

/// The blobs of this server.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// Blobs below a folder, which is made when the first is written.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Bytes of a blob, if it is here.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn size(&self, digest: &Digest) -> io::Result<Option<u64>> {
        absent(
            fs::metadata(self.path(digest))
                .await
                .map(|found| found.len()),
        )
    }

    /// A blob, opened at a byte, with its whole size, if it is here.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn open(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        let Some(file) = absent(File::open(self.path(digest)).await)? else {
            return Ok(None);
        };
        let size = file.metadata().await?.len();
        Ok(Some((file, size)))
    }

    /// Where a blob with this id is while it is written.
    pub(crate) fn temp(&self, id: &str) -> PathBuf {
        self.root.join("temp").join(id)
    }

    /// Begins a blob; nothing stays of it unless it is kept.
    pub(crate) async fn begin(&self, id: &str, digest: &Digest) -> io::Result<NewBlob> {
        let hasher = Hasher::of(digest)
            .ok_or_else(|| io::Error::other(format!("{digest} has an unknown algorithm")))?;
        let path = self.temp(id);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        let file = File::create_new(&path).await?;
        Ok(NewBlob {
            blobs: self.clone(),
            digest: digest.clone(),
            file,
            path: Some(path),
            hasher,
            written: 0,
        })
    }

    /// Removes what a crash left behind. Returns how many files went.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn remove_leftovers(&self) -> io::Result<usize> {
        let Some(mut files) = absent(fs::read_dir(self.root.join("temp")).await)? else {
            return Ok(0);
        };
        let now = std::time::SystemTime::from(crate::clock::world());
        let mut removed = 0;
        while let Some(file) = files.next_entry().await? {
            let Some(found) = absent(file.metadata().await)? else {
                continue;
            };
            let age = now.duration_since(found.modified()?).unwrap_or_default();
            if age > STALE && absent(fs::remove_file(file.path()).await)?.is_some() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        // The grammar of digests has no separators of paths; the hex has 32 digits or more.
        self.root
            .join(digest.algorithm())
            .join(hex.get(..2).unwrap_or(hex))
            .join(hex)
    }
}

/// A blob that is being written.
pub(crate) struct NewBlob {
    blobs: Blobs,
    digest: Digest,
    file: File,
    /// None once it is kept.
    path: Option<PathBuf>,
    hasher: Hasher,
    written: u64,
}

impl NewBlob {
    /// Appends; when it returns, others who opened the file can read it.
    pub async fn write(&mut self, bytes: &Bytes) -> io::Result<u64> {
        self.file.write_all(bytes).await?;
        self.file.flush().await?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(self.written)
    }

    /// Whether what was written has the digest it was begun for.
    pub fn is_right(&self) -> bool {
        self.hasher.clone().hex() == self.digest.hex()
    }

    /// Makes it last under its digest.
    ///
    /// # Errors
    /// When its bytes are others than its digest says, or the disk refuses; then nothing stays.
    pub async fn keep(mut self) -> io::Result<()> {
        if !self.is_right() {
            return Err(io::Error::other(format!(
                "the bytes do not have the digest {}",
                self.digest
            )));
        }
        self.file.sync_all().await?;
        let target = self.blobs.path(&self.digest);
        let folder = target.parent().unwrap_or(Path::new(".")).to_owned();
        fs::create_dir_all(&folder).await?;
        if let Some(path) = &self.path {
            fs::rename(path, &target).await?;
        }
        self.path = None;
        // The name itself has to be on disk, too.
        File::open(&folder).await?.sync_all().await
    }
}

impl Drop for NewBlob {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // Gone already, or removed as a leftover at a later start.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The hash functions digests of blobs are made with.
#[derive(Clone)]
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// The one a digest needs.
    pub fn of(digest: &Digest) -> Option<Self> {
        match digest.algorithm() {
            "sha256" => Some(Self::Sha256(Sha256::new())),
            "sha512" => Some(Self::Sha512(Sha512::new())),
            _ => None,
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    pub fn hex(self) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Sha256(hasher) => hex(&hasher.finalize()),
            Self::Sha512(hasher) => hex(&hasher.finalize()),
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
            let mut new = blobs.begin(id, &right).await.unwrap();
            new.write(&Bytes::from(bytes)).await.unwrap();
            assert_eq!(blobs.size(&right).await.unwrap(), None, "nobody's yet");
            assert_eq!(new.keep().await.is_ok(), kept, "{bytes}");
            assert!(!blobs.temp(id).exists());
            assert_eq!(blobs.size(&right).await.unwrap(), kept.then_some(5));
        }
    }

    #[tokio::test]
    async fn only_old_leftovers_are_removed_at_a_start() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path().to_owned());
        assert_eq!(blobs.remove_leftovers().await.unwrap(), 0, "no folder yet");
        std::fs::create_dir(folder.path().join("temp")).unwrap();
        for (id, age) in [("old", STALE * 2), ("young", Duration::ZERO)] {
            let file = std::fs::File::create(blobs.temp(id)).unwrap();
            let now = std::time::SystemTime::from(crate::clock::world());
            file.set_modified(now - age).unwrap();
        }
        assert_eq!(blobs.remove_leftovers().await.unwrap(), 1);
        assert!(blobs.temp("young").exists() && !blobs.temp("old").exists());
    }
}
