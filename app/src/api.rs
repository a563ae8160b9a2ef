//! Writes: one server function a verb, called by plain forms. Each begins by taking the right to act and ends with
//! `guard::answer`.

mod credentials;
mod definitions;
mod edits;
mod error;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
mod guard;
mod imports;
mod mirror;
mod namespaces;
mod streams;
mod tags;
mod tokens;

pub use credentials::{DeleteCredential, SetCredential};
pub use definitions::{ApplyDefinitions, PreviewDefinitions};
pub use edits::{EditStream, EditStreams};
pub use error::ApiError;
#[cfg(feature = "ssr")]
pub use guard::with_refusal;
pub use imports::{CancelImport, CreateStream, ImportAgain, ImportLeftOut, StartImport};
pub use mirror::StartMirror;
pub use namespaces::SetAnonymousPull;
pub use streams::DeleteStream;
pub use tags::{DeleteTags, SetTag};
#[cfg(feature = "ssr")]
pub use tokens::NEW_TOKEN;
pub use tokens::{CreateToken, RevokeToken};
