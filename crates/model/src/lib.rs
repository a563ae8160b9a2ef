//! The words Weir speaks: names, digests, references, tags, revisions, policies, plans, jobs and pages.
//!
//! Plain types shared by the server and the browser: no async, no IO, no SQL, no HTML. Text becomes one of these at
//! the edge (form, path, row, upstream answer); inside, nothing is a bare string that could be something else.

pub mod allowed;
pub mod change;
pub mod credential;
pub mod diff;
pub mod digest;
pub mod edit;
pub mod graph;
pub mod image;
pub mod import;
pub mod job;
pub mod journal;
pub mod name;
pub mod naming;
pub mod narrow;
pub mod page;
pub mod policy;
pub mod reference;
pub mod storage;
pub mod stream;
pub mod tag;
pub mod tagging;
pub mod token;
pub mod user;
pub mod version;

pub use change::{Aspect, Change, Plan, Warning};
pub use digest::Digest;
pub use name::{Namespace, StreamName, StreamRef, TagName};
pub use page::{Cursor, Page, PageRequest};
pub use reference::Reference;
pub use tag::{Cause, Condition, Revision, TagSource, TagSpec};
