//! The end of the process: the first signal asks, the second insists.

use std::{io, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long requests under way may take after the first signal.
pub const DRAIN: Duration = Duration::from_secs(10);

/// How long workers may take to hand back their jobs.
pub const HAND_BACK: Duration = Duration::from_secs(10);

/// SIGTERM and SIGINT, caught from now on.
pub struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// Starts catching.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the first signal. After it, another one ends the process at once.
    #[expect(
        clippy::disallowed_methods,
        reason = "the watch for the second signal must outlive everything that is waited for"
    )]
    pub async fn first(mut self) {
        let name = self.next().await;
        tracing::info!(
            signal = name,
            "stopping: no new connections; requests under way have {} s; a second signal ends at once",
            DRAIN.as_secs()
        );
        tokio::spawn(async move {
            let name = self.next().await;
            tracing::warn!(signal = name, "ended at once by a second signal");
            std::process::exit(130);
        });
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
        }
    }
}
