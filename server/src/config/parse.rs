//! From text to typed settings. A bad value is reported with its key and what is allowed; the rest is checked too.

use std::{fmt, str::FromStr, time::Duration};

use engine::rules::quota::Quota;
use model::policy::Schedule;
use url::Url;

use super::{
    ConfigError, LogFormat, Settings,
    keys::Key,
    secret::Secret,
    source::{Origin, Raw},
};

/// Reads every setting; `None` when one is bad and there is nothing to hand on.
pub(super) fn settings(raw: &Raw, errors: &mut Vec<ConfigError>) -> Option<Settings> {
    let mut reader = Reader { raw, errors };
    let http = reader.read("http", |text| match text {
        "off" => Some(None),
        _ => text.parse().ok().map(Some),
    });
    let data = reader.read("data", |text| (!text.is_empty()).then(|| text.into()));
    let database_url = reader.read("database_url", database_url);
    let public_url = reader.read("public_url", public_url);
    let registry_host = reader.read("registry_host", host_and_port);
    let admin_password = reader.read("admin_password", |text| {
        (!text.is_empty()).then(|| Secret::new(text))
    });
    let secret_key = reader.read("secret_key", |text| {
        engine::vault::parse_key(text).map(|_| Secret::new(text))
    });
    let import_concurrency = reader.read("import_concurrency", |text| number(text, 1, 1024));
    let import_rps = reader.read("import_rps", |text| number(text, 0, 100_000));
    let max_tags = reader.read("max_tags_per_import", |text| {
        unlimited(text, |text| number(text, 1, 1_000_000))
    });
    let schedule_interval = reader.read("schedule_interval", |text| match text.parse() {
        Ok(Schedule::Every(seconds)) => Some(Duration::from_secs(seconds.into())),
        _ => None,
    });
    let imports_per_minute =
        reader.read("imports_per_minute", |text| number(text, 0_u32, 1_000_000));
    let blocked_networks = reader.read("blocked_networks", networks);
    let mirror = reader.read("mirror", |text| match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    });
    let blobs_url = reader.read("blobs_url", |text| {
        let rest = text.strip_prefix("s3://")?;
        let bucket = rest.split('/').next().unwrap_or_default();
        (!bucket.is_empty()).then(|| text.to_owned())
    });
    let max_blob_size = reader.read("max_blob_size", bytes);
    let max_image = reader.read("max_image_size", |text| unlimited(text, bytes));
    let count = |text: &str| unlimited(text, |text| number(text, 1, 1_000_000));
    let max_images = reader.read("max_images_per_stream", count);
    let max_tags_of_stream = reader.read("max_tags_per_stream", count);
    let allowed_registries = reader.read("allowed_registries", |text| text.parse().ok());
    let allowed_realms = reader.read("allowed_realms", |text| {
        parts(text).map(host_and_port).collect()
    });
    let mut unread = None;
    let upstream_ca = reader.read("upstream_ca", |path| {
        let pem = std::fs::read(path).map_err(|error| unread = Some(error));
        engine::upstream::authorities(&pem.ok()?)
    });
    if let Some(error) = unread {
        let why = format!("the file that upstream_ca names cannot be read: {error}");
        reader.errors.push(ConfigError::other(why));
    }
    let workers = reader.read("workers", |text| number(text, 0, 256));
    let log = reader.read("log", |text| {
        let filter = tracing_subscriber::EnvFilter::builder().parse(text).is_ok();
        (filter && !text.trim().is_empty()).then(|| text.to_owned())
    });
    let log_format = reader.read("log_format", |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    });

    let defaults = engine::Config::in_folder(data?);
    let settings = Settings {
        http: http?,
        database_url: database_url.unwrap_or_else(|| Secret::new(defaults.database_url)),
        data: defaults.data,
        public_url,
        registry_host,
        admin_password,
        secret_key,
        import_concurrency: import_concurrency?,
        import_rps: Some(import_rps?).filter(|rps| *rps > 0),
        max_tags_per_import: max_tags?,
        schedule_interval: schedule_interval?,
        imports_per_minute: Some(imports_per_minute?).filter(|rate| *rate > 0),
        blocked_networks: blocked_networks.unwrap_or(defaults.blocked_networks),
        mirror: mirror?,
        blobs_url,
        max_blob_size: max_blob_size?,
        quota: Quota {
            image_bytes: max_image?,
            stream_images: max_images?,
            stream_tags: max_tags_of_stream?,
        },
        allowed_registries: allowed_registries.unwrap_or_default(),
        allowed_realms: allowed_realms.unwrap_or_default(),
        upstream_ca: upstream_ca.unwrap_or_default(),
        workers: workers.unwrap_or(defaults.workers),
        log: log?,
        log_format: log_format?,
    };
    if settings.http.is_none() && settings.workers == 0 {
        errors.push(ConfigError::other(
            "WEIR_HTTP = \"off\" and WEIR_WORKERS = \"0\" leave nothing to do; allowed: one of them, not both".to_owned(),
        ));
    }
    Some(settings)
}

struct Reader<'a> {
    raw: &'a Raw,
    errors: &'a mut Vec<ConfigError>,
}

impl Reader<'_> {
    /// The typed value; `None` when nothing was said, or when it was bad and has been reported.
    fn read<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let key = Key::named(name).expect("the settings read here are in the table");
        let given = self.raw.get(key)?;
        let value = parse(&given.text);
        if value.is_none() {
            let named = Named {
                key,
                origin: &given.origin,
            };
            self.errors.push(ConfigError::bad(named, &given.text, key));
        }
        value
    }
}

/// A key by the name the person used for it.
struct Named<'a> {
    key: &'a Key,
    origin: &'a Origin,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Default | Origin::Environment => f.write_str(&self.key.variable()),
            Origin::File => write!(f, "{} in weir.toml", self.key.name),
            Origin::Flag => write!(f, "--{}", self.key.name.replace('_', "-")),
        }
    }
}

/// -1 for no limit.
fn unlimited<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        "-1" => Some(None),
        _ => parse(text).map(Some),
    }
}

fn number<T: FromStr + PartialOrd>(text: &str, least: T, most: T) -> Option<T> {
    // Digits only: "+5" and "5_0" are more likely slips than wishes.
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n >= least && *n <= most)
}

fn database_url(text: &str) -> Option<Secret> {
    let (scheme, rest) = text.split_once("://")?;
    let known = matches!(scheme, "sqlite" | "postgres" | "postgresql");
    (known && !rest.is_empty()).then(|| Secret::new(text))
}

fn public_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then_some(url)
}

fn host_and_port(text: &str) -> Option<String> {
    let url = public_url(&format!("http://{text}"))?;
    let host = url.host_str()?;
    let written = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    // What the parser had to change (capitals, port 80) would be another address to clients.
    (written == text).then_some(written)
}

fn networks(text: &str) -> Option<Vec<ipnet::IpNet>> {
    parts(text).map(|part| part.parse().ok()).collect()
}

/// What is set apart by commas.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// Bytes, as a whole number with K, M, G or T.
fn bytes(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let shift = match unit.to_ascii_uppercase() {
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => return None,
    };
    let count: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    let bytes = count.checked_mul(1 << shift)?;
    (1 << 20..=1024 << 40).contains(&bytes).then_some(bytes)
}
