//! An in-process registry for tests: real HTTP on loopback, deterministic images, faults on demand, every request
//! counted.
//!
//! ```ignore
//! let up = TestUpstream::start().await;                      // plain HTTP, open to all
//! let digest = up.image("team/app", "1.0", ImageKind::Docker);
//! let source = up.reference("team/app");                     // 127.0.0.1:PORT/team/app
//! let moved = up.move_tag("team/app", "1.0");                // new content, new digest
//! up.fail_times(2, Route::Manifest, Fault::Status(500));     // then well again
//! assert_eq!(up.count("GET", Route::Manifest), 3);
//! ```
//!
//! Over plain HTTP the importer needs insecure access. Over TLS (`TestUpstream::builder().tls()`) the certificate is
//! self-signed: insecure access, or [`TestUpstream::certificate`] among the configured roots. The same calls in the
//! same order give the same digests, whatever the port. Nothing here sleeps.
#![expect(
    clippy::disallowed_methods,
    reason = "a server of tests ends with its test"
)]

mod content;
mod faults;
mod serve;
mod tls;

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use model::{Digest, Reference};
use rustls::pki_types::CertificateDer;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub use content::ImageKind;
pub use faults::{Fault, Route};

/// A registry. Stops when dropped.
pub struct TestUpstream {
    state: Arc<State>,
    address: SocketAddr,
    certificate: Option<CertificateDer<'static>>,
    server: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

/// How a [`TestUpstream`] is to be.
#[derive(Debug, Default)]
pub struct Builder {
    tls: bool,
    auth: Auth,
    page: Option<usize>,
    token_life: Option<u64>,
}

/// Who may pull.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Auth {
    #[default]
    Open,
    Basic(String, String),
    /// Tokens for anybody, or only for this user.
    Bearer(Option<(String, String)>),
    /// Tokens for this user and for those who send no credentials; others are refused.
    Public(String, String),
}

/// One request, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET` or `HEAD`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What it was for.
    pub route: Route,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `Range` header.
    pub range: Option<String>,
}

/// What the server answers from.
struct State {
    origin: String,
    auth: Auth,
    page: Option<usize>,
    token_life: Option<u64>,
    inner: Mutex<Inner>,
    /// How many requests hang.
    hanging: watch::Sender<usize>,
    /// Turned on when hanging requests are to go on.
    released: watch::Sender<bool>,
}

#[derive(Default)]
struct Inner {
    repositories: BTreeMap<String, Repository>,
    faults: Vec<faults::Rule>,
    seen: Vec<Seen>,
    tokens: HashMap<String, String>,
    tokens_issued: usize,
    body_bytes: usize,
}

#[derive(Default)]
struct Repository {
    tags: BTreeMap<String, Tag>,
    manifests: HashMap<Digest, (String, Bytes)>,
    blobs: HashMap<Digest, Bytes>,
}

#[derive(Clone)]
struct Tag {
    digest: Digest,
    kind: ImageKind,
    revision: u32,
}

