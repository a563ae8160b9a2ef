//! Reading other registries: tag lists, digests, manifests and configs, over a guarded transport.
//!
//! Owns every connection to a registry that Weir imports from. Small steps: ping (`/v2/`) -> challenge -> token ->
//! request -> structured failure. Each address is checked before it is connected to, each redirect before it is
//! followed, each body has a cap and each request a deadline; credentials stay with the registry they belong to.
//! It knows nothing of streams, tags of ours, or the store.

mod address;
mod auth;
mod blob;
mod cache;
mod challenge;
mod door;
mod failure;
mod fault;
mod gate;
mod guard;
mod manifest;
mod ping;
mod pushed;
mod repository;
mod schema1;
mod tags;
mod tls;
mod transport;
mod trouble;
mod walk;

use std::{fmt, sync::Arc, time::Duration};

use ipnet::IpNet;
use model::Reference;

pub use blob::{BlobBody, Range};
pub use door::Door;
pub use failure::{Failure, Retry};
pub(crate) use manifest::is_manifest;
pub use manifest::{Image, ImageLayer};
pub(crate) use pushed::{Pushed, read as read_pushed};
pub use repository::{MANIFEST_CAP, RawManifest, Repository};
pub use tags::TagList;
pub use tls::{Authority, authorities};
pub(crate) use walk::Walk;

/// How Weir talks to other registries. One for the whole process.
#[derive(Debug, Clone)]
pub struct Config {
    /// Networks never connected to, whatever a name resolves to. Default: link-local, cloud metadata, unspecified,
    /// multicast.
    pub blocked_networks: Vec<IpNet>,
    /// Whether registries may be on loopback and private addresses.
    pub allow_private: bool,
    /// Hosts (`auth.example.com`, `auth.example.com:8443`) that may be sent credentials as a token realm of any
    /// registry.
    pub allowed_realms: Vec<String>,
    /// Requests in flight to one host.
    pub concurrency_per_host: usize,
    /// Requests a second to one host; none is unlimited.
    pub requests_per_second: Option<u32>,
    /// Deadline of name resolution, TCP and TLS together.
    pub connect_timeout: Duration,
    /// Deadline of one request, its body included.
    pub request_timeout: Duration,
    /// Deadline of what a client waits for, whatever is tried meanwhile: a manifest, or the beginning of a blob.
    pub pull_timeout: Duration,
    /// Deadline of a blob, however slowly it comes.
    pub blob_timeout: Duration,
    /// How long the next 64 KiB of a blob may take; then it is asked for again.
    pub blob_patience: Duration,
    /// Attempts after the first, for what may pass: connection failures, 429, 500, 502, 503, 504.
    pub retries: u32,
    /// Wait before the first retry; doubled each time, with jitter. `Retry-After` wins.
    pub retry_wait: Duration,
    /// Authorities trusted besides the system's.
    pub upstream_ca: Vec<Authority>,
    /// What registries see in their logs.
    pub user_agent: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            blocked_networks: guard::default_networks(),
            allow_private: true,
            allowed_realms: Vec::new(),
            concurrency_per_host: 16,
            requests_per_second: None,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            pull_timeout: Duration::from_secs(60),
            blob_timeout: Duration::from_secs(3_600),
            blob_patience: Duration::from_secs(60),
            retries: 2,
            retry_wait: Duration::from_secs(1),
            upstream_ca: Vec::new(),
            user_agent: concat!("weir/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// A user name and password for one registry.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// Who.
    pub user: String,
    /// The secret; never printed.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// On what terms a repository is read.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Accept any certificate, and plain HTTP where TLS cannot be had.
    pub insecure: bool,
    /// Sent to the registry and its own token service only.
    pub credentials: Option<Credentials>,
}

/// All other registries, as this process sees them. Clones share connections, tokens and limits.
#[derive(Clone)]
pub struct Upstream {
    shared: Arc<Shared>,
}

/// What all repositories of a process share.
struct Shared {
    transport: transport::Transport,
    auth: auth::Auth,
    pings: ping::Pings,
}

impl Upstream {
    /// Builds the transport: reads the system's authorities, connects to nothing.
    pub fn new(config: Config) -> Result<Self, Failure> {
        let auth = auth::Auth::new(config.allowed_realms.clone());
        let transport = transport::Transport::new(config)?;
        Ok(Self {
            shared: Arc::new(Shared {
                transport,
                auth,
                pings: ping::Pings::new(),
            }),
        })
    }

    /// How long a blob may take, however often it is taken up again.
    #[must_use]
    pub fn blob_timeout(&self) -> Duration {
        self.shared.transport.blob_timeout()
    }

    /// How long a client waits for a manifest, or for the beginning of a blob.
    #[must_use]
    pub fn pull_timeout(&self) -> Duration {
        self.shared.transport.pull_timeout()
    }

    /// The repository a reference names; its tag and digest play no part. Connects to nothing.
    #[must_use]
    pub fn repository(&self, source: &Reference, access: Access) -> Repository {
        Repository::new(self.shared.clone(), source, access)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").finish_non_exhaustive()
    }
}
