//! Stories of the engine: with an in-process registry and a held clock, on both databases.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod allowed;
mod bulk;
mod common;
mod credentials;
mod definitions;
mod edits;
mod ended_jobs;
mod enduring;
mod faults;
mod freshness;
mod graph;
mod imports;
mod indexes;
mod meanwhile;
mod mirror;
mod narrowed;
mod past;
mod properties;
mod pull;
mod push;
mod referrers;
mod replay;
mod retries;
mod schedules;
mod seed;
mod served;
mod signatures;
mod snapshots;
mod stored;
mod streams;
