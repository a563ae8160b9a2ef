//! What an operation answers when it does not do what was asked. Each kind has one meaning in every door.

use std::{io, panic::AssertUnwindSafe};

use futures::FutureExt;

/// What was being done when stored bytes could not be read, and when they could not be written.
const BLOBS: [&str; 2] = ["reading a blob", "storing a blob"];

/// The six kinds of refusal. The text is for the person who asked, except for `Internal`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the actor may not know of it.
    #[error("{0}")]
    NotFound(String),
    /// Something given is wrong: which field, and what is allowed.
    #[error("{message}")]
    Invalid {
        /// The form field or query key.
        field: &'static str,
        /// What was wrong and what is allowed.
        message: String,
    },
    /// The world is not as the request assumed: exists already, moved since the preview.
    #[error("{0}")]
    Conflict(String),
    /// The actor may not do this.
    #[error("{0}")]
    Denied(String),
    /// The upstream registry did not give what was needed.
    #[error("{message}")]
    Upstream {
        /// What was asked and what the other side said.
        message: String,
        /// What to do now; may be empty.
        hint: String,
        /// It limits how often it is asked: the same may work later.
        busy: bool,
    },
    /// Our own fault or our database's. The text goes to the log, never to the person.
    #[error("{doing}: {source}")]
    Internal {
        /// What was being done.
        doing: &'static str,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A field that is wrong.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            message: message.into(),
        }
    }

    /// Stored bytes that cannot be read.
    pub(crate) fn reading_blob(error: io::Error) -> Self {
        Self::Internal {
            doing: BLOBS[0],
            source: Box::new(error),
        }
    }

    /// Bytes that cannot be stored.
    pub(crate) fn storing_blob(error: io::Error) -> Self {
        Self::Internal {
            doing: BLOBS[1],
            source: Box::new(error),
        }
    }

    /// What the disk or the bucket said, if it was the place of blobs that failed.
    #[must_use]
    pub fn place_of_blobs(&self) -> Option<io::ErrorKind> {
        let Self::Internal { doing, source } = self else {
            return None;
        };
        let first: &(dyn std::error::Error + 'static) = source.as_ref();
        BLOBS.contains(doing).then_some(())?;
        std::iter::successors(Some(first), |error| error.source())
            .filter_map(|error| Some(error.downcast_ref::<io::Error>()?.kind()))
            .find(|kind| *kind != io::ErrorKind::Other)
    }

    /// Something in our database contradicts itself.
    pub fn inconsistent(what: impl std::fmt::Display) -> Self {
        Self::Internal {
            doing: "reading the database",
            source: what.to_string().into(),
        }
    }
}

/// Does something whose panic must not take along what waits for it: a panic is an error of ours.
///
/// # Errors
/// `Internal` when it panicked.
pub(crate) async fn caught<T>(doing: &'static str, work: impl Future<Output = T>) -> Result<T> {
    // What the work changed is in the database, whose transaction is gone with it, or behind locks that outlive a panic.
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Error::Internal {
                doing,
                source: format!(
                    "panicked: {}",
                    text.unwrap_or("for a reason it does not say")
                )
                .into(),
            }
        })
}
