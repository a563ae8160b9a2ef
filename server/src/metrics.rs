//! `/metrics`: what the process does, in Prometheus' text form, for those who show an API token (any user's). Labels name
//! methods, statuses, operations and hosts of registries, never streams, tags or users.

use std::{
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, HttpBody},
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

/// Counts a request, how long its answer took to begin and to end, and how large both are said to be.
pub async fn measure(request: Request, next: Next) -> Response {
    let method = word(request.method());
    let started = Instant::now();
    if let Some(bytes) = length(request.headers()) {
        metrics::histogram!("weir_http_request_size_bytes").record(bytes);
    }
    let in_flight = metrics::gauge!("weir_http_in_flight_requests");
    in_flight.increment(1.0);
    // Ends also when the client leaves before there is an answer.
    let flight = Flight {
        in_flight,
        started,
        method,
    };
    let response = next.run(request).await;
    let code = response.status().as_str().to_owned();
    metrics::counter!("weir_http_requests_total", "code" => code, "method" => method).increment(1);
    metrics::histogram!("weir_http_time_to_write_header_seconds").record(started.elapsed());
    if let Some(bytes) = length(response.headers()) {
        metrics::histogram!("weir_http_response_size_bytes").record(bytes);
    }
    response.map(|body| {
        Body::new(Measured {
            body,
            _flight: flight,
        })
    })
}

/// A request on its way, until its answer was sent or nobody waits for it any more.
struct Flight {
    in_flight: metrics::Gauge,
    started: Instant,
    method: &'static str,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.in_flight.decrement(1.0);
        metrics::histogram!("weir_http_request_duration_seconds", "method" => self.method)
            .record(self.started.elapsed());
    }
}

/// A body whose end is that of its request.
struct Measured {
    body: Body,
    _flight: Flight,
}

impl HttpBody for Measured {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
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

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, middleware::from_fn};
    use futures::{StreamExt, stream};
    use tower::ServiceExt;

    use super::*;

    /// What is told of requests: how many are on their way, and of how many that ended it is known how long they took.
    fn told(handle: &PrometheusHandle) -> (f64, f64) {
        let text = handle.render();
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
                .unwrap_or_default()
        };
        (
            value("weir_http_in_flight_requests "),
            value("weir_http_request_duration_seconds_count{method=\"get\"} "),
        )
    }

    #[test]
    fn a_request_ends_with_the_last_byte_of_its_answer_or_when_nobody_reads_on() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            futures::executor::block_on(async {
                let answer = async || {
                    let pieces = ["a", "b"].map(|piece| std::io::Result::Ok(Bytes::from(piece)));
                    Body::from_stream(stream::iter(pieces))
                };
                let router = Router::new()
                    .route("/", get(answer))
                    .layer(from_fn(measure));
                for (number, pieces) in [(1.0, 2), (2.0, 1)] {
                    let request = Request::new(Body::empty());
                    let response = router.clone().oneshot(request).await.unwrap();
                    let mut body = response.into_body().into_data_stream();
                    for _ in 0..pieces {
                        body.next().await.unwrap().unwrap();
                        assert_eq!(told(&handle), (1.0, number - 1.0));
                    }
                    drop(body);
                    assert_eq!(told(&handle), (0.0, number));
                }
            });
        });
    }
}
