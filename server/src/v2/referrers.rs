//! `…/referrers/{digest}`: what is attached to an image (signatures, lists of parts, …), as an index.

use axum::response::{IntoResponse, Response};
use engine::{Actor, Engine};
use http::{HeaderName, HeaderValue, header};
use model::{Digest, StreamRef};
use serde_json::{Value, json};

use super::{
    error::{Code, Refusal},
    names,
    paging::Wanted,
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

/// One page.
pub async fn list(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    subject: &Digest,
    query: Option<&str>,
) -> Result<Response, Refusal> {
    let wanted = Wanted::parse(query)?;
    let kind = names::value(query, "artifactType").unwrap_or_default();
    let (found, more) = engine
        .referrers(actor, stream, subject, &kind, &wanted.last, wanted.n)
        .await
        .map_err(|error| Refusal::from_engine(&error, Code::NameUnknown))?;
    let next = found
        .last()
        .filter(|_| more)
        .map(|one| one.digest.to_string());
    let manifests: Vec<Value> = found
        .into_iter()
        .map(|one| {
            let mut entry = json!({
                "mediaType": one.media_type,
                "digest": one.digest.as_str(),
                "size": one.size,
            });
            if !one.artifact_type.is_empty() {
                entry["artifactType"] = one.artifact_type.into();
            }
            if !one.annotations.is_empty() {
                entry["annotations"] = json!(one.annotations);
            }
            entry
        })
        .collect();
    let body = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    let mut path = format!("/v2/{stream}/referrers/{subject}");
    if !kind.is_empty() {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("artifactType", &kind)
            .finish();
        path = format!("{path}?{query}");
    }
    let mut response = wanted.answer(&path, body, next).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(INDEX));
    if !kind.is_empty() {
        headers.insert(FILTERS, HeaderValue::from_static("artifactType"));
    }
    Ok(response)
}
