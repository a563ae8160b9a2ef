//! One blob from other registries: the first that gives it, taken up again where it breaks off.

use bytes::Bytes;
use model::Digest;

use crate::{
    blobs::Hasher,
    upstream::{BlobBody, Door, Failure, Range, Retry},
};

/// How often a download that breaks off is taken up again without getting on.
const RESUMES: u32 = 5;
/// Bytes after which it got on.
const ON: u64 = 1 << 20;

/// A download.
pub(super) struct Download {
    /// Those that were not asked yet, the next one last.
    doors: Vec<Door>,
    door: Option<Door>,
    digest: Digest,
    body: Option<BlobBody>,
    resumes: u32,
    /// Where it broke off last.
    broke_at: u64,
    hasher: Option<Hasher>,
    most: u64,
    wanted: Range,
    /// The byte after the last, of a part.
    end: Option<u64>,
    /// The next byte to give out.
    pub at: u64,
    /// Bytes of the whole, if the registry says.
    pub size: Option<u64>,
}

impl Download {
    /// Of a blob with at most so many bytes.
    pub fn new(mut doors: Vec<Door>, digest: &Digest, most: u64) -> Self {
        doors.reverse();
        Self {
            doors,
            door: None,
            digest: digest.clone(),
            body: None,
            resumes: 0,
            broke_at: 0,
            hasher: Hasher::of(digest),
            most,
            wanted: Range::ALL,
            end: None,
            at: 0,
            size: None,
        }
    }

    /// For one who writes the bytes to a file that is verified itself: once is enough.
    pub fn unverified(self) -> Self {
        Self {
            hasher: None,
            ..self
        }
    }

    /// Of a part, if the registry sends parts; else it is all of it.
    pub fn part(self, range: Option<Range>) -> Self {
        Self {
            wanted: range.unwrap_or(Range::ALL),
            ..self
        }
    }

    /// Asks until one gives it. False when there is nobody to ask.
    ///
    /// # Errors
    /// What the last one said.
    pub async fn open(&mut self) -> Result<bool, Failure> {
        let mut last: Option<Failure> = None;
        while let Some(door) = self.doors.pop() {
            match door.blob(&self.digest, self.wanted).await {
                Ok(body) => {
                    if body.size.is_some_and(|size| size > self.most) {
                        return Err(self.too_large());
                    }
                    self.size = body.size;
                    if body.part
                        && let Some(size) = body.size
                        && let Some((start, end)) = self.wanted.within(size)
                        && (start, end) != (0, size)
                    {
                        self.at = start;
                        self.end = Some(end);
                    }
                    self.body = Some(body);
                    self.door = Some(door);
                    return Ok(true);
                }
                Err(failure) => last = Some(failure.after(last)),
            }
        }
        last.map_or(Ok(false), Err)
    }

    /// The next piece; none when all came that was announced.
    ///
    /// # Errors
    /// When it broke off too often, or the registry sends more or other lengths than it said.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            if self.end.is_some_and(|end| self.at >= end) {
                return Ok(None);
            }
            let Some(body) = &mut self.body else {
                self.resume().await?;
                continue;
            };
            // A registry that knows no ranges sends the beginning again.
            let skip = self.at.saturating_sub(body.from);
            match body.next().await {
                Ok(Some(mut piece)) => {
                    let skip = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
                    body.from += piece.len() as u64;
                    let piece = piece.split_off(skip);
                    if piece.is_empty() {
                        continue;
                    }
                    self.at += piece.len() as u64;
                    if self.at > self.most {
                        return Err(self.too_large());
                    }
                    if self.size.is_some_and(|size| self.at > size) {
                        return Err(self.wrong("more bytes than it announced"));
                    }
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(&piece);
                    }
                    return Ok(Some(piece));
                }
                Ok(None) if self.size.is_none_or(|size| self.at == size) => return Ok(None),
                Ok(None) => self.broke(None)?,
                Err(failure) => self.broke(Some(failure))?,
            }
        }
    }

    /// Whether all of it comes, and can be verified.
    pub fn is_whole(&self) -> bool {
        self.end.is_none()
    }

    /// What is downloaded.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The repository that gives it.
    pub fn repository(&self) -> Option<&str> {
        self.door.as_ref().map(Door::repository)
    }

    /// Whether what was given out has the digest.
    pub fn is_right(&self) -> bool {
        self.hasher
            .clone()
            .is_some_and(|hasher| hasher.hex() == self.digest.hex())
    }

    /// What is told of content that is not what it has to be.
    pub fn wrong(&self, what: &str) -> Failure {
        Failure {
            reason: model::tag::Reason::InternalError,
            message: format!("the registry sent {what} for {}", self.digest),
            hint: "Nothing of it was stored. Look at the registry, or at what stands before it."
                .to_owned(),
            retry: Retry::Never,
            busy: false,
        }
    }

    fn too_large(&self) -> Failure {
        Failure {
            hint: "Ask the administrator to raise WEIR_MAX_BLOB_SIZE.".to_owned(),
            ..self.wrong(&format!("more than {} bytes", self.most))
        }
    }

    fn broke(&mut self, failure: Option<Failure>) -> Result<(), Failure> {
        self.body = None;
        if self.at.saturating_sub(self.broke_at) >= ON {
            self.resumes = 0;
        }
        self.broke_at = self.at;
        self.resumes += 1;
        if self.resumes > RESUMES {
            return Err(failure.unwrap_or_else(|| self.wrong("fewer bytes than it announced")));
        }
        Ok(())
    }

    async fn resume(&mut self) -> Result<(), Failure> {
        let Some(door) = &self.door else {
            return Err(self.wrong("nothing"));
        };
        let last = self.end.map(|end| end.saturating_sub(1));
        let rest = Range::From(self.at, last);
        let body = door.blob(&self.digest, rest).await?;
        if body.size.is_some() && self.size.is_some() && body.size != self.size {
            return Err(self.wrong("another length than before"));
        }
        self.body = Some(body);
        Ok(())
    }
}
