//! `/v2/_catalog`: the streams there are, by namespace and name.

use axum::response::Response;
use engine::{Actor, Engine};
use serde_json::json;

use super::{
    error::{Code, Refusal},
    paging::Wanted,
};

/// One page.
pub async fn list(
    engine: &Engine,
    actor: &Actor,
    query: Option<&str>,
) -> Result<Response, Refusal> {
    let wanted = Wanted::parse(query)?;
    let found = engine
        .registry_catalog(actor, &wanted.last, wanted.fetch())
        .await
        .map_err(|error| Refusal::from_engine(&error, Code::NameUnknown))?;
    let mut names: Vec<String> = found.iter().map(ToString::to_string).collect();
    let next = wanted.cut(&mut names);
    Ok(wanted.answer("/v2/_catalog", json!({ "repositories": names }), next))
}
