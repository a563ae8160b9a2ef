//! Figures of Weir, printed: `cargo xtask bench`. Nothing here is a test; `docs/PERFORMANCE.md` holds what it printed.

mod blobs;
mod hosts;
mod import;
mod pages;
mod registry;
mod schedule;

use std::time::Duration;

use anyhow::Result;
use clap::Parser;

/// Measures Weir beside what it is compared with, in one run.
#[derive(Parser)]
struct Args {
    /// `import`, `pages`, `schedule` or `blobs`; all when left out
    name: Option<String>,
    /// Tags to import
    #[arg(long, default_value_t = 1_000)]
    tags: usize,
    /// Times the import is repeated; the best counts, for us and for the others
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Streams in the list
    #[arg(long, default_value_t = 10_000)]
    streams: usize,
    /// Tags of the biggest stream
    #[arg(long, default_value_t = 50_000)]
    stream_tags: usize,
    /// Revisions of the longest history
    #[arg(long, default_value_t = 100_000)]
    revisions: usize,
    /// Requests a page
    #[arg(long, default_value_t = 500)]
    requests: usize,
    /// Tags that are scheduled
    #[arg(long, default_value_t = 10_000)]
    scheduled: usize,
    /// Hosts they are of
    #[arg(long, default_value_t = 8)]
    hosts: usize,
    /// What an answer of such a host takes, in milliseconds
    #[arg(long, default_value_t = 30)]
    latency: u64,
    /// Seconds between two looks at a tag
    #[arg(long, default_value_t = 60)]
    period: u32,
    /// Periods that are measured
    #[arg(long, default_value_t = 2)]
    periods: u32,
    /// MiB of the blob that is pulled through and pushed
    #[arg(long, default_value_t = 1_024)]
    blob: usize,
}

fn main() -> Result<()> {
    // It fails only when one was chosen before; nobody did.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Called by itself, it is the server that is measured: in a process of its own, built the same way.
    let mut given = std::env::args_os().skip(1).peekable();
    if given.peek().is_some_and(|word| word == "weir") {
        return server::cli::run(given).map_err(|failure| match failure {
            server::cli::Failure::Usage(message) => anyhow::anyhow!(message),
            server::cli::Failure::Failed(error) => error,
        });
    }
    tokio::runtime::Runtime::new()?.block_on(measure(Args::parse()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the address of the measuring server is not configuration of Weir"
)]
async fn measure(args: Args) -> Result<()> {
    let postgres = std::env::var(engine::testing::db::POSTGRES_URL).ok();
    let wants = |name: &str| args.name.as_deref().is_none_or(|wanted| wanted == name);
    if wants("import") {
        import::run(args.tags, args.rounds, postgres.as_deref()).await?;
    }
    if wants("pages") {
        let sizes = pages::Sizes {
            streams: args.streams,
            tags: args.stream_tags,
            revisions: args.revisions,
        };
        pages::run(sizes, args.requests, postgres.as_deref()).await?;
    }
    if wants("schedule") {
        let load = schedule::Load {
            tags: args.scheduled,
            hosts: args.hosts,
            latency: Duration::from_millis(args.latency),
            period: args.period,
            periods: args.periods,
        };
        schedule::run(load, postgres.as_deref()).await?;
    }
    if wants("blobs") {
        blobs::run(args.blob).await?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the plain client Weir is compared with"
)]
fn client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}
