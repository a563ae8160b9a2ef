//! One module per page, as in the URL map of `router.rs`. Pages hold no rules: they load through the engine and
//! lay out what came.

pub mod delete;
pub mod error;
pub mod image;
pub mod import;
pub mod job;
pub mod jobs;
pub mod load;
pub mod login;
pub mod new_stream;
pub mod not_found;
pub mod overview;
pub mod router;
pub mod setup;
pub mod shell;
pub mod stream;
pub mod stream_imports;
pub mod streams;
pub mod tag;
pub mod tag_form;
pub mod tag_history;

pub use shell::shell;
