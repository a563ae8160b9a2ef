//! `/metrics`: what the process does, in Prometheus' text form, for those who show an API token (any user's). Labels name
//! methods, statuses, operations and hosts of registries, never streams, tags or users.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, Method, header};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;

use crate::{
    state::AppState,
    v2::{self, Route},
};

/// Upper bounds of durations, in seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// Upper bounds of sizes, in bytes.
const BYTES: [f64; 6] = [1e3, 1e4, 1e5, 1e6, 1e8, 1e10];
/// How long a figure that does not change is told.
const IDLE: Duration = Duration::from_secs(24 * 3_600);
/// The media type of the text form.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The recorder of the process; made when it is first needed. None if another one was installed first.
fn handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| match install() {
            Ok(handle) => Some(handle),
            Err(error) => {
                tracing::warn!(%error, "nothing is measured");
                None
            }
        })
        .as_ref()
}

fn install() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)?
        // Hosts that are asked no more are not told for ever: names of hosts come from people.
        .idle_timeout(MetricKindMask::ALL, Some(IDLE))
        .install_recorder()
}

/// Folds what was measured, so that it takes no more room; to be called every few seconds.
pub fn fold() {
    if let Some(handle) = handle() {
        handle.run_upkeep();
    }
}

/// The routes of this file.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/metrics", get(show))
        .route("/extensions/v2/metrics", get(show))
}

async fn show(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let shown = async {
        let actor = v2::actor(&state.engine, &headers).await?;
        state
            .engine
            .measure_jobs(&actor)
            .await
            .map_err(|error| v2::refused(&error))
    };
    if let Err(refusal) = shown.await {
        return v2::challenge(&state, &headers, refusal);
    }
    let text = handle().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}

/// Counts a request, how long its answer took to begin, and how large both are said to be.
pub async fn measure(request: Request, next: Next) -> Response {
    let method = word(request.method());
    let started = Instant::now();
    if let Some(bytes) = length(request.headers()) {
        metrics::histogram!("weir_http_request_size_bytes").record(bytes);
    }
    let in_flight = metrics::gauge!("weir_http_in_flight_requests");
    in_flight.increment(1.0);
    // Given back also when the client leaves before there is an answer.
    let _left = Left(in_flight);
    let response = next.run(request).await;
    let code = response.status().as_str().to_owned();
    metrics::counter!("weir_http_requests_total", "code" => code, "method" => method).increment(1);
    metrics::histogram!("weir_http_time_to_write_header_seconds").record(started.elapsed());
    metrics::histogram!("weir_http_request_duration_seconds", "method" => method)
        .record(started.elapsed());
    if let Some(bytes) = length(response.headers()) {
        metrics::histogram!("weir_http_response_size_bytes").record(bytes);
    }
    response
}

struct Left(metrics::Gauge);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// How long a request to the registry took, by what it asked for.
pub fn registry_request(method: &Method, route: Option<&Route>, started: Instant) {
    let operation = match (method, route) {
        (_, None) => "unknown",
        (&Method::GET | &Method::HEAD, Some(Route::Manifest(..))) => "manifest.pull",
        (&Method::PUT, Some(Route::Manifest(..))) => "manifest.push",
        (_, Some(Route::Manifest(..))) => "manifest.delete",
        (&Method::GET | &Method::HEAD, Some(Route::Blob(..))) => "blob.pull",
        (_, Some(Route::Blob(..) | Route::Stored(_))) => "blob.delete",
        (_, Some(Route::Uploads(..) | Route::Upload(..))) => "blob.push",
        (_, Some(Route::Tags(..))) => "tags",
        (_, Some(Route::Catalog)) => "catalog",
        (_, Some(Route::Referrers(..))) => "referrers",
        (_, Some(Route::Signatures(..))) => "signatures",
        (_, Some(Route::Base)) => "base",
    };
    metrics::histogram!("weir_request_duration_seconds", "operation" => operation)
        .record(started.elapsed());
}

/// A method's name; those nobody knows share one, so that nobody makes up labels.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        Method::OPTIONS => "options",
        _ => "other",
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes go into wide buckets")]
fn length(headers: &HeaderMap) -> Option<f64> {
    let text = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    text.parse::<u64>().ok().map(|bytes| bytes as f64)
}
