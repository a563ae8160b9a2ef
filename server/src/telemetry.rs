//! Log lines: where they go and their shape. They go to stderr, so stdout stays for what a person must read once.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Starts logging. A second call does nothing: the first one stands.
///
/// # Errors
/// When the filter cannot be read; `config.rs` has checked it before.
pub fn start(
    filter: &str,
    format: LogFormat,
) -> Result<(), tracing_subscriber::filter::ParseError> {
    let mut filter = EnvFilter::builder().parse(filter)?;
    // A browser with a cookie of yesterday is no suspicious activity, and our own request line says the rest.
    for quiet in ["tower_sessions=error", "tower_sessions_core=error"] {
        filter = filter.add_directive(quiet.parse()?);
    }
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_target(false),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}
