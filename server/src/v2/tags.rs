//! `…/tags/list`: the tags of a stream that have an image, in the order of their bytes.

use axum::response::Response;
use engine::{Actor, Engine};
use model::StreamRef;
use serde_json::json;

use super::{
    error::{Code, Refusal},
    paging::Wanted,
};

/// One page.
pub async fn list(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    query: Option<&str>,
) -> Result<Response, Refusal> {
    let wanted = Wanted::parse(query)?;
    let found = engine
        .registry_tags(actor, stream, &wanted.last, wanted.fetch())
        .await
        .map_err(|error| Refusal::from_engine(&error, Code::NameUnknown))?;
    let mut tags: Vec<String> = found.iter().map(ToString::to_string).collect();
    let next = wanted.cut(&mut tags);
    let body = json!({ "name": stream.to_string(), "tags": tags });
    Ok(wanted.answer(&format!("/v2/{stream}/tags/list"), body, next))
}
