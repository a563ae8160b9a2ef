//! A repository read with a credential, and without it when the credential is refused: public images behind a wrong
//! secret can still be had.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use model::{Digest, Reference, tag::Reason};

use super::{Access, BlobBody, Failure, Image, RawManifest, Repository, TagList, Upstream};

/// One repository, with its credential if there is one. Clones share what was learned about it.
#[derive(Clone)]
pub struct Door {
    first: Repository,
    /// The same without the credential.
    anonymous: Option<Repository>,
    /// The credential was refused, and it worked without.
    refused: Arc<AtomicBool>,
}

/// Asks with the credential; refused, without it. If that fails too, the first answer stands.
macro_rules! ask {
    ($door:expr, |$repository:ident| $call:expr) => {{
        let door = $door;
        if let (true, Some($repository)) = (door.refused.load(Ordering::Relaxed), &door.anonymous) {
            return $call.await;
        }
        let $repository = &door.first;
        match ($call.await, &door.anonymous) {
            (Err(failure), Some($repository)) if failure.reason == Reason::Unauthorized => {
                match $call.await {
                    Ok(answer) => {
                        door.refused.store(true, Ordering::Relaxed);
                        Ok(answer)
                    }
                    Err(_) => Err(failure),
                }
            }
            (answer, _) => answer,
        }
    }};
}

impl Door {
    /// A door to one repository.
    #[must_use]
    pub fn new(upstream: &Upstream, source: &Reference, access: Access) -> Self {
        let anonymous = access.credentials.is_some().then(|| {
            let access = Access {
                insecure: access.insecure,
                credentials: None,
            };
            upstream.repository(source, access)
        });
        Self {
            first: upstream.repository(source, access),
            anonymous,
            refused: Arc::default(),
        }
    }

    /// What is to be said about how it was read; empty if nothing.
    #[must_use]
    pub fn note(&self) -> &'static str {
        if self.refused.load(Ordering::Relaxed) {
            "The registry refused the stored credential; it was read without one."
        } else {
            ""
        }
    }

    /// As [`Repository::tags`].
    ///
    /// # Errors
    /// As there.
    pub async fn tags(&self, most: usize) -> Result<TagList, Failure> {
        ask!(self, |repository| repository.tags(most))
    }

    /// As [`Repository::head`].
    ///
    /// # Errors
    /// As there.
    pub async fn head(&self, target: &str) -> Result<Option<Digest>, Failure> {
        ask!(self, |repository| repository.head(target))
    }

    /// As [`Repository::manifest`].
    ///
    /// # Errors
    /// As there.
    pub async fn manifest(&self, digest: &Digest) -> Result<RawManifest, Failure> {
        ask!(self, |repository| repository.manifest(digest))
    }

    /// As [`Repository::blob`].
    ///
    /// # Errors
    /// As there.
    pub async fn blob(&self, digest: &Digest, from: u64) -> Result<BlobBody, Failure> {
        ask!(self, |repository| repository.blob(digest, from))
    }

    /// As [`Repository::image`].
    ///
    /// # Errors
    /// As there.
    pub async fn image(&self, target: &str) -> Result<Image, Failure> {
        ask!(self, |repository| repository.image(target))
    }
}
