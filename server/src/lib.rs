//! The `weir` program as a library, so tests can call the router `main` serves. Wire and process only: no rule lives here.
#![recursion_limit = "256"]

pub mod answer;
pub mod assets;
pub mod auth;
pub mod cli;
pub mod config;
pub mod events;
pub mod health;
pub mod listener;
pub mod metrics;
pub mod middleware;
pub mod plain;
pub mod progress;
pub mod router;
pub mod serve;
pub mod shutdown;
pub mod state;
pub mod telemetry;
pub mod upload;
pub mod v2;
pub mod web;
