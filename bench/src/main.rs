//! Figures of Weir, printed: `cargo xtask bench`. Nothing here is a test; `docs/PERFORMANCE.md` holds what it printed.

mod import;
mod pages;
mod registry;

use anyhow::Result;
use clap::Parser;

/// Measures Weir beside what it is compared with, in one run.
#[derive(Parser)]
struct Args {
    /// `import` or `pages`; both when left out
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
}

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "the address of the measuring server is not configuration of Weir"
)]
async fn main() -> Result<()> {
    // It fails only when one was chosen before; nobody did.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = Args::parse();
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
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the plain client Weir is compared with"
)]
fn client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().build()?)
}
