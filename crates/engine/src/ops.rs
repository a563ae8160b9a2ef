//! The use cases: load, ask a rule, apply. Each takes the [`Actor`](crate::Actor) and authorises on what it loaded.

mod accounts;
mod allowed;
mod bulk;
mod credentials;
mod definitions;
mod describe;
mod edits;
mod freshness;
mod graph;
mod images;
mod import_images;
mod imports;
mod insecure;
mod jobs;
mod journal;
mod measures;
mod mirror;
mod namespaces;
mod naming;
mod past;
mod pull;
mod push;
mod registry_lists;
mod retries;
mod signatures;
mod stored;
mod streams;
mod tags;
mod tokens;

pub use bulk::{BulkDone, PlannedBulk};
pub use definitions::Draft;
pub use edits::Edited;
pub(crate) use imports::{MOST_TAGS, more_listed, none_fits, usable};
use model::{Plan, StreamRef, TagName};
pub use naming::StaleTag;
pub use pull::Target;
pub(crate) use pull::{Fetch, not_fetched, only_here};
pub use push::PushedManifest;
use sha2::{Digest as _, Sha256};
pub use tokens::NewToken;

use crate::{
    Error, Result,
    rules::Refusal,
    store::{StreamRecord, Tx},
};

/// A plan and the token that confirms exactly this plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What would happen.
    pub plan: Plan,
    /// Travels in the form; a different plan has a different token.
    pub token: String,
}

impl Planned {
    fn new(plan: Plan) -> Result<Self> {
        let token = token(&plan)?;
        Ok(Self { plan, token })
    }

    /// The plan, if it is the one that was confirmed.
    fn confirmed(self, token: &str) -> Result<Plan> {
        if self.token == token {
            return Ok(self.plan);
        }
        Err(Error::Conflict(format!(
            "{} has changed since the preview; look at the new preview and confirm again",
            self.plan.stream
        )))
    }
}

/// What a request would do to several streams, and the token that confirms exactly this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAll {
    /// A plan a stream.
    pub plans: Vec<Plan>,
    /// Travels in the form.
    pub token: String,
}

impl PlannedAll {
    fn new(plans: Vec<Plan>) -> Result<Self> {
        let tokens = plans.iter().map(token).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            plans,
            token: short_hash(&tokens.join("-")),
        })
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plans.iter().all(Plan::is_empty)
    }
}

/// Identifies what a plan does. Generations and times are left out: they move when something unrelated does.
fn token(plan: &Plan) -> Result<String> {
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                map.remove("generation");
                map.remove("since");
                map.values_mut().for_each(strip);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value =
        serde_json::to_value((&plan.stream, &plan.changes)).map_err(|error| Error::Internal {
            doing: "naming a plan",
            source: Box::new(error),
        })?;
    strip(&mut value);
    Ok(short_hash(&value.to_string()))
}

fn short_hash(text: &str) -> String {
    format!("{:.32x}", Sha256::digest(text.as_bytes()))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Invalid {
            field: refusal.field,
            message: refusal.message,
        }
    }
}

/// Loads a stream or says it is not there.
async fn load_stream(tx: &mut Tx, stream: &StreamRef) -> Result<StreamRecord> {
    tx.stream(stream).await?.ok_or_else(|| no_stream(stream))
}

/// Loads a stream under its lock: what others wrote while the lock was waited for is in it.
async fn locked_stream(tx: &mut Tx, stream: &StreamRef) -> Result<StreamRecord> {
    let record = load_stream(tx, stream).await?;
    tx.lock_stream(&record.id).await?;
    load_stream(tx, stream).await
}

fn no_tag(stream: &StreamRef, tag: &TagName) -> Error {
    Error::NotFound(format!("{stream} has no tag {tag}"))
}

fn no_stream(stream: &StreamRef) -> Error {
    Error::NotFound(format!("there is no stream {stream}"))
}
