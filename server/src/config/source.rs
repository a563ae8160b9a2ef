//! Collects the settings as text: defaults, then `weir.toml`, then the environment, then flags.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::Path};

use super::{
    ConfigError,
    keys::{KEYS, Key},
};

/// Where a value came from; the last that speaks wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// `weir.toml`.
    File,
    /// A variable, or the file a variable or `weir.toml` names.
    Environment,
    /// A flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "weir.toml",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// A value as text, and where it came from.
#[derive(Clone)]
pub struct Given {
    /// The text.
    pub text: String,
    /// Where from.
    pub origin: Origin,
}

/// The variables of the process.
#[expect(clippy::disallowed_methods, reason = "the one place that reads them")]
pub fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// Every setting as text, by name.
#[derive(Default)]
pub struct Raw {
    values: BTreeMap<&'static str, Given>,
}

impl Raw {
    /// What holds for a setting; `None` when it has no fixed default and nobody said anything.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Given> {
        self.values.get(key.name)
    }

    /// The table's defaults.
    #[must_use]
    pub fn defaults() -> Self {
        let mut raw = Self::default();
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            raw.set(key, key.default, Origin::Default);
        }
        raw
    }

    fn set(&mut self, key: &'static Key, text: impl Into<String>, origin: Origin) {
        self.values.insert(
            key.name,
            Given {
                text: text.into(),
                origin,
            },
        );
    }

    /// Lays the text of a `weir.toml` over what is there.
    pub fn add_file(&mut self, text: &str, errors: &mut Vec<ConfigError>) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map_or(1, |span| {
                    text.get(..span.start)
                        .map_or(1, |before| before.matches('\n').count() + 1)
                });
                errors.push(ConfigError::other(format!(
                    "weir.toml, line {line}: {}",
                    error.message()
                )));
                return;
            }
        };
        for (name, value) in table {
            let Some((key, from_file)) = named(&name) else {
                errors.push(unknown(&name, KEYS.iter().map(|key| key.name.to_owned())));
                continue;
            };
            match plain(&value) {
                Some(text) if from_file => self.add_secret(key, &name, &text, Origin::File, errors),
                Some(text) => self.set(key, text, Origin::File),
                None => errors.push(ConfigError::bad(name, &value.to_string(), key)),
            }
        }
    }

    /// Lays the process's variables over what is there. Other programs' variables are left alone; ours must be known.
    pub fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
        errors: &mut Vec<ConfigError>,
    ) {
        for (variable, value) in variables {
            let Some(variable) = variable.to_str() else {
                continue;
            };
            let Some(rest) = variable.strip_prefix("WEIR_") else {
                continue;
            };
            if rest == "BIN" || rest.starts_with("TEST_") {
                continue;
            }
            let known = (rest.to_ascii_uppercase() == rest)
                .then(|| named(&rest.to_ascii_lowercase()))
                .flatten();
            let Some((key, from_file)) = known else {
                errors.push(unknown(variable, KEYS.iter().map(Key::variable)));
                continue;
            };
            match value.to_str() {
                Some(path) if from_file => {
                    self.add_secret(key, variable, path, Origin::Environment, errors);
                }
                Some(text) => self.set(key, text, Origin::Environment),
                None => errors.push(ConfigError::bad(variable, &value.to_string_lossy(), key)),
            }
        }
    }

    /// Lays flags over what is there.
    pub fn add_flags<'a>(&mut self, flags: impl Iterator<Item = (&'a str, String)>) {
        for (name, text) in flags {
            if let Some(key) = Key::named(name) {
                self.set(key, text, Origin::Flag);
            }
        }
    }

    fn add_secret(
        &mut self,
        key: &'static Key,
        named: &str,
        path: &str,
        origin: Origin,
        errors: &mut Vec<ConfigError>,
    ) {
        match std::fs::read_to_string(Path::new(path)) {
            Ok(text) => self.set(key, text.trim_end_matches(['\r', '\n']), origin),
            Err(error) => errors.push(ConfigError::other(format!(
                "{named} = {path:?}: cannot read that file: {error}; allowed: the path of a file that holds {}",
                key.allowed
            ))),
        }
    }
}

/// The row for `name` or, for secrets, `name_file`.
fn named(name: &str) -> Option<(&'static Key, bool)> {
    if let Some(key) = Key::named(name) {
        return Some((key, false));
    }
    let key = Key::named(name.strip_suffix("_file")?)?;
    key.secret.then_some((key, true))
}

/// A TOML value as the text a variable would hold.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
            Some(texts?.join(","))
        }
        _ => None,
    }
}

fn unknown(name: &str, known: impl Iterator<Item = String>) -> ConfigError {
    ConfigError::other(format!(
        "{name} is not a setting of this version; allowed: {}",
        known.collect::<Vec<_>>().join(", ")
    ))
}
