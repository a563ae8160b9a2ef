//! One repository of another registry: authorised requests, and what is read through them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::StreamExt;
use model::{Digest, Reference, TagName};
use reqwest::header::HeaderValue;
use url::Url;

use super::{
    Access, BlobBody, Failure, Image, Range, Shared, TagList,
    address::api_host,
    challenge::{self, Challenge},
    failure::Subject,
    fault::Fault,
    manifest::{self, Descriptor, Kind},
    ping::Ping,
    schema1, tags,
    transport::{Answer, Call},
    trouble::Trouble,
};

/// The largest manifest and config taken.
pub const MANIFEST_CAP: usize = 4 << 20;
/// Schema 1 names no sizes; more layers than this are not asked for one by one.
const MAX_SIZE_REQUESTS: usize = 50;

/// How long a repository that cannot be read at all is not asked again.
const BARRED_FOR: Duration = Duration::from_secs(10);

/// A manifest's own bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// Their digest; for signed schema 1, of the payload without signatures.
    pub digest: Digest,
    /// Their media type.
    pub media_type: String,
    /// The bytes, as the registry sent them.
    pub bytes: bytes::Bytes,
}

/// A repository, on given terms. Clones share what was learned about it: take one for a whole import, and a new one
/// to try again. If the host cannot be reached or lets nobody in, requests of the next seconds fail at once.
#[derive(Clone)]
pub struct Repository {
    shared: Arc<Shared>,
    source: Reference,
    host: String,
    path: String,
    access: Access,
    /// What the repository asked for where that differs from what the ping was told.
    learned: Arc<Mutex<Option<Challenge>>>,
    /// What kept everything from being read a moment ago: a thousand tags need not each find out.
    barred: Arc<Mutex<Option<(Instant, Trouble)>>>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository")
            .field("source", &self.source)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Repository {
    pub(super) fn new(shared: Arc<Shared>, source: &Reference, access: Access) -> Self {
        Self {
            shared,
            host: api_host(source.host()).to_owned(),
            path: source.repository(),
            source: source.without_tag(),
            access,
            learned: Arc::default(),
            barred: Arc::default(),
        }
    }

    /// The repository's tags, at most `limit`, in the registry's order.
    pub async fn tags(&self, limit: usize) -> Result<TagList, Failure> {
        let subject = Subject {
            reference: self.source.to_string(),
            image: false,
        };
        tags::list(self, limit)
            .await
            .map_err(|trouble| self.failure(trouble, &subject))
    }

    /// The digest a tag points at now, or none if the registry does not say without sending the manifest.
    pub async fn head(&self, target: &str) -> Result<Option<Digest>, Failure> {
        let subject = self.subject(target)?;
        let answer = self
            .request(&format!("manifests/{target}"), manifest::ACCEPT, 0, true)
            .await;
        match answer {
            Ok(answer) => Ok(manifest::header_digest(&answer)),
            Err(Trouble::Status { status, .. }) if matches!(status.as_u16(), 405 | 501) => Ok(None),
            Err(trouble) => Err(self.failure(trouble, &subject)),
        }
    }

    /// An image or index: its manifest and, if it has one, its config, both verified against their digests.
    pub async fn image(&self, target: &str) -> Result<Image, Failure> {
        let subject = self.subject(target)?;
        self.read_image(target)
            .await
            .map_err(|trouble| self.failure(trouble, &subject))
    }

    /// A manifest as the registry sends it, untouched, once its bytes were checked against the digest.
    pub async fn manifest(&self, digest: &Digest) -> Result<RawManifest, Failure> {
        let target = digest.to_string();
        let subject = self.subject(&target)?;
        let tail = format!("manifests/{target}");
        let answer = self
            .request(&tail, manifest::ACCEPT, MANIFEST_CAP, false)
            .await
            .map_err(|trouble| self.failure(trouble, &subject))?;
        let read = manifest::read(&answer, Some(digest))
            .map_err(|fault| self.failure(Trouble::Malformed(fault), &subject))?;
        Ok(RawManifest {
            digest: digest.clone(),
            media_type: read.media_type,
            bytes: answer.body,
        })
    }

    /// A part of a blob, to be read piece by piece; from its beginning if the registry knows no ranges. Nothing is verified
    /// here: the reader has all the bytes.
    pub async fn blob(&self, digest: &Digest, range: Range) -> Result<BlobBody, Failure> {
        let subject = self.subject(digest.as_str())?;
        let mut opened = self.open_blob(digest, range, &subject).await;
        // The size of the whole tells that nothing is there, or that the registry is wrong.
        if matches!(&opened, Err(Trouble::Status { status, .. }) if status.as_u16() == 416) {
            opened = self.open_blob(digest, Range::ALL, &subject).await;
        }
        opened.map_err(|trouble| self.failure(trouble, &subject))
    }

    async fn open_blob(
        &self,
        digest: &Digest,
        range: Range,
        subject: &Subject,
    ) -> Result<BlobBody, Trouble> {
        let ping = self.ping().await?;
        let url = ping
            .base
            .join(&format!("{}/blobs/{digest}", self.path))
            .map_err(|_| Trouble::Malformed(format!("{digest} cannot be asked for")))?;
        let call = Call {
            head: false,
            url,
            accept: "*/*",
            authorization: None,
            cap: 0,
            streamed: Some(range),
            insecure: self.access.insecure,
            retry: true,
        };
        let url = call.url.clone();
        BlobBody::new(
            self.authorised(&ping, call).await?,
            url,
            range,
            subject.clone(),
            self.shared.transport.blob_patience(),
        )
    }

    async fn read_image(&self, target: &str) -> Result<Image, Trouble> {
        let answer = self
            .request(
                &format!("manifests/{target}"),
                manifest::ACCEPT,
                MANIFEST_CAP,
                false,
            )
            .await?;
        let manifest =
            manifest::read(&answer, target.parse().ok().as_ref()).map_err(Trouble::Malformed)?;
        match &manifest.kind {
            Kind::Index(_) => Ok(manifest.into_index()),
            Kind::Single { config, .. } => {
                let config = self.config(config).await?;
                manifest.into_image(config).map_err(Trouble::Malformed)
            }
            Kind::Schema1(old) => {
                let sizes = self.layer_sizes(&old.unique_layers()).await;
                schema1::image(manifest, &sizes).map_err(Trouble::Malformed)
            }
        }
    }

    /// The text of a config blob; none if it is no JSON, which only an artifact's may be.
    async fn config(&self, descriptor: &Descriptor) -> Result<Option<String>, Trouble> {
        if descriptor.is_empty_config() {
            return Ok(Some("{}".to_owned()));
        }
        if descriptor.size > MANIFEST_CAP as i64 {
            if descriptor.is_image_config() {
                return Err(Trouble::Malformed(format!(
                    "config {} is larger than {MANIFEST_CAP} bytes",
                    descriptor.digest
                )));
            }
            return Ok(None);
        }
        let answer = self
            .request(
                &format!("blobs/{}", descriptor.digest),
                "*/*",
                MANIFEST_CAP,
                false,
            )
            .await?;
        descriptor
            .verify(&answer.body)
            .map_err(Trouble::Malformed)?;
        Ok(descriptor.text(&answer.body))
    }

    /// Sizes of blobs by HEAD; 0 where it cannot be had.
    async fn layer_sizes(&self, digests: &[Digest]) -> Vec<(Digest, i64)> {
        if digests.len() > MAX_SIZE_REQUESTS {
            return Vec::new();
        }
        futures::stream::iter(digests.to_vec())
            .map(|digest| async move {
                let answer = self
                    .request(&format!("blobs/{digest}"), "*/*", 0, true)
                    .await;
                let size = answer
                    .ok()
                    .and_then(|answer| answer.header("content-length")?.parse::<i64>().ok());
                (digest, size.unwrap_or(0).max(0))
            })
            .buffered(8)
            .collect()
            .await
    }

    /// A request below `/v2/<name>/`, authorised; refused tokens are renewed once.
    pub(super) async fn request(
        &self,
        tail: &str,
        accept: &'static str,
        cap: usize,
        head: bool,
    ) -> Result<Answer, Trouble> {
        let ping = self.ping().await?;
        let url = ping
            .base
            .join(&format!("{}/{tail}", self.path))
            .map_err(|_| Trouble::Malformed(format!("{tail} cannot be asked for")))?;
        self.request_url(&ping, url, accept, cap, head).await
    }

    /// The same for a whole URL of the same registry.
    pub(super) async fn request_url(
        &self,
        ping: &Ping,
        url: Url,
        accept: &'static str,
        cap: usize,
        head: bool,
    ) -> Result<Answer, Trouble> {
        let call = Call {
            head,
            url,
            accept,
            authorization: None,
            cap,
            streamed: None,
            insecure: self.access.insecure,
            retry: true,
        };
        self.authorised(ping, call).await
    }

    /// Sends a call with what the registry asks for.
    async fn authorised(&self, ping: &Ping, mut call: Call) -> Result<Answer, Trouble> {
        let challenge = self.learned().unwrap_or_else(|| ping.challenge.clone());
        call.authorization = self.header(ping, &challenge, None).await?;
        let answer = self.send(&call).await?;
        if answer.status.as_u16() != 401 {
            return Trouble::check(&call, answer);
        }
        // A HEAD's answer names the challenge as a GET's does.
        let wanted = challenge::read(&answer.headers).unwrap_or_else(|| challenge.clone());
        let renewed = match wanted {
            Challenge::Open => None,
            _ => {
                self.header(ping, &wanted, call.authorization.as_ref())
                    .await?
            }
        };
        if renewed.is_none() || renewed == call.authorization {
            return self.refused(&call, answer);
        }
        if wanted != ping.challenge {
            *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted);
        }
        call.authorization = renewed;
        let answer = self.send(&call).await?;
        self.refused(&call, answer)
    }

