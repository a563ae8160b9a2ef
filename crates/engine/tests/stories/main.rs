//! Stories of the engine: with an in-process registry and a held clock, on both databases.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod allowed;
mod common;
mod credentials;
mod definitions;
mod edits;
mod imports;
mod narrowed;
mod past;
mod properties;
mod pull;
mod schedules;
mod streams;
