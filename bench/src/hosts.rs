//! Upstream registries in this process: every tag of every repository is there, each answer takes a while, as over a
//! network. They count what they are asked.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Method, Request, Response, StatusCode},
};
use sha2::{Digest as _, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// One of them, on a port of loopback.
pub struct Host {
    /// Host and port.
    pub name: String,
    state: Arc<Answers>,
}

struct Answers {
    latency: Duration,
    asked: AtomicUsize,
    heads: AtomicUsize,
    /// The configs of the manifests that were read, by digest.
    configs: Mutex<HashMap<String, String>>,
}

impl Host {
    /// Starts one that answers after `latency`; it ends with the process.
    #[expect(
        clippy::disallowed_methods,
        reason = "an upstream is no part of the engine"
    )]
    pub async fn start(latency: Duration) -> Result<Self> {
        let state = Arc::new(Answers {
            latency,
            asked: AtomicUsize::new(0),
            heads: AtomicUsize::new(0),
            configs: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let name = listener.local_addr()?.to_string();
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&state));
        tokio::task::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { name, state })
    }

    /// Requests so far: all, and those that only asked for a tag's digest.
    pub fn asked(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        (count(&self.state.asked), count(&self.state.heads))
    }
}

async fn answer(State(state): State<Arc<Answers>>, request: Request<Body>) -> Response<Body> {
    state.asked.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(state.latency).await;
    let head = request.method() == Method::HEAD;
    let path = request.uri().path();
    let made = if let Some((_, digest)) = path.split_once("/blobs/") {
        let configs = state.configs.lock().unwrap_or_else(PoisonError::into_inner);
        let config = configs.get(digest).cloned();
        config.map(|config| ("application/octet-stream", digest.to_owned(), config))
    } else if path.contains("/manifests/") {
        if head {
            state.heads.fetch_add(1, Ordering::Relaxed);
        }
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"Labels":{{"from":"{path}"}}}},"rootfs":{{"type":"layers","diff_ids":[]}}}}"#
        );
        let digest = sha256(&config);
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{}}},"layers":[]}}"#,
            config.len()
        );
        if !head {
            let mut configs = state.configs.lock().unwrap_or_else(PoisonError::into_inner);
            configs.insert(digest, config);
        }
        Some((MANIFEST, sha256(&manifest), manifest))
    } else {
        Some(("application/json", String::new(), "{}".to_owned()))
    };
    let Some((media_type, digest, body)) = made else {
        let mut missing = Response::new(Body::empty());
        *missing.status_mut() = StatusCode::NOT_FOUND;
        return missing;
    };
    let response = Response::builder()
        .header("Content-Type", media_type)
        .header("Content-Length", body.len())
        .header("Docker-Content-Digest", digest);
    let body = if head {
        Body::empty()
    } else {
        Body::from(body)
    };
    response.body(body).unwrap_or_default()
}

fn sha256(text: &str) -> String {
    format!("sha256:{:x}", Sha256::digest(text.as_bytes()))
}
