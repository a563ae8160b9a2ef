//! What an import is told when a registry could not be read: reason, message, hint, and whether trying again helps.

use std::{fmt, time::Duration};

use model::tag::Reason;

use super::fault::Fault;

/// Whether and when the same request may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Only after somebody changed something.
    Never,
    /// Not before this long from now.
    After(Duration),
    /// At any time.
    Soon,
}

/// Why a registry could not be read. `Display` is the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The class, as the API names it.
    pub reason: Reason,
    /// What was asked and what the other side said. Holds no credential, token or query string.
    pub message: String,
    /// What to do now; empty if there is nothing to add.
    pub hint: String,
    /// Whether trying again helps.
    pub retry: Retry,
    /// The other side limits how often it is asked.
    pub busy: bool,
}

impl From<Failure> for crate::Error {
    fn from(failure: Failure) -> Self {
        Self::Upstream {
            message: failure.message,
            hint: failure.hint,
            busy: failure.busy,
        }
    }
}

impl Failure {
    /// Whether the same request may succeed later although nobody changes anything.
    #[must_use]
    pub fn transient(&self) -> bool {
        self.retry != Retry::Never
    }

    /// What to tell when another one failed before: whoever was only busy may have it.
    pub(crate) fn after(self, before: Option<Self>) -> Self {
        before.filter(|before| before.busy).unwrap_or(self)
    }
}

/// What was asked for, in the words of messages.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// The reference in the user's spelling.
    pub reference: String,
    /// One image was asked for, and not a list: messages then start with the reference.
    pub image: bool,
}

impl Subject {
    /// A failure of the network, of the other side, or of the content it sent.
    pub fn internal(&self, cause: impl fmt::Display, hint: &str, retry: Retry) -> Failure {
        let what = if self.image {
            format!("{}: ", self.reference)
        } else {
            String::new()
        };
        Failure {
            reason: Reason::InternalError,
            message: format!("Internal error occurred: {what}{cause}"),
            hint: hint.to_owned(),
            retry,
            busy: false,
        }
    }

    /// Credentials missing or refused, or nowhere to send them.
    pub fn unauthorized(&self, hint: String) -> Failure {
        Failure {
            reason: Reason::Unauthorized,
            message: format!(
                "you may not have access to the container image \"{}\"",
                self.reference
            ),
            hint,
            retry: Retry::Never,
            busy: false,
        }
    }

    /// The same, for a realm that credentials must not go to.
    pub fn foreign_realm(&self, registry: &str, realm: &str) -> Failure {
        Failure {
            reason: Reason::Unauthorized,
            message: format!(
                "you may not have access to the container image \"{}\": registry {registry} wants credentials sent to {realm}, which does not belong to it",
                self.reference
            ),
            hint: format!(
                "Nothing was sent to {realm}. If it really is the token service of {registry}, an administrator can add its host to WEIR_ALLOWED_REALMS."
            ),
            retry: Retry::Never,
            busy: false,
        }
    }

    /// No such repository or manifest.
    pub fn not_found(&self, hint: String) -> Failure {
        Failure {
            reason: Reason::NotFound,
            message: format!(
                "dockerimage.image.openshift.io \"{}\" not found",
                self.reference
            ),
            hint,
            retry: Retry::Never,
            busy: false,
        }
    }

    /// The host answers, but not as a registry.
    pub fn not_a_registry(&self, host: &str, said: &str) -> Failure {
        Failure {
            reason: Reason::NotV2Registry,
            message: format!("registry {host} does not support the v2 API: {said}"),
            hint: format!("Check the host name: {host} answers, but not as a container registry."),
            retry: Retry::Never,
            busy: false,
        }
    }

    /// What was asked for cannot exist.
    pub fn invalid(&self, cause: impl fmt::Display) -> Failure {
        Failure {
            reason: Reason::Invalid,
            message: format!("\"{}\" cannot be imported: {cause}", self.reference),
            hint: String::new(),
            retry: Retry::Never,
            busy: false,
        }
    }

    /// A failure of the transport.
    pub fn fault(&self, fault: &Fault) -> Failure {
        if let Fault::Blocked { .. } = fault {
            return Failure {
                reason: Reason::Forbidden,
                message: format!("forbidden: {}: {fault}", self.reference),
                hint: fault.hint().to_owned(),
                retry: Retry::Never,
                busy: false,
            };
        }
        self.internal(fault, fault.hint(), fault.retry())
    }
}

/// Text of the other side, fit for a message: one line, no control characters, at most 300 characters.
pub(super) fn tidy(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 300 {
        line.chars().take(299).chain(['…']).collect()
    } else {
        line
    }
}

/// The other side's own words in an error body (`{"errors":[{"code","message"}]}`), or nothing.
pub(super) fn words(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<One>,
    }
    #[derive(serde::Deserialize)]
    struct One {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return String::new();
    };
    let Some(error) = body.errors.into_iter().next() else {
        return String::new();
    };
    tidy(&match (error.code.as_str(), error.message.as_str()) {
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code}: {message}"),
    })
}

/// What the registry said, as a sentence of a hint; nothing if it said nothing.
pub(super) fn said(body: &[u8]) -> String {
    let words = words(body);
    if words.is_empty() {
        words
    } else {
        format!("The registry said: {words}. ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_sides_words_are_made_harmless() {
        let body = format!(
            "{{\"errors\":[{{\"code\":\"DENIED\",\"message\":\"a\\u001b[31m\\n\\u202eb {}\"}}]}}",
            "c".repeat(5_000)
        );
        let words = words(body.as_bytes());
        assert!(words.starts_with("DENIED: a [31m b ccc"), "{words}");
        assert_eq!(words.chars().count(), 300);
        assert_eq!(super::words(b"<html>"), "");
        assert_eq!(super::words(b"{\"errors\":[]}"), "");
    }
}
