//! A repository read with a credential, and without it when the credential is refused: public images behind a wrong
//! secret can still be had.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use model::{Digest, Reference, tag::Reason};

use super::{Access, BlobBody, Failure, Image, Range, RawManifest, Repository, TagList, Upstream};

/// One repository, with its credential if there is one. Clones share what was learned about it.
#[derive(Clone)]
pub struct Door {
    first: Repository,
    /// The same without the credential.
    anonymous: Option<Repository>,
    /// The credential was refused, and it worked without.
    refused: Arc<AtomicBool>,
    /// The registry, as metrics name it.
    host: String,
    repository: String,
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
            host: source.host().to_owned(),
            repository: source.without_tag().to_string(),
        }
    }

    /// Host and repository.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
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
        let asked = async { ask!(self, |repository| repository.tags(most)) };
        self.measured("tags", asked).await
    }

    /// As [`Repository::head`].
    ///
    /// # Errors
    /// As there.
    pub async fn head(&self, target: &str) -> Result<Option<Digest>, Failure> {
        let asked = async { ask!(self, |repository| repository.head(target)) };
        self.measured("head", asked).await
    }

    /// As [`Repository::manifest`].
    ///
    /// # Errors
    /// As there.
    pub async fn manifest(&self, digest: &Digest) -> Result<RawManifest, Failure> {
        let asked = async { ask!(self, |repository| repository.manifest(digest)) };
        self.measured("manifest", asked).await
    }

    /// As [`Repository::blob`].
    ///
    /// # Errors
    /// As there.
    pub async fn blob(&self, digest: &Digest, range: Range) -> Result<BlobBody, Failure> {
        let asked = async { ask!(self, |repository| repository.blob(digest, range)) };
        self.measured("blob", asked).await
    }

    /// As [`Repository::image`].
    ///
    /// # Errors
    /// As there.
    pub async fn image(&self, target: &str) -> Result<Image, Failure> {
        let asked = async { ask!(self, |repository| repository.image(target)) };
        self.measured("image", asked).await
    }

    /// Counts what is asked of the registry, how long it takes and what fails. Of what was asked only the host is told.
    async fn measured<T>(
        &self,
        operation: &'static str,
        asked: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        let answer = asked.await;
        metrics::histogram!("weir_pullthrough_repository_duration_seconds",
            "registry" => self.host.clone(), "operation" => operation)
        .record(started.elapsed());
        if let Err(failure) = &answer {
            metrics::counter!("weir_pullthrough_repository_errors_total",
                "registry" => self.host.clone(), "operation" => operation, "code" => failure.reason.as_str())
            .increment(1);
        }
        answer
    }
}
