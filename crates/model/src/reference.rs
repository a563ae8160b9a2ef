//! The grammar of image references: `[host[:port]/]path[:tag][@digest]`.
//!
//! Source: the distribution project's reference grammar as image streams use it. Defaults (`docker.io`, `library`,
//! `latest`) are applied when a reference is used, never when it is stored: what the user wrote stays as written.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Digest, TagName};

/// A parsed image reference in the user's own spelling.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    registry: Option<String>,
    path: String,
    tag: Option<TagName>,
    digest: Option<Digest>,
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ReferenceError {
    /// Nothing was given.
    #[error("an image reference is required, as in quay.io/org/app:2.0")]
    Empty,
    /// A URL was given.
    #[error("leave out the \"{0}\": an image reference is host/repository, as in quay.io/org/app")]
    Scheme(String),
    /// A registry without a repository.
    #[error("\"{0}\" names a registry but no repository: use host/repository, as in {0}/app")]
    NoRepository(String),
    /// Upper-case letters in the repository.
    #[error("repository name must be lowercase: \"{0}\"")]
    UpperCase(String),
    /// More than 255 characters in the name.
    #[error("repository name must not be more than 255 characters")]
    TooLong,
    /// Anything else.
    #[error(
        "invalid reference format: \"{0}\" (use host/repository:tag or host/repository@digest, as in quay.io/org/app:2.0)"
    )]
    Format(String),
}

/// The registry a reference without a host means.
pub const DOCKER_HUB: &str = "docker.io";
/// All names Docker Hub has.
pub(crate) const DOCKER_HUB_HOSTS: [&str; 3] =
    ["docker.io", "index.docker.io", "registry-1.docker.io"];

impl Reference {
    /// The registry as written, if one was.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// The repository path as written, without registry, tag and digest.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag as written.
    #[must_use]
    pub fn tag(&self) -> Option<&TagName> {
        self.tag.as_ref()
    }

    /// The digest as written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The registry host to use: the one written, else Docker Hub.
    #[must_use]
    pub fn host(&self) -> &str {
        self.registry.as_deref().unwrap_or(DOCKER_HUB)
    }

    /// The repository path to use: `library/` is put before a single name on Docker Hub.
    #[must_use]
    pub fn repository(&self) -> String {
        if DOCKER_HUB_HOSTS.contains(&self.host()) && !self.path.contains('/') {
            format!("library/{}", self.path)
        } else {
            self.path.clone()
        }
    }

    /// The tag or digest to ask the registry for: the digest if there is one, else the tag, else `latest`.
    #[must_use]
    pub fn target(&self) -> &str {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.as_str(),
            (None, Some(tag)) => tag.as_str(),
            (None, None) => "latest",
        }
    }

    /// The same repository without tag and digest.
    #[must_use]
    pub fn without_tag(&self) -> Self {
        Self {
            tag: None,
            digest: None,
            ..self.clone()
        }
    }

    /// The same repository at this tag.
    #[must_use]
    pub fn with_tag(&self, tag: &TagName) -> Self {
        Self {
            tag: Some(tag.clone()),
            digest: None,
            ..self.clone()
        }
    }

    /// The same repository at this digest: the "most specific" form that is stored in history.
    #[must_use]
    pub fn with_digest(&self, digest: &Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest.clone()),
            ..self.clone()
        }
    }

    /// `registry/path` in the user's spelling.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.path),
            None => self.path.clone(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let format = || ReferenceError::Format(text.chars().take(300).collect());
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > 600 {
            return Err(ReferenceError::TooLong);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(ReferenceError::Scheme(format!(
                "{}://",
                scheme.chars().take(20).collect::<String>()
            )));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|_| format())?)),
            None => (text, None),
        };
        // A colon after the last slash starts a tag; one before it belongs to a port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].split_once(':') {
            // `host:port` alone is a registry without a repository, not a name with a tag.
            Some((head, _)) if last == 0 && is_registry(head) => {
                return Err(ReferenceError::NoRepository(rest.to_owned()));
            }
            Some((head, tag)) => (
                &rest[..last + head.len()],
                Some(tag.parse::<TagName>().map_err(|_| format())?),
            ),
            None => (rest, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if is_registry(first) => (Some(first), path),
            // Alone, any name that starts like the local host is one.
            None if is_registry(name) || name.starts_with("localhost") => {
                return Err(ReferenceError::NoRepository(name.to_owned()));
            }
            _ => (None, name),
        };
        if let Some(registry) = registry
            && !host_ok(registry)
        {
            return Err(format());
        }
        if name.len() > 255 {
            return Err(ReferenceError::TooLong);
        }
        if path
            .split('/')
            .all(|part| component_ok(&part.to_ascii_lowercase()))
            && path.bytes().any(|b| b.is_ascii_uppercase())
        {
            return Err(ReferenceError::UpperCase(path.to_owned()));
        }
        if !path.split('/').all(component_ok) {
            return Err(format());
        }
        Ok(Self {
            registry: registry.map(str::to_owned),
            path: path.to_owned(),
            tag,
            digest,
        })
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;
    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.to_string()
    }
}

