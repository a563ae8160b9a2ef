//! The registries images may be imported from: patterns on `host[:port]`, each with whether it may be insecure.

use std::str::FromStr;

use crate::reference::DOCKER_HUB_HOSTS;

/// Patterns an error names at most.
const NAMED: usize = 5;

/// The list of allowed registries; an empty one allows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedRegistries(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    host: String,
    port: Option<String>,
    insecure: bool,
}

/// Why a registry may not be imported from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// No pattern is for it.
    #[error("registry {host} is not allowed here; allowed are {allowed}")]
    Host {
        /// The registry.
        host: String,
        /// Some of the patterns.
        allowed: String,
    },
    /// Patterns are for it, but none that allows insecure connections.
    #[error(
        "registry {host} is allowed with verified TLS only, not with insecure connections; allowed are {allowed}"
    )]
    Insecure {
        /// The registry.
        host: String,
        /// Some of the patterns.
        allowed: String,
    },
}

impl AllowedRegistries {
    /// Whether a registry (`host` or `host:port`) may be imported from, in this way.
    ///
    /// Docker Hub has several names: a pattern for one of them is for all. Without a port the usual one is meant: 443,
    /// and 80 too where insecure connections are allowed.
    ///
    /// # Errors
    /// What is allowed instead.
    pub fn check(&self, registry: &str, insecure: bool) -> Result<(), NotAllowed> {
        let mut fits = self.0.iter().filter(|pattern| pattern.is_for(registry));
        let secure_only = match fits.next() {
            _ if self.0.is_empty() => return Ok(()),
            None => false,
            Some(first) if !insecure || first.insecure || fits.any(|pattern| pattern.insecure) => {
                return Ok(());
            }
            Some(_) => true,
        };
        let (host, allowed) = (registry.to_owned(), self.named());
        Err(if secure_only {
            NotAllowed::Insecure { host, allowed }
        } else {
            NotAllowed::Host { host, allowed }
        })
    }

    /// The patterns as they are written in the setting.
    #[must_use]
    pub fn patterns(&self) -> Vec<String> {
        self.0.iter().map(Pattern::written).collect()
    }

    fn named(&self) -> String {
        let mut names: Vec<_> = self.0.iter().take(NAMED).map(Pattern::written).collect();
        if let Some(more) = self.0.len().checked_sub(NAMED).filter(|more| *more > 0) {
            names.push(format!("{more} more"));
        }
        names.join(", ")
    }
}

impl Pattern {
    fn written(&self) -> String {
        let insecure = if self.insecure { "insecure:" } else { "" };
        let port = self.port.as_ref().map(|port| format!(":{port}"));
        format!("{insecure}{}{}", self.host, port.unwrap_or_default())
    }

    fn is_for(&self, registry: &str) -> bool {
        let (host, port) = split(registry);
        let host_fits = if DOCKER_HUB_HOSTS.contains(&host.as_str()) {
            DOCKER_HUB_HOSTS.iter().any(|alias| glob(&self.host, alias))
        } else {
            glob(&self.host, &host)
        };
        let usual: &[&str] = if self.insecure {
            &["443", "80"]
        } else {
            &["443"]
        };
        let port_fits = match (&self.port, &port) {
            (None, None) => true,
            (None, Some(port)) => usual.contains(&port.as_str()),
            (Some(pattern), Some(port)) => glob(pattern, port),
            (Some(pattern), None) => usual.iter().any(|port| glob(pattern, port)),
        };
        host_fits && port_fits
    }
}

impl FromStr for AllowedRegistries {
    type Err = String;

    /// Reads patterns set apart by commas; the error is the one that cannot be read.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let patterns = parts.map(|part| pattern(part).ok_or_else(|| part.to_owned()));
        patterns.collect::<Result<_, _>>().map(Self)
    }
}

fn pattern(text: &str) -> Option<Pattern> {
    let (rest, insecure) = match text.strip_prefix("insecure:") {
        Some(rest) => (rest.trim(), true),
        None => (text, false),
    };
    let (host, port) = split(rest);
    let letters = |c: char| c.is_ascii_alphanumeric() || "-._*?[]:".contains(c);
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let host_ok = !host.is_empty()
        && host.chars().all(letters)
        && (bracketed || !host.contains(['[', ']', ':']));
    let port_ok = port.as_ref().is_none_or(|port| {
        let digits = |c: char| c.is_ascii_digit() || c == '*' || c == '?';
        !port.is_empty() && port.len() <= 5 && port.chars().all(digits)
    });
    (host_ok && port_ok).then_some(Pattern {
        host,
        port,
        insecure,
    })
}