    /// What an answer means; a final 401 holds for the whole repository.
    fn refused(&self, call: &Call, answer: Answer) -> Result<Answer, Trouble> {
        let unauthorized = answer.status.as_u16() == 401;
        let checked = Trouble::check(call, answer);
        if unauthorized {
            self.bar(checked)
        } else {
            checked
        }
    }

    /// Which scheme and challenge the host has.
    pub(super) async fn ping(&self) -> Result<Ping, Trouble> {
        let barred = self
            .barred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some((since, trouble)) = barred
            && since.elapsed() < BARRED_FOR
        {
            return Err(trouble);
        }
        let shared = &self.shared;
        let ping = shared
            .pings
            .get(&shared.transport, &self.host, self.access.insecure)
            .await;
        self.bar(ping)
    }

    /// Remembers what concerns more than one request.
    fn bar<T>(&self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        if let Err(trouble) = &outcome {
            *self.barred.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((Instant::now(), trouble.clone()));
        }
        outcome
    }

    /// The repository's path below `/v2/`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    async fn send(&self, call: &Call) -> Result<Answer, Fault> {
        let answer = self.shared.transport.send(call).await;
        if answer.as_ref().is_err_and(Fault::is_connection) {
            self.shared.pings.forget(&self.host, self.access.insecure);
        }
        answer
    }

    async fn header(
        &self,
        ping: &Ping,
        challenge: &Challenge,
        stale: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Trouble> {
        let shared = &self.shared;
        let header = shared
            .auth
            .header(
                &shared.transport,
                &ping.base,
                &self.path,
                challenge,
                &self.access,
                stale,
            )
            .await;
        self.bar(header)
    }

    fn learned(&self) -> Option<Challenge> {
        self.learned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The tag or digest asked for, checked: it becomes part of a URL.
    fn subject(&self, target: &str) -> Result<Subject, Failure> {
        let reference = if let Ok(digest) = target.parse::<Digest>() {
            Some(self.source.with_digest(&digest))
        } else {
            let tag = target.parse::<TagName>().ok();
            tag.map(|tag| self.source.with_tag(&tag))
        };
        let subject = |reference: String| Subject {
            reference,
            image: true,
        };
        match reference {
            Some(reference) => Ok(subject(reference.to_string())),
            None => Err(subject(self.source.to_string()).invalid("neither a tag nor a digest")),
        }
    }

    fn failure(&self, trouble: Trouble, subject: &Subject) -> Failure {
        trouble.of(subject, self.access.credentials.is_some())
    }
}
