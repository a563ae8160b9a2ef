//! One program for all tests of the server: linking it once takes long enough.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they are called from"
)]

mod cli;
mod common;
mod config;
mod health;
mod metrics;
mod route_by_role;
mod v2_auth;
mod v2_discovery;
mod v2_golden;
mod v2_manage;
mod v2_pull;
mod v2_push;
mod v2_signatures;
mod v2_walk;
mod web_apply;
mod web_bulk;
mod web_csrf;
mod web_events;
mod web_headers;
mod web_import;
mod web_login;
mod web_past;
mod web_progress;
mod web_session;
mod web_stream_policy;
mod web_tokens;
