//! The table of settings: one row a setting, the only place that knows their names.

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name in `weir.toml`; the environment variable is `WEIR_` and this in capitals.
    pub name: &'static str,
    /// What holds when nobody says anything; empty if that depends on other settings.
    pub default: &'static str,
    /// What may be said.
    pub allowed: &'static str,
    /// What it is for, in the help.
    pub meaning: &'static str,
    /// Whether it may come from a file named by `<name>_file`, and is never shown.
    pub secret: bool,
}

/// Every setting, in the order the help and `weir config show` list them.
pub const KEYS: [Key; 25] = [
    Key {
        name: "http",
        default: "127.0.0.1:8080",
        allowed: "an IP address and port such as 127.0.0.1:8080 or [::]:8080, or off",
        meaning: "listener for pages, the registry and health; off for a process that only works in the background",
        secret: false,
    },
    Key {
        name: "data",
        default: "./data",
        allowed: "the path of a folder",
        meaning: "folder of the SQLite database, blobs and secret.key, as far as they are not elsewhere; made if missing",
        secret: false,
    },
    Key {
        name: "database_url",
        default: "",
        allowed: "sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE",
        meaning: "database; without it sqlite://<data>/weir.db",
        secret: true,
    },
    Key {
        name: "public_url",
        default: "",
        allowed: "http:// or https://, a host and an optional port, nothing after it",
        meaning: "address people use, when a proxy stands before Weir; without it http://<http>",
        secret: false,
    },
    Key {
        name: "registry_host",
        default: "",
        allowed: "a host and an optional port, such as registry.example or 192.0.2.7:5000",
        meaning: "host clients pull from and sign in to; without it the listener's address",
        secret: false,
    },
    Key {
        name: "admin_password",
        default: "",
        allowed: "any text but an empty one; use at least 12 characters",
        meaning: "password of user admin, used on the first start only; without it a one-time setup link is printed",
        secret: true,
    },
    Key {
        name: "secret_key",
        default: "",
        allowed: "64 hexadecimal digits, such as openssl rand -hex 32 prints",
        meaning: "key that encrypts stored credentials, the same for every process; without it <data>/secret.key is made",
        secret: true,
    },
    Key {
        name: "import_concurrency",
        default: "16",
        allowed: "a whole number from 1 to 1024",
        meaning: "manifests in flight per upstream host",
        secret: false,
    },
    Key {
        name: "import_rps",
        default: "0",
        allowed: "a whole number from 0 (no limit) to 100000",
        meaning: "requests a second per upstream host; 0 for no limit",
        secret: false,
    },
    Key {
        name: "max_tags_per_import",
        default: "50",
        allowed: "-1 (all) or a whole number from 1 to 1000000",
        meaning: "tags a repository import takes at once; -1 for all",
        secret: false,
    },
    Key {
        name: "schedule_interval",
        default: "15m",
        allowed: "a number with s, m, h or d, from 5s to 30d",
        meaning: "period of scheduled imports",
        secret: false,
    },
    Key {
        name: "imports_per_minute",
        default: "600",
        allowed: "a whole number from 0 (no limit) to 1000000",
        meaning: "scheduled imports this process starts a minute; 0 for no limit",
        secret: false,
    },
    Key {
        name: "blocked_networks",
        default: "",
        allowed: "networks such as 169.254.0.0/16, set apart by commas; empty blocks none",
        meaning: "networks Weir never connects to on a user's behalf; without it link-local, multicast and cloud metadata",
        secret: false,
    },
    Key {
        name: "mirror",
        default: "on",
        allowed: "on or off",
        meaning: "whether what is pulled through is stored",
        secret: false,
    },
    Key {
        name: "blobs_url",
        default: "",
        allowed: "s3://BUCKET or s3://BUCKET/PREFIX",
        meaning: "where blobs are kept, with the usual AWS_* variables for address and keys; without it <data>/blobs",
        secret: false,
    },
    Key {
        name: "max_blob_size",
        default: "20G",
        allowed: "a number with K, M, G or T, from 1M to 1024T",
        meaning: "bytes of one blob that is pushed or pulled through, at most",
        secret: false,
    },
    Key {
        name: "max_image_size",
        default: "-1",
        allowed: "a number with K, M, G or T, from 1M to 1024T, or -1 for no limit",
        meaning: "bytes of one image that is pushed, its config and layers, at most",
        secret: false,
    },
    Key {
        name: "max_images_per_stream",
        default: "-1",
        allowed: "a number from 1 to 1000000, or -1 for no limit",
        meaning: "images of one stream; more are not pushed",
        secret: false,
    },
    Key {
        name: "max_tags_per_stream",
        default: "-1",
        allowed: "a number from 1 to 1000000, or -1 for no limit",
        meaning: "tags of one stream; more are not pushed",
        secret: false,
    },
    Key {
        name: "allowed_registries",
        default: "",
        allowed: "patterns of host or host:port with * and ?, set apart by commas, each with insecure: before it if that is allowed too",
        meaning: "registries images may be imported from, such as quay.io,insecure:*.lab.example:5000; without it all",
        secret: false,
    },
    Key {
        name: "allowed_realms",
        default: "",
        allowed: "hosts such as auth.example or auth.example:8443, set apart by commas",
        meaning: "hosts of token services that may be sent credentials besides each registry's own site; without it none",
        secret: false,
    },
    Key {
        name: "upstream_ca",
        default: "",
        allowed: "the path of a PEM file that holds certificates of authorities",
        meaning: "authorities registries are trusted by, besides the system's",
        secret: false,
    },
    Key {
        name: "workers",
        default: "",
        allowed: "a whole number from 0 to 256",
        meaning: "background workers in this process; without it one per core",
        secret: false,
    },
    Key {
        name: "log",
        default: "info",
        allowed: "a filter such as info, debug or info,engine=debug",
        meaning: "what is logged",
        secret: false,
    },
    Key {
        name: "log_format",
        default: "text",
        allowed: "text or json",
        meaning: "shape of the log lines",
        secret: false,
    },
];

impl Key {
    /// The environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("WEIR_{}", self.name.to_ascii_uppercase())
    }

    /// The row of a name in `weir.toml`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// The settings as a section of `weir --help`.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "Settings, each stronger than the one before: default, weir.toml, environment, flag.\n\
         In weir.toml the name is the lower-case part after WEIR_, such as http = \"127.0.0.1:8080\".\n\n",
    );
    for key in &KEYS {
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!(" [{}]", key.default)
        };
        let file = if key.secret { " (or …_FILE)" } else { "" };
        text.push_str(&format!(
            "  {}{file}{default}\n      {}\n",
            key.variable(),
            key.meaning
        ));
    }
    text
}
