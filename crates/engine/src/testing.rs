//! What tests share: a database of either kind, a bucket, a held clock, an engine over both, and an upstream to import from.

pub mod bucket;
pub mod db;
pub mod upstream;
