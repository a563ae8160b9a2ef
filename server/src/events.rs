//! `/events`: word of every change, as server-sent events, for pages that are open.
//!
//! An event's id is its journal number: a browser that lost the connection says the last one it saw in
//! `Last-Event-ID` and misses nothing. `?stream=NAMESPACE/NAME` narrows to one stream. Without a number it begins now.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{RawQuery, State},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use engine::{Actor, Engine};
use futures::{Stream, StreamExt, stream};
use http::{HeaderMap, StatusCode};
use model::StreamRef;
use tokio::{sync::watch, time::Instant};

use crate::{auth::visitor::Visitor, plain, state::AppState};

/// After this long the connection ends; the browser comes again and is asked anew who it is.
const LIFE: Duration = Duration::from_secs(600);
/// How often something is sent when nothing changes, so that proxies keep the connection.
const KEEP: Duration = Duration::from_secs(20);

/// The routes of this file.
pub fn routes() -> Router<AppState> {
    Router::new().route("/events", get(events))
}

async fn events(
    State(state): State<AppState>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(actor) = visitor.actor else {
        return (StatusCode::UNAUTHORIZED, "sign in first").into_response();
    };
    let query = query.unwrap_or_default();
    let value = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    let only = match value("stream").as_deref().map(|text| text.split_once('/')) {
        None => None,
        Some(Some((namespace, name))) if let Ok(stream) = StreamRef::parse(namespace, name) => {
            Some(stream)
        }
        Some(_) => {
            return plain::page(
                StatusCode::BAD_REQUEST,
                "That is no stream",
                "Write stream=NAMESPACE/NAME.",
                None,
            );
        }
    };
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned)
        .or_else(|| value("after"))
        .and_then(|id| id.parse().ok());
    let numbers = state.engine.journal_numbers();
    let after = match last {
        Some(number) => number,
        None => match state.engine.newest_number().await {
            Ok(number) => number,
            Err(error) => return crate::answer::json(&error),
        },
    };
    let told = Told {
        engine: state.engine,
        actor,
        only,
        after,
        numbers,
        until: Instant::now() + LIFE,
    };
    Sse::new(told.events())
        .keep_alive(KeepAlive::new().interval(KEEP))
        .into_response()
}

/// What one browser was told so far.
struct Told {
    engine: Engine,
    actor: Actor,
    only: Option<StreamRef>,
    /// The newest journal number it knows.
    after: i64,
    numbers: watch::Receiver<i64>,
    until: Instant,
}

impl Told {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut told| {
            let events = told.next().await?;
            Some((stream::iter(events.into_iter().map(Ok)), told))
        })
        .flatten()
    }

    /// Waits for changes this browser is to hear of; none when the connection is to end.
    async fn next(&mut self) -> Option<Vec<Event>> {
        let stop = self.engine.stopping();
        loop {
            // All that was committed up to this number can be read below.
            let newest = *self.numbers.borrow_and_update();
            let changed = match self.engine.changed_after(&self.actor, self.after).await {
                Ok(changed) => changed,
                Err(error) => {
                    tracing::warn!(%error, "could not read the journal for a page; it will ask again");
                    return None;
                }
            };
            if let Some((number, _)) = changed.last() {
                self.after = *number;
                let events: Vec<Event> = changed
                    .iter()
                    .filter(|(_, stream)| self.only.as_ref().is_none_or(|only| only == stream))
                    .map(|(number, stream)| {
                        Event::default()
                            .event("change")
                            .id(number.to_string())
                            .data(stream.to_string())
                    })
                    .collect();
                if !events.is_empty() {
                    return Some(events);
                }
                continue;
            }
            self.after = self.after.max(newest);
            let after = self.after;
            tokio::select! {
                newer = self.numbers.wait_for(|number| *number > after) => {
                    newer.ok()?;
                }
                () = tokio::time::sleep_until(self.until) => return None,
                () = stop.cancelled() => return None,
            }
        }
    }
}
