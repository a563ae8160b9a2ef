//! The engine of Weir: everything it does, behind one handle, for every door.
//!
//! Facts in, a pure rule, a [`model::Plan`], one `apply` in one transaction. Knows nothing of HTTP serving or HTML.

pub mod actor;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod error;
pub mod openshift;
mod ops;
mod pull;
mod pulls;
mod push;
pub mod rules;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod upstream;
pub mod vault;
mod worker;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

pub use actor::Actor;
use blobs::Blobs;
pub use clock::Clock;
pub use config::Config;
pub use error::{Error, Result};
pub use ops::{
    BulkDone, Draft, Edited, NewToken, Planned, PlannedAll, PlannedBulk, PushedManifest, StaleTag,
    Target,
};
pub use pull::Blob;
use pull::Fills;
use pulls::Gathered;
use push::Hashes;
pub use push::{PushError, Taken};
use store::Store;
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
pub use upstream::Range;
use upstream::Upstream;
use vault::Vault;

/// The handle every door holds. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    clock: Clock,
    store: Store,
    upstream: Upstream,
    blobs: Blobs,
    /// Blobs on their way.
    fills: Fills,
    /// Hashes of uploads that go on.
    hashes: Hashes,
    /// Pulls that are not written yet.
    gathered: Gathered,
    /// Taken to note that a source is asked before a pull.
    asking: tokio::sync::Mutex<()>,
    /// Names this process in leases.
    owner: String,
    /// The key of stored secrets, once it was needed.
    vault: OnceLock<Vault>,
    /// Wakes idle workers.
    wake: Notify,
    /// The newest journal number, as far as somebody listens.
    numbers: watch::Sender<i64>,
    /// Set once somebody listened.
    listening: OnceLock<()>,
    /// Everything that runs in the background, so that a stop can wait for it.
    tracker: TaskTracker,
    stop: CancellationToken,
    /// Jobs running in this process: cancelling one is felt at once.
    running: Mutex<HashMap<String, CancellationToken>>,
}

impl Engine {
    /// Opens the store (and brings its schema up to date); starts nothing.
    ///
    /// # Errors
    /// When the database cannot be opened or is newer than this program, or no TLS roots can be read.
    pub async fn open(config: Config, clock: Clock) -> Result<Self> {
        let store = Store::open(&config.database_url).await?;
        let upstream = Upstream::new(upstream::Config {
            blocked_networks: config.blocked_networks.clone(),
            allowed_realms: config.allowed_realms.clone(),
            upstream_ca: config.upstream_ca.clone(),
            concurrency_per_host: config.import_concurrency,
            requests_per_second: config.import_rps,
            ..upstream::Config::default()
        })
        .map_err(|failure| Error::Internal {
            doing: "preparing connections to registries, with the authorities of the system and of WEIR_UPSTREAM_CA",
            source: failure.to_string().into(),
        })?;
        let folder = config.data.join("blobs");
        let blobs = match &config.blobs_url {
            None => Blobs::new(folder),
            Some(url) => Blobs::at(folder, url, &[]).map_err(|error| Error::Internal {
                doing: "WEIR_BLOBS_URL: opening the place of blobs",
                source: Box::new(error),
            })?,
        };
        let engine = Self::with_blobs(config, clock, store, upstream, blobs);
        match engine.blobs().remove_leftovers().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed downloads that a crash left behind"),
            // Pulls will say so, too; everything else works without the disk.
            Err(error) => tracing::warn!(%error, "leftovers of downloads cannot be removed"),
        }
        Ok(engine)
    }

    pub(crate) fn with_blobs(
        config: Config,
        clock: Clock,
        store: Store,
        upstream: Upstream,
        blobs: Blobs,
    ) -> Self {
        let owner = clock.id();
        let store = store.of_hosts(&config.own_hosts);
        Self {
            inner: Arc::new(Inner {
                config,
                clock,
                store,
                upstream,
                blobs,
                fills: Fills::default(),
                hashes: Hashes::default(),
                gathered: Gathered::default(),
                asking: tokio::sync::Mutex::default(),
                owner,
                vault: OnceLock::new(),
                wake: Notify::new(),
                numbers: watch::Sender::new(0),
                listening: OnceLock::new(),
                tracker: TaskTracker::new(),
                stop: CancellationToken::new(),
                running: Mutex::default(),
            }),
        }
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Stops workers, hands their jobs back and waits until all is written, at most as long as `grace`.
    pub async fn stop(&self, grace: Duration) {
        self.inner.stop.cancel();
        self.inner.tracker.close();
        if tokio::time::timeout(grace, self.inner.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "stopped before all background work was handed back; its leases will run out"
            );
        }
        self.inner.store.close().await;
    }

    /// Whether the store answers: for readiness.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<()> {
        self.store().read().await?.ping().await
    }

    /// The blobs, in the data folder or in a bucket.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    fn fills(&self) -> &Fills {
        &self.inner.fills
    }

    fn hashes(&self) -> &Hashes {
        &self.inner.hashes
    }

    fn asking(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.asking
    }

    fn gathered(&self) -> &Gathered {
        &self.inner.gathered
    }

    fn upstream(&self) -> &Upstream {
        &self.inner.upstream
    }

    /// The key of stored secrets; made when it is first needed.
    fn vault(&self) -> Result<&Vault> {
        if let Some(vault) = self.inner.vault.get() {
            return Ok(vault);
        }
        let vault = match &self.config().secret_key {
            Some(key) => Vault::new(key)?,
            None => Vault::in_file(&self.config().data.join("secret.key"))?,
        };
        Ok(self.inner.vault.get_or_init(|| vault))
    }

    fn owner(&self) -> &str {
        &self.inner.owner
    }

    fn wake(&self) {
        self.inner.wake.notify_waiters();
    }

    /// Resolves at the next [`Engine::wake`] after this call.
    fn woken(&self) -> impl Future<Output = ()> + '_ {
        self.inner.wake.notified()
    }

    /// Where journal numbers are told; the first listener starts the telling.
    fn numbers(&self) -> &watch::Sender<i64> {
        self.inner.listening.get_or_init(|| {
            self.lasting(Self::tell_numbers);
        });
        &self.inner.numbers
    }

    /// Resolves when the engine begins to stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.inner.stop.clone()
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.inner.tracker.spawn(task)
    }

    /// Notes a running job until the returned value is dropped.
    fn running(&self, id: &str, cancel: CancellationToken) -> impl Drop + use<> {
        struct Registered(Engine, String);
        impl Drop for Registered {
            fn drop(&mut self) {
                if let Ok(mut running) = self.0.inner.running.lock() {
                    running.remove(&self.1);
                }
            }
        }
        if let Ok(mut running) = self.inner.running.lock() {
            running.insert(id.to_owned(), cancel);
        }
        Registered(self.clone(), id.to_owned())
    }

    /// Makes a running job feel that it was cancelled.
    fn cancelled(&self, id: &str) {
        if let Ok(running) = self.inner.running.lock()
            && let Some(cancel) = running.get(id)
        {
            cancel.cancel();
        }
    }
}
