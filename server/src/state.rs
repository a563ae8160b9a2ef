//! What every handler can reach: one handle, built in `main` (or a test) and passed down.

use std::sync::Arc;

use axum::extract::FromRef;
use engine::Engine;
use leptos::config::LeptosOptions;
use tokio::sync::Semaphore;
use url::Url;

use crate::middleware::limits;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The engine behind every door.
    pub engine: Engine,
    /// How people reach us.
    pub site: Arc<Site>,
    /// Where the pages look for their scripts.
    pub leptos: LeptosOptions,
    /// Places for requests being worked on.
    pub places: Arc<Semaphore>,
    /// Turns at hashing passwords, which takes much memory by design.
    pub hashing: Arc<Semaphore>,
}

/// How people reach us, and what follows from it.
#[derive(Debug)]
pub struct Site {
    /// The address in the browser.
    pub public_url: Url,
    /// Host and port clients pull from.
    pub registry_host: String,
    /// Whether that is `https`: cookies are then `Secure` and bound to the host.
    pub secure: bool,
}

impl AppState {
    /// The state for an engine reached at `public_url`.
    #[must_use]
    pub fn new(engine: Engine, public_url: Url) -> Self {
        Self {
            engine,
            site: Arc::new(Site {
                secure: public_url.scheme() == "https",
                registry_host: authority(&public_url),
                public_url,
            }),
            leptos: LeptosOptions::builder()
                .output_name("weir")
                .site_pkg_dir("pkg")
                .build(),
            places: Arc::new(Semaphore::new(limits::AT_ONCE)),
            hashing: Arc::new(Semaphore::new(limits::HASHES_AT_ONCE)),
        }
    }
}

/// Host and port of a URL, without the port if it is the scheme's own.
fn authority(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    origin
        .split_once("://")
        .map_or_else(String::new, |(_, rest)| rest.to_owned())
}

impl Site {
    /// Name of the session cookie.
    #[must_use]
    pub fn session_cookie(&self) -> &'static str {
        if self.secure { "__Host-weir" } else { "weir" }
    }

    /// Name of the cookie that proves a form of somebody not signed in is ours.
    #[must_use]
    pub fn csrf_cookie(&self) -> &'static str {
        if self.secure {
            "__Host-weir-csrf"
        } else {
            "weir-csrf"
        }
    }
}

impl AppState {
    /// The same, where clients pull from another host than people open in the browser.
    #[must_use]
    pub fn with_registry_host(mut self, host: &str) -> Self {
        self.site = Arc::new(Site {
            public_url: self.site.public_url.clone(),
            registry_host: host.to_owned(),
            secure: self.site.secure,
        });
        self
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