/// A first component is a registry if it could be a host: it has a dot or a port, or is `localhost`.
fn is_registry(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost"
}

fn host_ok(host: &str) -> bool {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        return port.is_empty() || port.strip_prefix(':').is_some_and(port_ok);
    } else {
        match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        }
    };
    let label = |label: &str| {
        let bytes = label.as_bytes();
        !bytes.is_empty()
            && bytes.len() <= 63
            && bytes[0].is_ascii_alphanumeric()
            && bytes[bytes.len() - 1].is_ascii_alphanumeric()
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    name.split('.').all(label) && port.is_none_or(port_ok)
}

fn port_ok(port: &str) -> bool {
    !port.is_empty()
        && port.bytes().all(|b| b.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Lower-case letters and digits joined by `.`, `_`, `__` or any run of `-`.
fn component_ok(component: &str) -> bool {
    let mut rest = component.as_bytes();
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            .count()
    };
    loop {
        let letters = word(rest);
        if letters == 0 {
            return false;
        }
        rest = &rest[letters..];
        let separator = match rest {
            [] => return true,
            [b'.', ..] => 1,
            [b'_', b'_', ..] => 2,
            [b'_', ..] => 1,
            [b'-', ..] => rest.iter().take_while(|b| **b == b'-').count(),
            _ => return false,
        };
        rest = &rest[separator..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Reference {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_first_component_is_a_registry_only_when_it_could_be_a_host() {
        for (text, registry, path) in [
            ("ruby", None, "ruby"),
            ("centos/ruby-22-centos7", None, "centos/ruby-22-centos7"),
            ("a/b/c", None, "a/b/c"),
            ("localhost/ruby", Some("localhost"), "ruby"),
            ("localhost:5000/ruby", Some("localhost:5000"), "ruby"),
            ("quay.io/org/app", Some("quay.io"), "org/app"),
            ("[::1]:5000/app", Some("[::1]:5000"), "app"),
        ] {
            let reference = parse(text);
            assert_eq!(
                (reference.registry(), reference.path()),
                (registry, path),
                "{text}"
            );
        }
    }

    #[test]
    fn defaults_apply_at_use_and_are_never_stored() {
        let ruby = parse("ruby");
        assert_eq!(
            (ruby.host(), ruby.repository().as_str(), ruby.target()),
            ("docker.io", "library/ruby", "latest")
        );
        assert_eq!(ruby.to_string(), "ruby");
        assert_eq!(parse("index.docker.io/ruby").repository(), "library/ruby");
        assert_eq!(parse("quay.io/ruby").repository(), "ruby");
        assert_eq!(parse("centos/ruby").repository(), "centos/ruby");
    }

    #[test]
    fn a_digest_wins_over_a_tag() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let reference = parse(&format!("h.io/a:1@{digest}"));
        assert_eq!(reference.target(), digest);
        assert_eq!(
            reference
                .with_digest(reference.digest().unwrap())
                .to_string(),
            format!("h.io/a@{digest}")
        );
    }

    #[test]
    fn refusals_name_the_fault() {
        for (text, part) in [
            ("", "required"),
            ("https://quay.io/a", "leave out the \"https://\""),
            ("quay.io", "no repository"),
            ("localhost:5000", "no repository"),
            ("Ruby", "must be lowercase"),
            ("quay.io/Org/app", "must be lowercase"),
            ("a//b", "invalid reference format"),
            ("a/", "invalid reference format"),
            ("a:", "invalid reference format"),
            ("a@sha256:abc", "invalid reference format"),
            ("a b", "invalid reference format"),
            ("quay.io:99999/a", "invalid reference format"),
            ("a..b/c", "invalid reference format"),
            ("user:secret@quay.io/a", "invalid reference format"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert_eq!(
            format!("q.io/{}", "a".repeat(255)).parse::<Reference>(),
            Err(ReferenceError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused_and_what_parses_prints_itself(text in ".{0,80}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string(), text);
            }
        }

        #[test]
        fn well_formed_references_round_trip(
            host in proptest::option::of("[a-z]{1,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?"),
            path in "[a-z0-9]{1,6}((_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}(\\.[a-z0-9]{1,4})?){0,3}",
            tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
        ) {
            let mut text = host.map(|host| format!("{host}/")).unwrap_or_default() + &path;
            if let Some(tag) = tag { text = format!("{text}:{tag}"); }
            prop_assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }
}