/// Host, in lower case, and port.
fn split(text: &str) -> (String, Option<String>) {
    match text.rsplit_once(':') {
        // The colons of an IPv6 address stand before its bracket.
        Some((host, port)) if !port.contains(']') => {
            (host.to_ascii_lowercase(), Some(port.to_owned()))
        }
        _ => (text.to_ascii_lowercase(), None),
    }
}

/// Whether a text fits a pattern in which `*` is any run of characters and `?` any one. Looks back to the last `*` only,
/// so the time is at most the product of both lengths, whatever the pattern.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut star {
                Some((at, taken)) => {
                    *taken += 1;
                    (p, t) = (*at + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_allowed_when_a_pattern_is_for_its_host_and_port_and_way() {
        for (list, registry, insecure, allowed) in [
            ("", "quay.io", false, true),
            ("", "quay.io", true, true),
            (" , ", "quay.io", true, true),
            ("quay.io", "quay.io", false, true),
            ("QUAY.io", "quay.IO", false, true),
            ("quay.io", "quay.io", true, false),
            ("insecure:quay.io", "quay.io", true, true),
            ("insecure:quay.io", "quay.io", false, true),
            ("quay.io, insecure:quay.io", "quay.io", true, true),
            ("quay.io", "notquay.io", false, false),
            ("quay.io", "quay.io.example.com", false, false),
            ("quay.io", "quay.io:443", false, true),
            ("quay.io:443", "quay.io", false, true),
            ("quay.io", "quay.io:8443", false, false),
            ("quay.io", "quay.io:80", false, false),
            ("insecure:quay.io", "quay.io:80", true, true),
            ("quay.io:80", "quay.io", false, false),
            ("quay.io:*", "quay.io:8443", false, true),
            ("quay.io:5???", "quay.io:5001", false, true),
            ("quay.io:5???", "quay.io:500", false, false),
            ("*.example.com", "a.b.example.com", false, true),
            ("*.example.com", "example.com", false, false),
            ("r?.example.com", "r1.example.com", false, true),
            ("r?.example.com", "r12.example.com", false, false),
            ("a.com,b.com", "b.com", false, true),
            ("docker.io", "docker.io", false, true),
            ("docker.io", "index.docker.io", false, true),
            ("docker.io", "registry-1.docker.io", false, true),
            ("registry-1.docker.io", "docker.io", false, true),
            ("docker.io", "quay.io", false, false),
            ("docker.io", "docker.io", true, false),
            ("[::1]:5000", "[::1]:5000", false, true),
            ("[::1]", "[::1]", false, true),
            ("[::1]", "[::1]:5000", false, false),
        ] {
            let read: AllowedRegistries = list.parse().unwrap();
            let found = read.check(registry, insecure);
            assert_eq!(
                found.is_ok(),
                allowed,
                "{registry} {insecure} by {list:?}: {found:?}"
            );
        }
    }

    #[test]
    fn a_refusal_names_five_patterns_at_most_and_says_when_only_the_way_is_wrong() {
        let list: AllowedRegistries = "a.io,b.io:5000,insecure:c.io,d.io,e.io,f.io,g.io"
            .parse()
            .unwrap();
        let refusal = list.check("quay.io", false).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "registry quay.io is not allowed here; allowed are a.io, b.io:5000, insecure:c.io, d.io, e.io, 2 more"
        );
        let refusal = list.check("a.io", true).unwrap_err();
        assert!(matches!(refusal, NotAllowed::Insecure { .. }), "{refusal}");
    }

    #[test]
    fn patterns_are_told_as_they_are_written() {
        let text = "quay.io,insecure:*.example.com:5000";
        let list: AllowedRegistries = text.parse().unwrap();
        assert_eq!(list.patterns().join(","), text);
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for text in [
            "https://quay.io",
            "quay.io/org",
            "insecure:",
            ":5000",
            "quay.io:",
            "a b",
            "quay.io:x",
        ] {
            let refusal = format!("a.io,{text}").parse::<AllowedRegistries>();
            assert_eq!(refusal, Err(text.to_owned()));
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_long_time() {
        let text = "a".repeat(5_000);
        assert!(!glob(&format!("{}b", "*a".repeat(50)), &text));
        assert!(glob(&format!("{}*", "*a".repeat(50)), &text));
    }
}
