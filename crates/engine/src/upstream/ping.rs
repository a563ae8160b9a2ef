//! The first request to a host: which scheme it speaks, whether it is a registry, and what it asks for.

use std::time::Duration;

use url::Url;

use super::{
    address::authority,
    cache::Cache,
    challenge::{self, Challenge},
    failure::tidy,
    fault::{Cause, Fault},
    transport::{Answer, Call, Transport},
    trouble::Trouble,
};

/// How long what a ping found is taken for granted: an import of many tags pings once.
const KEEP: Duration = Duration::from_secs(120);

/// What a host answered.
#[derive(Debug, Clone)]
pub(super) struct Ping {
    /// `scheme://host/v2/`.
    pub base: Url,
    /// What it asks for.
    pub challenge: Challenge,
}

/// Pings by host and whether insecure.
pub(super) struct Pings {
    answers: Cache<(String, bool), Ping, Trouble>,
}

impl Pings {
    pub fn new() -> Self {
        Self {
            answers: Cache::new(),
        }
    }

    /// What the host answered within the last while, or answers now.
    pub async fn get(
        &self,
        transport: &Transport,
        host: &str,
        insecure: bool,
    ) -> Result<Ping, Trouble> {
        let key = (host.to_ascii_lowercase(), insecure);
        self.answers
            .get(&key, || async {
                let ping = ping(transport, host, insecure).await?;
                Ok((ping, KEEP))
            })
            .await
    }

    /// To be asked anew: the host behaves unlike its ping.
    pub fn forget(&self, host: &str, insecure: bool) {
        self.answers
            .forget(&(host.to_ascii_lowercase(), insecure), |_| true);
    }
}

async fn ping(transport: &Transport, host: &str, insecure: bool) -> Result<Ping, Trouble> {
    // What falls back to plain HTTP is not tried again first.
    match ask(transport, host, "https", insecure, !insecure).await {
        Err(Trouble::Fault(fault)) if insecure && fault.is_connection() => {
            match (ask(transport, host, "http", insecure, true).await, &fault) {
                // The port speaks TLS, if not with us: that says more than what it makes of plain HTTP.
                (
                    Err(Trouble::NotRegistry { .. }),
                    Fault::Exchange {
                        cause: Cause::Tls(_),
                        ..
                    },
                ) => Err(Trouble::Fault(fault)),
                (answer, _) => answer,
            }
        }
        done => done,
    }
}

async fn ask(
    transport: &Transport,
    host: &str,
    scheme: &str,
    insecure: bool,
    retry: bool,
) -> Result<Ping, Trouble> {
    let url = Url::parse(&format!("{scheme}://{host}/v2/"))
        .map_err(|_| Trouble::Malformed(format!("{host} is not a host name")))?;
    let call = Call {
        head: false,
        url,
        accept: "application/json, */*;q=0.1",
        authorization: None,
        cap: 64 << 10,
        streamed: None,
        insecure,
        retry,
    };
    let answer = match transport.send(&call).await {
        Ok(answer) => answer,
        Err(Fault::Exchange {
            cause: Cause::TooLarge(_),
            ..
        }) => {
            return Err(not_registry(&call, "its /v2/ is a large document"));
        }
        Err(fault) => return Err(fault.into()),
    };
    read(call, &answer)
}

fn read(call: Call, answer: &Answer) -> Result<Ping, Trouble> {
    let names_itself = answer.header("docker-distribution-api-version").is_some();
    let challenge = challenge::read(&answer.headers);
    match answer.status.as_u16() {
        401 if names_itself || challenge.is_some() => Ok(Ping {
            base: call.url,
            challenge: challenge.unwrap_or(Challenge::Open),
        }),
        200 if names_itself || is_json(&answer.body) => Ok(Ping {
            base: call.url,
            challenge: Challenge::Open,
        }),
        403 => Err(Trouble::Denied(answer.body.clone())),
        429 | 500..=599 => Err(Trouble::status(&call, answer)),
        _ => {
            let kind = answer.header("content-type").unwrap_or("no content type");
            Err(not_registry(
                &call,
                &format!("/v2/ answers {} ({})", answer.status, tidy(kind)),
            ))
        }
    }
}

fn not_registry(call: &Call, said: &str) -> Trouble {
    Trouble::NotRegistry {
        host: authority(&call.url),
        said: said.to_owned(),
    }
}

/// Registries answer `{}`, or nothing at all.
fn is_json(body: &[u8]) -> bool {
    body.is_empty()
        || serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
}
