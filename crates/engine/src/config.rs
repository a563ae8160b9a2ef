//! Settings of the engine. The server reads them from file, environment and flags.

use std::{path::PathBuf, time::Duration};

/// Everything the engine can be told.
#[derive(Clone)]
pub struct Config {
    /// Folder of the SQLite database, of blobs and of `secret.key`, as far as they are not elsewhere.
    pub data: PathBuf,
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// Tags a repository import takes at once; `None` for all.
    pub max_tags_per_import: Option<usize>,
    /// Manifests in flight per upstream host.
    pub import_concurrency: usize,
    /// Requests a second per upstream host; `None` for no limit.
    pub import_rps: Option<u32>,
    /// Period of scheduled imports.
    pub schedule_interval: Duration,
    /// Scheduled imports this process starts a minute; `None` for no limit.
    pub imports_per_minute: Option<u32>,
    /// Networks the server never connects to on a user's behalf.
    pub blocked_networks: Vec<ipnet::IpNet>,
    /// Hosts that may be sent credentials as the token service of any registry.
    pub allowed_realms: Vec<String>,
    /// Authorities registries are trusted by, besides the system's.
    pub upstream_ca: Vec<crate::upstream::Authority>,
    /// Registries images may be imported from; an empty list allows all.
    pub allowed_registries: model::allowed::AllowedRegistries,
    /// Key that encrypts stored secrets; without it the one in `secret.key` of the data folder, made when first needed.
    pub secret_key: Option<[u8; crate::vault::KEY]>,
    /// Streams one change of policies takes at once; more are changed in parts.
    pub streams_at_once: usize,
    /// Whether blobs that are pulled through are stored.
    pub mirror: bool,
    /// Where blobs are kept, as `s3://bucket/prefix`; none for the data folder.
    pub blobs_url: Option<String>,
    /// Bytes of one blob that is pushed, or pulled through, at most.
    pub max_blob_size: u64,
    /// How much a pushed image, and a stream that is pushed to, may have.
    pub quota: crate::rules::quota::Quota,
    /// Host (and port) clients pull from here; none if the registry is not served.
    pub registry_host: Option<String>,
    /// Whether clients reach it over HTTPS.
    pub registry_secure: bool,
    /// Hosts (with port) this registry itself is reached at: nothing is pulled through from there.
    pub own_hosts: Vec<String>,
    /// Background workers in this process; 0 for none.
    pub workers: usize,
}

impl Config {
    /// Defaults over a data folder.
    #[must_use]
    pub fn in_folder(data: PathBuf) -> Self {
        let database_url = format!("sqlite://{}", data.join("weir.db").display());
        Self {
            data,
            database_url,
            max_tags_per_import: Some(50),
            import_concurrency: 16,
            import_rps: None,
            schedule_interval: Duration::from_secs(15 * 60),
            imports_per_minute: Some(600),
            blocked_networks: crate::upstream::Config::default().blocked_networks,
            allowed_realms: Vec::new(),
            upstream_ca: Vec::new(),
            allowed_registries: model::allowed::AllowedRegistries::default(),
            secret_key: None,
            streams_at_once: 1_000,
            mirror: true,
            blobs_url: None,
            max_blob_size: 20 << 30,
            quota: crate::rules::quota::Quota::default(),
            registry_host: None,
            registry_secure: false,
            own_hosts: Vec::new(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}
