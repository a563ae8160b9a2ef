//! One guarded HTTP exchange: gate, deadline, redirects followed by hand, bodies with a cap, retries.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::{
    Client, Method, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RANGE,
        RETRY_AFTER,
    },
    redirect::Policy,
};
use url::Url;

use super::{
    Config, Failure, Range,
    address::{authority, same_origin},
    failure::Retry,
    fault::{Cause, Fault},
    gate::Gates,
    guard::{Blocked, Guard},
    tls,
};

/// Redirects followed for one request.
const MAX_HOPS: usize = 5;
/// The longest a host may ask us to wait within a request.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The longest `Retry-After` believed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);
/// Bytes of an error body worth reading.
const ERROR_BODY: usize = 64 << 10;

/// Sends requests. One for the process.
pub(super) struct Transport {
    verified: Client,
    unverified: Client,
    guard: Guard,
    gates: Gates,
    retries: u32,
    retry_wait: Duration,
    blob_timeout: Duration,
    pull_timeout: Duration,
    blob_patience: Duration,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Read the head only.
    pub head: bool,
    /// Where to.
    pub url: Url,
    /// Media types wanted.
    pub accept: &'static str,
    /// Sent to the origin of `url` only.
    pub authorization: Option<HeaderValue>,
    /// The largest body taken.
    pub cap: usize,
    /// The body is this part of a blob: a success leaves it to be read piece by piece, without a cap.
    pub streamed: Option<Range>,
    /// Any certificate will do, and redirects may lead to plain HTTP.
    pub insecure: bool,
    /// Whether to try again what may pass.
    pub retry: bool,
}

/// What came back: any status but a followed redirect.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body: whole for a success, its beginning for an error, empty for HEAD.
    pub body: Bytes,
    /// What is left to be read, if the call was for that.
    pub rest: Option<reqwest::Response>,
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long the host asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
        }
        let until = DateTime::parse_from_rfc2822(text).ok()?;
        let wait = (until.with_timezone(&Utc) - crate::clock::world())
            .to_std()
            .ok()?;
        Some(wait.min(MAX_RETRY_AFTER))
    }

    fn is_passing(&self) -> bool {
        matches!(self.status.as_u16(), 429 | 500 | 502 | 503 | 504)
    }
}

impl Call {
    /// As messages write it.
    pub fn method(&self) -> &'static str {
        if self.head { "Head" } else { "Get" }
    }
}

