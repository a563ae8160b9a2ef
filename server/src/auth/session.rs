//! Sessions: what one holds, how long it lives, and where it is kept.
//!
//! Only people who signed in have one. The database holds a hash of its id, so a copy of it opens nothing.

use std::{collections::HashMap, fmt, future::Future, pin::Pin};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Actor, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::{
        SameSite,
        time::{Duration, OffsetDateTime},
    },
    session::{self, Id, Record},
    session_store,
};

use crate::state::Site;

/// Unused so long, a session ends.
const IDLE: TimeDelta = TimeDelta::hours(12);

/// Used or not, a session ends.
const ABSOLUTE: TimeDelta = TimeDelta::days(7);

/// How often use is written down.
const TOUCH: TimeDelta = TimeDelta::minutes(5);

const KEY: &str = "signed-in";

/// What a session holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The user's id; the user is read from the database for every request.
    pub user: String,
    /// The token every form of this session carries.
    pub csrf: String,
    /// When the session began.
    pub since: DateTime<Utc>,
    /// When it was last used, to `TOUCH`.
    seen: DateTime<Utc>,
}

impl SignedIn {
    fn expires(&self) -> DateTime<Utc> {
        (self.seen + IDLE).min(self.since + ABSOLUTE)
    }
}

/// Begins a session for `actor` under a new id; whatever was there before ends.
///
/// # Errors
/// When the old one cannot be removed from the store.
pub async fn begin(
    session: &Session,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), session::Error> {
    session.clear().await;
    if session.id().is_some() {
        session.cycle_id().await?;
    }
    let signed_in = SignedIn {
        user: actor.id.clone(),
        csrf: engine::clock::secret::<32>(),
        since: now,
        seen: now,
    };
    write(session, &signed_in).await
}

/// What the request's session holds, if it still lives; notes that it was used.
///
/// # Errors
/// When the store does not answer.
pub async fn current(
    session: &Session,
    now: DateTime<Utc>,
) -> Result<Option<SignedIn>, session::Error> {
    if session.id().is_none() {
        return Ok(None);
    }
    // A session of another version of this program is as good as none.
    let stored = session.get_value(KEY).await?;
    let Some(mut signed_in) =
        stored.and_then(|value| serde_json::from_value::<SignedIn>(value).ok())
    else {
        return Ok(None);
    };
    if signed_in.expires() <= now {
        session.flush().await?;
        return Ok(None);
    }
    if now - signed_in.seen >= TOUCH {
        signed_in.seen = now;
        write(session, &signed_in).await?;
    }
    Ok(Some(signed_in))
}

async fn write(session: &Session, signed_in: &SignedIn) -> Result<(), session::Error> {
    session.insert(KEY, signed_in).await?;
    let expires = OffsetDateTime::from_unix_timestamp(signed_in.expires().timestamp());
    session.set_expiry(expires.ok().map(Expiry::AtDateTime));
    Ok(())
}

/// The layer that reads and writes the session cookie.
#[must_use]
pub fn layer(engine: Engine, site: &Site) -> SessionManagerLayer<EngineSessions> {
    SessionManagerLayer::new(EngineSessions { engine })
        .with_name(site.session_cookie())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(site.secure)
        .with_expiry(Expiry::OnInactivity(Duration::seconds(IDLE.num_seconds())))
}

/// Sessions kept by the engine.
#[derive(Clone)]
pub struct EngineSessions {
    engine: Engine,
}

impl fmt::Debug for EngineSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineSessions")
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = session_store::Result<T>> + Send + 'a>>;

// The trait's functions are async by way of boxes; written out, that is this.
impl SessionStore for EngineSessions {
    fn save<'a, 'b, 'c>(&'a self, record: &'b Record) -> Answer<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            let data = serde_json::to_string(&record.data)
                .map_err(|error| session_store::Error::Encode(error.to_string()))?;
            let expires = DateTime::from_timestamp(record.expiry_date.unix_timestamp(), 0)
                .ok_or_else(|| {
                    session_store::Error::Encode("an expiry no calendar has".to_owned())
                })?;
            self.engine
                .save_session(&stored_id(&record.id), &data, expires)
                .await
                .map_err(backend)
        })
    }

    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> Answer<'c, Option<Record>>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            let Some((data, expires)) = self
                .engine
                .load_session(&stored_id(id))
                .await
                .map_err(backend)?
            else {
                return Ok(None);
            };
            if expires <= self.engine.clock().now() {
                return Ok(None);
            }
            let data: HashMap<String, serde_json::Value> = serde_json::from_str(&data)
                .map_err(|error| session_store::Error::Decode(error.to_string()))?;
            let expiry_date = OffsetDateTime::from_unix_timestamp(expires.timestamp())
                .map_err(|error| session_store::Error::Decode(error.to_string()))?;
            Ok(Some(Record {
                id: *id,
                data,
                expiry_date,
            }))
        })
    }

    fn delete<'a, 'b, 'c>(&'a self, id: &'b Id) -> Answer<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(async move {
            self.engine
                .delete_session(&stored_id(id))
                .await
                .map_err(backend)
        })
    }
}

/// The id as the database knows it. Ids are random and long, so a plain hash is enough.
fn stored_id(id: &Id) -> String {
    format!("{:x}", Sha256::digest(id.0.to_le_bytes()))
}

fn backend(error: engine::Error) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}