impl Builder {
    /// HTTPS with a self-signed certificate for 127.0.0.1 and localhost.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Basic authentication with this user only.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.auth = Auth::Basic(user.to_owned(), password.to_owned());
        self
    }

    /// Bearer authentication; the token service (`/token`, same host) gives tokens to anybody.
    #[must_use]
    pub fn bearer(mut self) -> Self {
        self.auth = Auth::Bearer(None);
        self
    }

    /// Bearer authentication; the token service gives tokens to this user only.
    #[must_use]
    pub fn bearer_for(mut self, user: &str, password: &str) -> Self {
        self.auth = Auth::Bearer(Some((user.to_owned(), password.to_owned())));
        self
    }

    /// Bearer authentication of a public registry; the token service refuses wrong credentials, but asks for none.
    #[must_use]
    pub fn public_for(mut self, user: &str, password: &str) -> Self {
        self.auth = Auth::Public(user.to_owned(), password.to_owned());
        self
    }

    /// Tag lists come in pages of this many, whatever is asked for.
    #[must_use]
    pub fn page_size(mut self, tags: usize) -> Self {
        self.page = Some(tags);
        self
    }

    /// What tokens say of their life, in seconds. Default: nothing.
    #[must_use]
    pub fn token_life(mut self, seconds: u64) -> Self {
        self.token_life = Some(seconds);
        self
    }

    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If the port or the certificate cannot be had.
    pub async fn start(self) -> TestUpstream {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap_or_else(|error| panic!("test upstream cannot listen: {error}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("test upstream has no address: {error}"));
        let scheme = if self.tls { "https" } else { "http" };
        let state = Arc::new(State {
            origin: format!("{scheme}://{address}"),
            auth: self.auth,
            page: self.page,
            token_life: self.token_life,
            inner: Mutex::default(),
            hanging: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let stop = watch::Sender::new(false);
        let mut stopped = stop.subscribe();
        let stopped = async move {
            // An error means the sender is gone: stop as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let router = serve::router(state.clone());
        let (server, certificate) = if self.tls {
            let (listener, certificate) = tls::listen(listener);
            let serve = axum::serve(listener, router).with_graceful_shutdown(stopped);
            let server = tokio::spawn(async move { drop(serve.await) });
            (server, Some(certificate))
        } else {
            let serve = axum::serve(listener, router).with_graceful_shutdown(stopped);
            (tokio::spawn(async move { drop(serve.await) }), None)
        };
        TestUpstream {
            state,
            address,
            certificate,
            server,
            stop,
        }
    }
}

impl TestUpstream {
    /// Plain HTTP, open to all.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// Another kind: TLS, authentication, pages.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `scheme://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.state.origin
    }

    /// `127.0.0.1:PORT/repository`, to import from.
    ///
    /// # Panics
    /// If the repository is not a valid name.
    #[must_use]
    pub fn reference(&self, repository: &str) -> Reference {
        format!("{}/{repository}", self.address)
            .parse()
            .unwrap_or_else(|error| panic!("{repository}: {error}"))
    }

    /// The certificate, if it speaks TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.certificate.clone()
    }

    /// Puts an image at a tag; the repository is made if it is new. The same image again has the same digest.
    pub fn image(&self, repository: &str, tag: &str, kind: ImageKind) -> Digest {
        self.put(repository, tag, kind, 0)
    }

    /// Puts an image of schema 2 whose own layer has these bytes at a tag; returns the layer's digest.
    pub fn image_with_layer(&self, repository: &str, tag: &str, layer: impl Into<Bytes>) -> Digest {
        let layer = layer.into();
        let digest = content::sha256(&layer);
        let made = content::with_layer(&format!("{repository}:{tag}"), layer);
        self.store(repository, tag, ImageKind::Docker, 0, made);
        digest
    }

    /// Puts an image of schema 2 at a tag, one of whose two layers the repository does not have and may not pass on.
    pub fn image_with_foreign_layer(&self, repository: &str, tag: &str) -> Digest {
        let made = content::with_foreign_layer(&format!("{repository}:{tag}"));
        self.store(repository, tag, ImageKind::Docker, 0, made)
    }

    /// Loses a blob: manifests that name it stay.
    pub fn lose_blob(&self, repository: &str, digest: &Digest) {
        if let Some(stored) = self.inner().repositories.get_mut(repository) {
            stored.blobs.remove(digest);
        }
    }

    /// Puts an OCI index at a tag that names a manifest the repository does not have.
    pub fn index_of(&self, repository: &str, tag: &str, child: &Digest, size: usize) -> Digest {
        let made = content::index_of(child, size);
        self.store(repository, tag, ImageKind::OciIndex, 0, made)
    }

    /// Puts an OCI index at a tag with these entries, which are not made.
    pub fn index_over(&self, repository: &str, tag: &str, entries: &[serde_json::Value]) -> Digest {
        let made = content::index_over(entries);
        self.store(repository, tag, ImageKind::OciIndex, 0, made)
    }

    /// Gives a tag new content, as a push does. The older manifest can still be read by digest.
    ///
    /// # Panics
    /// If there is no such tag.
    pub fn move_tag(&self, repository: &str, tag: &str) -> Digest {
        let old = self
            .tag(repository, tag)
            .unwrap_or_else(|| panic!("no tag {repository}:{tag} to move"));
        self.put(repository, tag, old.kind, old.revision + 1)
    }

    /// Puts the image of a tag at another tag as well, as a copy between repositories does.
    ///
    /// # Panics
    /// If there is no such tag.
    pub fn copy(&self, from: (&str, &str), to: (&str, &str)) {
        let tag = self
            .tag(from.0, from.1)
            .unwrap_or_else(|| panic!("no tag {}:{} to copy", from.0, from.1));
        let mut inner = self.inner();
        let source = inner.repositories.entry(from.0.to_owned()).or_default();
        let (manifests, blobs) = (source.manifests.clone(), source.blobs.clone());
        let target = inner.repositories.entry(to.0.to_owned()).or_default();
        target.manifests.extend(manifests);
        target.blobs.extend(blobs);
        target.tags.insert(to.1.to_owned(), tag);
    }

    /// Takes a tag away; its manifest stays readable by digest.
    pub fn delete_tag(&self, repository: &str, tag: &str) {
        let mut inner = self.inner();
        if let Some(repository) = inner.repositories.get_mut(repository) {
            repository.tags.remove(tag);
        }
    }

    /// Puts `count` images of schema 2 at the tags `0000`, `0001`, and so on; returns the tags.
    pub fn many(&self, repository: &str, count: usize) -> Vec<String> {
        let tags: Vec<String> = (0..count).map(|number| format!("{number:04}")).collect();
        for tag in &tags {
            self.image(repository, tag, ImageKind::Docker);
        }
        tags
    }

    /// The digest a tag points at.
    ///
    /// # Panics
    /// If there is no such tag.
    #[must_use]
    pub fn digest(&self, repository: &str, tag: &str) -> Digest {
        self.tag(repository, tag)
            .unwrap_or_else(|| panic!("no tag {repository}:{tag}"))
            .digest
    }

    /// The bytes of a manifest.
    #[must_use]
    pub fn manifest(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        let inner = self.inner();
        let (_, bytes) = inner.repositories.get(repository)?.manifests.get(digest)?;
        Some(bytes.clone())
    }

    /// The bytes of a blob.
    #[must_use]
    pub fn blob(&self, repository: &str, digest: &Digest) -> Option<Bytes> {
        let inner = self.inner();
        let bytes = inner.repositories.get(repository)?.blobs.get(digest)?;
        Some(bytes.clone())
    }

    /// From now on, every such request fails so. The latest fault that matches wins.
    pub fn fail(&self, route: Route, fault: Fault) {
        self.inner()
            .faults
            .push(faults::Rule::new(route, fault, None));
    }

    /// The next `times` such requests fail so.
    pub fn fail_times(&self, times: usize, route: Route, fault: Fault) {
        self.inner()
            .faults
            .push(faults::Rule::new(route, fault, Some(times)));
    }

    /// No faults any more, and whatever hangs goes on.
    pub fn heal(&self) {
        self.inner().faults.clear();
        self.release();
    }

    /// Requests that hang ([`Fault::Hang`]) go on, now and later.
    pub fn release(&self) {
        self.state.released.send_replace(true);
    }

    /// Waits until this many requests have come to hang.
    pub async fn hangs(&self, count: usize) {
        let mut hanging = self.state.hanging.subscribe();
        // The sender lives as long as this.
        let _ = hanging.wait_for(|hanging| *hanging >= count).await;
    }

    /// Every token given out is invalid from now on.
    pub fn revoke_tokens(&self) {
        self.inner().tokens.clear();
    }

    /// Requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.inner().seen.clone()
    }

    /// How many requests of this method and route came. [`Route::Any`] counts all.
    #[must_use]
    pub fn count(&self, method: &str, route: Route) -> usize {
        let inner = self.inner();
        let matching = inner
            .seen
            .iter()
            .filter(|seen| seen.method == method && route.covers(seen.route));
        matching.count()
    }

    /// Starts counting anew.
    pub fn forget_requests(&self) {
        self.inner().seen.clear();
    }

    /// Bytes of [`Fault::Huge`] bodies handed to the network so far.
    #[must_use]
    pub fn huge_bytes_sent(&self) -> usize {
        self.inner().body_bytes
    }

    /// Stops listening; when it returns, connections are refused.
    pub async fn stop(self) {
        self.heal();
        self.stop.send_replace(true);
        let mut this = self;
        // The task ends by itself, or was aborted.
        let _ = (&mut this.server).await;
    }

    fn put(&self, repository: &str, tag: &str, kind: ImageKind, revision: u32) -> Digest {
        let made = content::make(repository, tag, kind, revision);
        self.store(repository, tag, kind, revision, made)
    }

    fn store(
        &self,
        repository: &str,
        tag: &str,
        kind: ImageKind,
        revision: u32,
        made: content::Made,
    ) -> Digest {
        let mut inner = self.inner();
        let stored = inner.repositories.entry(repository.to_owned()).or_default();
        stored.manifests.extend(made.manifests);
        stored.blobs.extend(made.blobs);
        let entry = Tag {
            digest: made.digest.clone(),
            kind,
            revision,
        };
        stored.tags.insert(tag.to_owned(), entry);
        made.digest
    }

    fn tag(&self, repository: &str, tag: &str) -> Option<Tag> {
        let inner = self.inner();
        inner.repositories.get(repository)?.tags.get(tag).cloned()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.inner()
    }
}

impl Drop for TestUpstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