impl Transport {
    /// Builds both clients.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes clients"
    )]
    pub fn new(config: Config) -> Result<Self, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure {
            reason: model::tag::Reason::InternalError,
            message: format!("the client for other registries cannot be built: {error}"),
            hint: "Check the configured certificate authorities.".to_owned(),
            retry: Retry::Never,
            busy: false,
        };
        let guard = Guard::new(&config.blocked_networks, config.allow_private);
        let client = |tls: rustls::ClientConfig| {
            Client::builder()
                .tls_backend_preconfigured(tls)
                .http1_only()
                .no_proxy()
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .dns_resolver(guard.clone())
                .connect_timeout(config.connect_timeout)
                .timeout(config.request_timeout)
                .read_timeout(config.request_timeout.min(Duration::from_secs(15)))
                .pool_max_idle_per_host(config.concurrency_per_host.max(1))
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(config.user_agent.as_str())
                .build()
                .map_err(|error| broken(&error))
        };
        Ok(Self {
            verified: client(tls::verified(&config.upstream_ca).map_err(|e| broken(&e))?)?,
            unverified: client(tls::unverified().map_err(|e| broken(&e))?)?,
            gates: Gates::new(config.concurrency_per_host, config.requests_per_second),
            guard,
            retries: config.retries,
            retry_wait: config.retry_wait,
            blob_timeout: config.blob_timeout,
            pull_timeout: config.pull_timeout,
            blob_patience: config.blob_patience,
        })
    }

    /// Deadline of a blob.
    pub fn pull_timeout(&self) -> Duration {
        self.pull_timeout
    }

    pub fn blob_timeout(&self) -> Duration {
        self.blob_timeout
    }

    /// How long the next bytes of a blob may take.
    pub fn blob_patience(&self) -> Duration {
        self.blob_patience
    }

    /// Sends a request, again where that may help.
    pub async fn send(&self, call: &Call) -> Result<Answer, Fault> {
        let retries = if call.retry { self.retries } else { 0 };
        for attempt in 0..retries {
            let asked = match self.follow(call).await {
                Ok(answer) if answer.is_passing() => answer.retry_after(),
                Err(fault) if fault.is_passing() => None,
                done => return done,
            };
            tokio::time::sleep(wait(
                self.retry_wait,
                attempt,
                asked,
                crate::clock::jitter(),
            ))
            .await;
        }
        self.follow(call).await
    }

    /// One attempt: the request and the redirects it leads to.
    async fn follow(&self, call: &Call) -> Result<Answer, Fault> {
        let mut url = call.url.clone();
        let mut authorization = call.authorization.as_ref();
        for _ in 0..=MAX_HOPS {
            let (answer, location) = self.exchange(call, &url, authorization).await?;
            let Some(location) = location else {
                return Ok(answer);
            };
            let next = self.next_hop(call, &url, &location)?;
            if !same_origin(&url, &next) {
                authorization = None;
            }
            url = next;
        }
        let cause = Cause::Redirect(format!("stopped after {MAX_HOPS} redirects"));
        Err(Fault::at(call.method(), &call.url, cause))
    }

    /// Checks where a redirect leads.
    fn next_hop(&self, call: &Call, from: &Url, location: &HeaderValue) -> Result<Url, Fault> {
        let refuse = |text: String| Err(Fault::at(call.method(), &call.url, Cause::Redirect(text)));
        let next = location.to_str().ok().and_then(|text| from.join(text).ok());
        let Some(next) = next else {
            return refuse("the redirect names no valid address".to_owned());
        };
        let to = authority(&next);
        match next.scheme() {
            "https" => {}
            "http" if call.insecure => {}
            "http" => return refuse(format!("the redirect to {to} leaves TLS")),
            _ => return refuse("the redirect leads to something other than HTTP".to_owned()),
        }
        if !next.username().is_empty() || next.password().is_some() {
            return refuse(format!("the redirect to {to} carries a user name"));
        }
        self.guard.check(&next).map_err(|blocked| {
            let Blocked { host, address } = blocked;
            Fault::Blocked {
                host,
                address,
                redirected_by: Some(authority(from)),
            }
        })?;
        Ok(next)
    }

    /// One request and its answer, with the location if it is a redirect to follow.
    async fn exchange(
        &self,
        call: &Call,
        url: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<(Answer, Option<HeaderValue>), Fault> {
        self.guard
            .check(url)
            .map_err(|Blocked { host, address }| Fault::Blocked {
                host,
                address,
                redirected_by: None,
            })?;
        let gate = self.gates.of(&authority(url));
        let _turn = gate.enter().await;
        let (client, method) = (
            if call.insecure {
                &self.unverified
            } else {
                &self.verified
            },
            if call.head { Method::HEAD } else { Method::GET },
        );
        let mut request = client
            .request(method, url.clone())
            .header(ACCEPT, call.accept);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(range) = call.streamed {
            // Coded content would have other lengths and other bytes.
            request = request
                .timeout(self.blob_timeout)
                .header(ACCEPT_ENCODING, "identity");
            if range != Range::ALL {
                request = request.header(RANGE, range.to_string());
            }
        }
        let failed = |error: reqwest::Error| match Fault::of(call.method(), url, &error) {
            Fault::Blocked { host, address, .. } if *url != call.url => Fault::Blocked {
                host,
                address,
                redirected_by: Some(authority(&call.url)),
            },
            fault => fault,
        };
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let location = match status.as_u16() {
            301 | 302 | 303 | 307 | 308 => headers.get(LOCATION).cloned(),
            _ => None,
        };
        let success = status.is_success();
        let mut answer = Answer {
            status,
            headers,
            body: Bytes::new(),
            rest: None,
        };
        if let (429 | 503, Some(wait)) = (status.as_u16(), answer.retry_after()) {
            gate.pause(wait.min(MAX_WAIT));
        }
        if success && call.streamed.is_some() && location.is_none() {
            answer.rest = Some(response);
        } else if location.is_none() && !call.head {
            answer.body = if success {
                body(&mut response, &answer.headers, call.cap)
                    .await
                    .map_err(failed)?
                    .ok_or_else(|| Fault::at(call.method(), url, Cause::TooLarge(call.cap)))?
            } else {
                start(&mut response, ERROR_BODY).await
            };
        }
        Ok((answer, location))
    }
}

/// The whole body, or nothing if it is larger than the cap.
async fn body(
    response: &mut reqwest::Response,
    headers: &HeaderMap,
    cap: usize,
) -> Result<Option<Bytes>, reqwest::Error> {
    let announced = headers
        .get(reqwest::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > cap) {
        return Ok(None);
    }
    let mut whole = BytesMut::with_capacity(announced.unwrap_or_default());
    while let Some(chunk) = response.chunk().await? {
        if whole.len() + chunk.len() > cap {
            return Ok(None);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(Some(whole.freeze()))
}

/// The beginning of an error body; what cannot be read is left out.
async fn start(response: &mut reqwest::Response, cap: usize) -> Bytes {
    let mut whole = BytesMut::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        whole.extend_from_slice(&chunk);
        if whole.len() > cap {
            whole.truncate(cap);
            break;
        }
    }
    whole.freeze()
}

/// How long to wait before another attempt: what the host asked for, else doubling, with up to half as jitter.
fn wait(base: Duration, attempt: u32, asked: Option<Duration>, dice: f64) -> Duration {
    let own = base
        .saturating_mul(1 << attempt.min(16))
        .min(MAX_WAIT)
        .mul_f64(1.0 + dice / 2.0);
    asked.unwrap_or(own).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_own_wait_wins_and_is_capped() {
        let (base, seconds) = (Duration::from_secs(1), Duration::from_secs);
        assert_eq!(wait(base, 0, None, 0.0), seconds(1));
        assert_eq!(wait(base, 2, None, 1.0), seconds(6));
        assert_eq!(wait(base, 0, Some(seconds(7)), 1.0), seconds(7));
        assert_eq!(wait(base, 0, Some(seconds(3_600)), 1.0), seconds(60));
        assert_eq!(wait(base, 40, None, 1.0), seconds(60));
    }
}
