//! `weir serve`: opens everything, says where it is, serves until told to stop, closes everything.

use std::time::{Duration, Instant};

use anyhow::Context;
use axum::middleware::from_fn;
use engine::{Clock, Engine};
use tokio::net::TcpListener;
use url::Url;

use crate::{
    config::Settings,
    listener::{self, Bounded, Peer},
    metrics,
    router::build_router,
    shutdown::{self, Signals},
    state::AppState,
};

/// How often what was measured is folded.
const FOLD: Duration = Duration::from_secs(5);

/// Folds what was measured as long as the process lives.
#[expect(
    clippy::disallowed_methods,
    reason = "it holds nothing a stop would have to wait for"
)]
fn fold_metrics() {
    tokio::spawn(async {
        let mut turns = tokio::time::interval(FOLD);
        loop {
            turns.tick().await;
            metrics::fold();
        }
    });
}

/// Opens the engine, making the data folder if it is missing.
///
/// # Errors
/// When the folder cannot be made, or the database, the place of blobs or the TLS roots not be opened.
pub async fn open(settings: &Settings) -> anyhow::Result<Engine> {
    make_folder(settings).with_context(|| {
        format!(
            "WEIR_DATA = {:?}: cannot write in that folder",
            settings.data
        )
    })?;
    // What cannot be opened names its setting.
    Ok(Engine::open(settings.engine(), Clock::default()).await?)
}

/// Only the user Weir runs as may look into it. An empty file is an empty SQLite database; made here, it is private too.
fn make_folder(settings: &Settings) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&settings.data)?;
    let defaults = engine::Config::in_folder(settings.data.clone());
    if settings.database_url.reveal() == defaults.database_url {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(settings.data.join("weir.db"))?;
    }
    Ok(())
}

/// Serves until a signal.
///
/// # Errors
/// When it cannot start.
pub async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let started = Instant::now();
    let signals = Signals::catch().context("cannot catch signals")?;
    // First, so a second server on the same address says so before it touches the database.
    let listener = match settings.http {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .with_context(|| format!("WEIR_HTTP = \"{address}\": cannot listen there"))?,
        ),
        None => None,
    };
    let engine = open(settings).await?;
    let token = first_start(&engine, settings).await?;
    engine.start_workers();
    match listener {
        Some(listener) => {
            let public_url = settings.public_url(listener.local_addr()?);
            let state = AppState::new(engine.clone(), public_url.clone())
                .with_registry_host(&settings.registry_host(listener.local_addr()?));
            let router = build_router(state)?;
            fold_metrics();
            announce(&public_url, token.as_deref(), settings, started);
            run(listener, router, signals).await?;
        }
        None => {
            tracing::info!("working in the background only: WEIR_HTTP is off");
            signals.first().await;
        }
    }
    engine.stop(shutdown::HAND_BACK).await;
    tracing::info!("stopped");
    Ok(())
}

/// Serves until the first signal, then as long as requests under way may take.
async fn run(listener: TcpListener, router: axum::Router, signals: Signals) -> std::io::Result<()> {
    let (asked, told) = tokio::sync::oneshot::channel::<()>();
    let service = router
        .layer(from_fn(listener::work))
        .into_make_service_with_connect_info::<Peer>();
    let server = axum::serve(Bounded::new(listener), service).with_graceful_shutdown(async move {
        signals.first().await;
        // The receiver waits below; if it is gone there is nobody to tell.
        let _ = asked.send(());
    });
    let enough = async {
        let _ = told.await;
        tokio::time::sleep(shutdown::DRAIN).await;
    };
    tokio::select! {
        result = server.into_future() => result,
        () = enough => {
            tracing::warn!("cut off requests that took longer than {} s", shutdown::DRAIN.as_secs());
            Ok(())
        }
    }
}

async fn first_start(engine: &Engine, settings: &Settings) -> anyhow::Result<Option<String>> {
    let password = settings
        .admin_password
        .as_ref()
        .map(|secret| secret.reveal());
    match engine.first_start(password).await {
        Err(engine::Error::Invalid { message, .. }) => {
            anyhow::bail!("WEIR_ADMIN_PASSWORD (not shown): {message}")
        }
        other => other.context("cannot prepare the first start"),
    }
}

/// Says where Weir is. The setup link is a secret, so it goes to standard output only, never into the log.
fn announce(url: &Url, token: Option<&str>, settings: &Settings, started: Instant) {
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(url = %url, version = env!("CARGO_PKG_VERSION"), workers = settings.workers, ms, "serving");
    println!("Weir is at {url}");
    match token {
        Some(token) => {
            println!(
                "No user exists yet. Open this link once to choose the password of user admin (not in the log):"
            );
            println!("  {url}setup?token={token}");
        }
        None if settings.admin_password.is_some() => {
            println!(
                "Sign in as admin with WEIR_ADMIN_PASSWORD (it counts on the first start only)."
            );
        }
        None => {}
    }
}
