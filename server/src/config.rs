//! Settings of the process: read once, checked whole, handed down. What each means: `config/keys.rs`.

pub mod keys;
mod parse;
pub mod secret;
pub mod source;

use std::{
    ffi::OsString,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use engine::rules::quota::Quota;
use ipnet::IpNet;
use model::allowed::AllowedRegistries;
use url::Url;

use self::{
    keys::{KEYS, Key},
    secret::{Secret, mask_url},
    source::Raw,
};

/// What is wrong with the settings: names the key, what was said and what is allowed. Never shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    fn other(message: String) -> Self {
        Self { message }
    }

    fn bad(named: impl fmt::Display, value: &str, key: &Key) -> Self {
        let shown = if key.secret {
            "(not shown)".to_owned()
        } else {
            format!("{value:?}")
        };
        Self::other(format!("{named} = {shown}: allowed: {}", key.allowed))
    }
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything the process was told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Plain listener; `None` when off.
    pub http: Option<SocketAddr>,
    /// Folder of the database.
    pub data: PathBuf,
    /// Database.
    pub database_url: Secret,
    /// Address people use; `None` means the listener's own.
    pub public_url: Option<Url>,
    /// Host and port clients pull from; `None` means the listener's own.
    pub registry_host: Option<String>,
    /// Password of user `admin` on the first start.
    pub admin_password: Option<Secret>,
    /// Key that encrypts stored secrets.
    pub secret_key: Option<Secret>,
    /// Manifests in flight per upstream host.
    pub import_concurrency: usize,
    /// Requests a second per upstream host.
    pub import_rps: Option<u32>,
    /// Tags a repository import takes at once; `None` for all.
    pub max_tags_per_import: Option<usize>,
    /// Period of scheduled imports.
    pub schedule_interval: Duration,
    /// Scheduled imports this process starts a minute; `None` for no limit.
    pub imports_per_minute: Option<u32>,
    /// Networks never connected to on a user's behalf.
    pub blocked_networks: Vec<IpNet>,
    /// Whether blobs that are pulled through are stored.
    pub mirror: bool,
    /// Where blobs are kept; none for the data folder.
    pub blobs_url: Option<String>,
    /// Bytes of one blob, at most.
    pub max_blob_size: u64,
    /// How much a pushed image, and a stream that is pushed to, may have.
    pub quota: Quota,
    /// Registries images may be imported from.
    pub allowed_registries: AllowedRegistries,
    /// Hosts that may be sent credentials as the token service of any registry.
    pub allowed_realms: Vec<String>,
    /// Authorities registries are trusted by, besides the system's.
    pub upstream_ca: Vec<engine::upstream::Authority>,
    /// Background workers.
    pub workers: usize,
    /// Log filter.
    pub log: String,
    /// Shape of log lines.
    pub log_format: LogFormat,
}

/// The settings, and how they came to be: for `weir config show`.
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    raw: Raw,
}

/// Reads the settings: defaults, `file` (or `weir.toml` here, if there is one), variables, flags.
///
/// # Errors
/// Everything that is wrong, not only the first thing.
pub fn load<'a>(
    file: Option<&Path>,
    variables: impl Iterator<Item = (OsString, OsString)>,
    flags: impl Iterator<Item = (&'a str, String)>,
) -> Result<Loaded, Vec<ConfigError>> {
    let mut raw = Raw::defaults();
    let mut errors = Vec::new();
    match read_file(file) {
        Ok(Some(text)) => raw.add_file(&text, &mut errors),
        Ok(None) => {}
        Err(error) => errors.push(error),
    }
    raw.add_environment(variables, &mut errors);
    raw.add_flags(flags);
    let settings = parse::settings(&raw, &mut errors);
    match settings {
        Some(settings) if errors.is_empty() => Ok(Loaded { settings, raw }),
        _ => Err(errors),
    }
}

fn read_file(named: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let path = named.unwrap_or(Path::new("weir.toml"));
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::other(format!(
            "--config = {:?}: cannot read that file: {error}; allowed: the path of a weir.toml",
            path.display().to_string()
        ))),
    }
}

