//! Credentials for registries: for which hosts and repositories one holds. The secret itself never gets here.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Namespace, Reference, reference::DOCKER_HUB};

/// Which repositories a credential is for: `host[:port][/path]`. In the host, `*` stands for any letters of one part
/// between dots; the path holds for everything below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    host: String,
    port: Option<String>,
    path: String,
}

/// Why a text is no pattern, for showing beside the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no registry: write a host, as in quay.io, registry.example:5000, *.example.com or quay.io/team"
)]
pub struct PatternError(String);

/// Names Docker Hub goes by in credentials.
const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

impl HostPattern {
    /// Whether the credential is for this repository.
    #[must_use]
    pub fn matches(&self, reference: &Reference) -> bool {
        let (host, port) = asked(reference);
        let mut parts = self.host.split('.');
        let same_host = host.split('.').all(|part| {
            parts
                .next()
                .is_some_and(|pattern| crate::allowed::glob(pattern, part))
        }) && parts.next().is_none();
        let path = reference.repository();
        let below = path
            .strip_prefix(&self.path)
            .is_some_and(|rest| self.path.is_empty() || rest.is_empty() || rest.starts_with('/'));
        same_host && self.port == port && below
    }

    /// The pattern of a repository's whole host, without stars.
    #[must_use]
    pub fn of_host(reference: &Reference) -> Self {
        let (host, port) = asked(reference);
        Self {
            host,
            port,
            path: String::new(),
        }
    }

    /// The more of it is written out, the sooner it is used: longer first.
    #[must_use]
    pub fn length(&self) -> usize {
        self.to_string().chars().filter(|c| *c != '*').count()
    }
}

/// Host and port of a repository, as patterns name them.
fn asked(reference: &Reference) -> (String, Option<String>) {
    let (host, port) = split(reference.host());
    if HUB.contains(&host.as_str()) {
        return (DOCKER_HUB.to_owned(), port);
    }
    (host, port)
}

/// Host and port of `host[:port]`.
fn split(text: &str) -> (String, Option<String>) {
    match text.rsplit_once(':') {
        Some((host, port)) => (host.to_lowercase(), Some(port.to_owned())),
        None => (text.to_lowercase(), None),
    }
}

impl CredentialView {
    /// Credentials one page lists, at most.
    pub const LISTED: i64 = 1_000;
}

impl FromStr for HostPattern {
    type Err = PatternError;

    /// Reads a pattern; a scheme and the `/v1/` or `/v2/` of older credential files are left out.
    fn from_str(text: &str) -> Result<Self, PatternError> {
        let refuse = || PatternError(text.chars().take(80).collect());
        let rest = text.trim();
        let rest = rest
            .strip_prefix("https://")
            .or_else(|| rest.strip_prefix("http://"))
            .unwrap_or(rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let path = if matches!(path, "v1" | "v2") {
            ""
        } else {
            path
        };
        let (host, port) = split(host);
        let letters =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '*' | '_');
        let parts = host.split('.').all(|part| {
            // More stars than one make matching slow and mean no more.
            !part.is_empty() && part.chars().all(letters) && part.matches('*').count() <= 1
        });
        let number = port
            .as_ref()
            .is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        let segments = path.is_empty()
            || path.split('/').all(|part| {
                !part.is_empty() && part.chars().all(|c| c != '*' && (letters(c) || c == '.'))
            });
        if host.len() > 255 || path.len() > 255 || !parts || !number || !segments {
            return Err(refuse());
        }
        let host = if HUB.contains(&host.as_str()) && port.is_none() {
            DOCKER_HUB.to_owned()
        } else {
            host
        };
        Ok(Self {
            host,
            port,
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = &self.port {
            write!(f, ":{port}")?;
        }
        if !self.path.is_empty() {
            write!(f, "/{}", self.path)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for HostPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

/// A credential as lists show it: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialView {
    /// The namespace whose imports may use it; none for all.
    pub namespace: Option<Namespace>,
    /// What it is for.
    pub pattern: HostPattern,
    /// The user name at the registry.
    pub user: String,
    /// Who gave it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, reference: &str) -> bool {
        let pattern: HostPattern = pattern.parse().unwrap();
        pattern.matches(&reference.parse().unwrap())
    }

    #[test]
    fn a_pattern_is_for_a_host_its_port_and_what_is_below_its_path() {
        for (pattern, reference, fits) in [
            ("quay.io", "quay.io/org/app", true),
            ("quay.io", "quay.io:443/org/app", false),
            ("quay.io:443", "quay.io:443/org/app", true),
            ("quay.io", "notquay.io/org/app", false),
            ("quay.io/org", "quay.io/org/app", true),
            ("quay.io/org", "quay.io/organisation/app", false),
            ("quay.io/org/app", "quay.io/org/app", true),
            ("*.example.com", "eu.example.com/a", true),
            ("*.example.com", "a.b.example.com/a", false),
            ("*.example.com", "example.com/a", false),
            ("eu-*.example.com", "eu-west.example.com/a", true),
            ("eu-*.example.com", "us-west.example.com/a", false),
            ("docker.io", "ruby", true),
            ("https://index.docker.io/v1/", "team/app", true),
            ("registry-1.docker.io", "docker.io/library/ruby", true),
            ("docker.io/team", "ruby", false),
            ("LOCALHOST:5000", "localhost:5000/a", true),
        ] {
            assert_eq!(
                matches(pattern, reference),
                fits,
                "{pattern} for {reference}"
            );
        }
    }

    #[test]
    fn nonsense_is_no_pattern_and_the_more_is_written_the_sooner_it_is_used() {
        for text in [
            "",
            "a b",
            "host:0",
            "host:99999",
            "host:x",
            "**.io",
            "quay.io/*",
            "a..b",
            "quay.io//x",
        ] {
            let error = text.parse::<HostPattern>().unwrap_err();
            assert!(error.to_string().contains("as in quay.io"), "{text}");
        }
        let length = |text: &str| text.parse::<HostPattern>().unwrap().length();
        assert!(length("eu.example.com") > length("*.example.com"));
        assert!(length("quay.io/org") > length("quay.io"));
    }
}
