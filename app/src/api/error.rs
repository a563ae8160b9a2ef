//! The one error the UI shows: to a page as text beside a field, to a script as JSON with a real status.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Why something was not done. Mirrors the engine's six kinds; the inside of `Internal` stays in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ApiError {
    /// There is no such thing.
    NotFound {
        /// What was looked for.
        message: String,
    },
    /// A field is wrong.
    Invalid {
        /// The field's name in the form.
        field: String,
        /// What was wrong and what is allowed.
        message: String,
    },
    /// The world is not as the request assumed.
    Conflict {
        /// What is different.
        message: String,
    },
    /// Not allowed.
    Denied {
        /// What is missing.
        message: String,
    },
    /// The upstream registry did not give what was needed.
    Upstream {
        /// What was asked and what the other side said.
        message: String,
        /// What to do now; may be empty.
        hint: String,
    },
    /// Our own fault.
    Internal {
        /// Finds the entry in the log.
        request_id: String,
    },
}

impl ApiError {
    /// A field that is wrong.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.to_owned(), message: message.into() }
    }

    /// The HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound { .. } => 404,
            Self::Invalid { .. } => 422,
            Self::Conflict { .. } => 409,
            Self::Denied { .. } => 403,
            Self::Upstream { .. } => 502,
            Self::Internal { .. } => 500,
        }
    }

    /// The message for a person.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotFound { message }
            | Self::Invalid { message, .. }
            | Self::Conflict { message }
            | Self::Denied { message }
            | Self::Upstream { message, .. } => message.clone(),
            Self::Internal { request_id } => format!("Something went wrong on our side (request {request_id})."),
        }
    }

    /// The message, if it belongs to this field.
    #[must_use]
    pub fn at(&self, name: &str) -> Option<String> {
        match self {
            Self::Invalid { field, message } if field == name => Some(message.clone()),
            _ => None,
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for ApiError {}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(message) | ServerFnErrorErr::MissingArg(message) => {
                Self::invalid("", format!("the form could not be read: {message}"))
            }
            // What the framework could not do: nothing of it helps the person.
            _ => Self::Internal { request_id: String::new() },
        }
    }
}

#[cfg(feature = "ssr")]
impl From<engine::Error> for ApiError {
    fn from(error: engine::Error) -> Self {
        use engine::Error;
        match error {
            Error::NotFound(message) => Self::NotFound { message },
            Error::Invalid { field, message } => Self::invalid(field, message),
            Error::Conflict(message) => Self::Conflict { message },
            Error::Denied(message) => Self::Denied { message },
            Error::Upstream { message, hint } => Self::Upstream { message, hint },
            Error::Internal { .. } => {
                let request_id = crate::context::request_id();
                tracing::error!(request.id = request_id, error = %error, "request failed");
                Self::Internal { request_id }
            }
        }
    }
}