impl Settings {
    /// What the engine needs of it.
    #[must_use]
    pub fn engine(&self) -> engine::Config {
        let mut config = engine::Config::in_folder(self.data.clone());
        self.database_url
            .reveal()
            .clone_into(&mut config.database_url);
        config.max_tags_per_import = self.max_tags_per_import;
        config.import_concurrency = self.import_concurrency;
        config.import_rps = self.import_rps;
        config.blocked_networks.clone_from(&self.blocked_networks);
        config.secret_key = self
            .secret_key
            .as_ref()
            .and_then(|key| engine::vault::parse_key(key.reveal()));
        config.schedule_interval = self.schedule_interval;
        config.imports_per_minute = self.imports_per_minute;
        config.mirror = self.mirror;
        config.blobs_url.clone_from(&self.blobs_url);
        config.max_blob_size = self.max_blob_size;
        config.quota = self.quota;
        config
            .allowed_registries
            .clone_from(&self.allowed_registries);
        config.allowed_realms.clone_from(&self.allowed_realms);
        config.upstream_ca.clone_from(&self.upstream_ca);
        config.workers = self.workers;
        let url = self.public_url.as_ref();
        let public = url.and_then(|url| Some((url.host_str()?, url.port())));
        let public = public.map(|(host, port)| match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        });
        let listening = self.http.into_iter().flat_map(|at| {
            [
                reachable(at).to_string(),
                format!("localhost:{}", at.port()),
            ]
        });
        // Our own listener has no TLS.
        config.registry_secure =
            self.registry_host.is_some() && url.is_some_and(|url| url.scheme() == "https");
        let listens = self.http.map(|at| reachable(at).to_string());
        config.registry_host = self.registry_host.clone().or(listens);
        config.own_hosts = self
            .registry_host
            .clone()
            .into_iter()
            .chain(public)
            .chain(listening)
            .collect();
        config
    }

    /// Host and port clients pull from, given the address really listened on.
    #[must_use]
    pub fn registry_host(&self, listening: SocketAddr) -> String {
        self.registry_host
            .clone()
            .unwrap_or_else(|| reachable(listening).to_string())
    }

    /// The address people use, given the address really listened on.
    #[must_use]
    pub fn public_url(&self, listening: SocketAddr) -> Url {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        let host = reachable(listening);
        Url::parse(&format!("http://{host}/")).expect("an address and port make a URL")
    }
}

/// An address one can connect to: "any" is this machine.
fn reachable(mut listening: SocketAddr) -> SocketAddr {
    if listening.ip().is_unspecified() {
        listening.set_ip(match listening.ip() {
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    listening
}

impl Loaded {
    /// The settings in force as a `weir.toml`, secrets covered, with where each came from.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = String::new();
        for key in &KEYS {
            let line = match self.raw.get(key) {
                Some(given) if key.name == "database_url" => {
                    format!(
                        "{} = {:?} # {}",
                        key.name,
                        mask_url(&given.text),
                        given.origin
                    )
                }
                Some(given) if key.secret => {
                    format!("{} = \"********\" # {}", key.name, given.origin)
                }
                Some(given) => format!("{} = {:?} # {}", key.name, given.text, given.origin),
                None => self.derived(key),
            };
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// A setting nobody gave and the table has no default for.
    fn derived(&self, key: &Key) -> String {
        let settings = &self.settings;
        let value = match key.name {
            "database_url" => mask_url(settings.database_url.reveal()),
            "blocked_networks" => settings
                .blocked_networks
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(","),
            "workers" => settings.workers.to_string(),
            "registry_host" => match settings.http {
                Some(address) => settings.registry_host(address),
                None => return format!("# {} is not set", key.name),
            },
            "public_url" => match settings.http {
                Some(address) => settings.public_url(address).to_string(),
                None => return format!("# {} is not set", key.name),
            },
            _ => return format!("# {} is not set", key.name),
        };
        format!("{} = {value:?} # default", key.name)
    }
}
