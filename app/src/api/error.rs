//! What a server function answers when it does not do what was asked, and how a page learns of it.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// A refusal, for people. Without scripts it travels in the address back to the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiError {
    /// There is no such thing.
    NotFound(String),
    /// A field is wrong.
    Invalid {
        /// The field.
        field: String,
        /// What was wrong and what is allowed.
        message: String,
    },
    /// Something changed since the preview.
    Conflict(String),
    /// The user may not do this.
    Denied(String),
    /// The upstream registry did not give what was needed.
    Upstream {
        /// What was asked and what the other side said.
        message: String,
        /// What to do now.
        hint: String,
    },
    /// Our own fault; the log has more.
    Internal {
        /// Finds the entry in the log.
        request_id: String,
    },
}

impl ApiError {
    /// The text to show.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::NotFound(text) | Self::Conflict(text) | Self::Denied(text) => text,
            Self::Invalid { message, .. } | Self::Upstream { message, .. } => message,
            Self::Internal { .. } => {
                "This is a fault in Weir. Its log has more under the request's id."
            }
        }
    }

    /// The HTTP status of a page that shows it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound(_) => 404,
            Self::Invalid { .. } => 400,
            Self::Conflict(_) => 409,
            Self::Denied(_) => 403,
            Self::Upstream { .. } => 502,
            Self::Internal { .. } => 500,
        }
    }

    /// The field it is about, if it is about one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Upstream { .. } => Some("source"),
            _ => None,
        }
    }

    /// What to do now, if there is anything to add.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Upstream { hint, .. } => hint,
            _ => "",
        }
    }

    /// A field that is wrong.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(what) | ServerFnErrorErr::MissingArg(what) => {
                Self::invalid("", format!("the form could not be read: {what}"))
            }
            // Somebody edited the address a refusal came back with.
            ServerFnErrorErr::Deserialization(_) => {
                Self::invalid("", "the message in this address cannot be read")
            }
            _ => Self::Internal {
                request_id: String::new(),
            },
        }
    }
}

#[cfg(feature = "ssr")]
impl From<engine::Error> for ApiError {
    fn from(error: engine::Error) -> Self {
        use engine::Error;
        match error {
            Error::NotFound(text) => Self::NotFound(text),
            Error::Invalid { field, message } => Self::Invalid {
                field: field.to_owned(),
                message,
            },
            Error::Conflict(text) => Self::Conflict(text),
            Error::Denied(text) => Self::Denied(text),
            Error::Upstream { message, hint, .. } => Self::Upstream { message, hint },
            Error::Internal { .. } => {
                let request_id = crate::context::request_id();
                tracing::error!(request.id = request_id, %error, "a request failed");
                Self::Internal { request_id }
            }
        }
    }
}
