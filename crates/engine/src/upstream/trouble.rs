//! Why a step failed, before it is said which image it failed for. Steps are shared between images; messages are not.

use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;

use super::{
    Failure,
    failure::{Retry, Subject, said, words},
    fault::{Fault, plain},
    transport::{Answer, Call},
};

/// A failed step.
#[derive(Debug, Clone)]
pub(super) enum Trouble {
    /// The exchange failed.
    Fault(Fault),
    /// An answer that means nothing else.
    Status {
        /// `Get "URL"`.
        request: String,
        /// The status.
        status: StatusCode,
        /// What else the host said.
        words: String,
        /// How long it asked to wait.
        wait: Option<Duration>,
    },
    /// 401 or 403, with the body.
    Denied(Bytes),
    /// 404, with the body.
    Missing(Bytes),
    /// The host is not a registry.
    NotRegistry {
        /// The host.
        host: String,
        /// What it answered.
        said: String,
    },
    /// Credentials would have to go to a host that the registry does not own.
    ForeignRealm {
        /// The registry.
        registry: String,
        /// Scheme and host of the realm.
        realm: String,
    },
    /// The content of an answer is not what it has to be.
    Malformed(String),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Trouble {
    /// An answer that means nothing but its status.
    pub fn status(call: &Call, answer: &Answer) -> Self {
        Self::Status {
            request: format!("{} \"{}\"", call.method(), plain(&call.url)),
            status: answer.status,
            words: words(&answer.body),
            wait: answer.retry_after(),
        }
    }

    /// The answer if it is a success, else what its status means.
    pub fn check(call: &Call, answer: Answer) -> Result<Answer, Self> {
        match answer.status.as_u16() {
            200..=299 => Ok(answer),
            401 | 403 => Err(Self::Denied(answer.body)),
            404 => Err(Self::Missing(answer.body)),
            _ => Err(Self::status(call, &answer)),
        }
    }

    /// What to tell about it.
    pub fn of(self, subject: &Subject, has_credentials: bool) -> Failure {
        match self {
            Self::Fault(fault) => subject.fault(&fault),
            Self::Denied(body) => {
                let advice = if has_credentials {
                    "The registry refused the user name and password, or they may not pull this repository."
                } else {
                    "No credential for this repository was given. Check the name, or add a credential."
                };
                subject.unauthorized(said(&body) + advice)
            }
            Self::Missing(body) => {
                subject.not_found(said(&body) + "Check the repository and the tag.")
            }
            Self::NotRegistry { host, said } => subject.not_a_registry(&host, &said),
            Self::ForeignRealm { registry, realm } => subject.foreign_realm(&registry, &realm),
            Self::Malformed(text) => subject.internal(
                text,
                "The registry sent something that cannot be used.",
                Retry::Never,
            ),
            Self::Status {
                request,
                status,
                words,
                wait,
            } => status_failure(subject, &request, status, &words, wait),
        }
    }
}

fn status_failure(
    subject: &Subject,
    request: &str,
    status: StatusCode,
    words: &str,
    wait: Option<Duration>,
) -> Failure {
    let words = if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    };
    let cause = format!("{request}: received unexpected HTTP status: {status}{words}");
    let (hint, retry) = match status.as_u16() {
        429 => (
            "The registry limits how often it is asked. Try again later, or add a credential.",
            Retry::After(wait.unwrap_or(Duration::from_secs(60))),
        ),
        500..=599 => (
            "The registry has a problem of its own. Try again later.",
            Retry::After(wait.unwrap_or(Duration::from_secs(30))),
        ),
        _ => ("The registry does not accept the request.", Retry::Never),
    };
    Failure {
        busy: status == StatusCode::TOO_MANY_REQUESTS,
        ..subject.internal(cause, hint, retry)
    }
}
