//! `/extensions/v2/…/signatures/{digest}`: signatures of an image, as clients of OpenShift's registry list and add them.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use engine::{
    Actor, Engine, Error,
    rules::signature::{Brought, MOST_BYTES},
};
use http::StatusCode;
use model::{Digest, StreamRef};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body::whole,
    error::{Code, Refusal},
};

/// The version of their form.
const VERSION: u64 = 2;

/// One, as it is sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    schema_version: u64,
    name: String,
    #[serde(default)]
    r#type: String,
    content: String,
}

/// All of an image.
pub async fn list(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    digest: &Digest,
) -> Result<Response, Refusal> {
    let found = engine.signatures(actor, stream, digest).await;
    let signatures: Vec<Value> = found
        .map_err(|error| Refusal::from_engine(&error, Code::ManifestUnknown))?
        .into_iter()
        .map(|one| {
            json!({
                "schemaVersion": VERSION,
                "name": one.full_name(digest),
                "type": one.kind,
                "content": one.content,
            })
        })
        .collect();
    Ok(Json(json!({ "signatures": signatures })).into_response())
}

/// Adds one.
pub async fn put(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    digest: &Digest,
    body: Body,
) -> Result<Response, Refusal> {
    // Before the body: somebody who may not is told so, whatever they send.
    actor
        .may_write(&stream.namespace)
        .map_err(|error| refused(&error))?;
    let sent = read(body).await?;
    let brought = Brought {
        name: sent.name,
        kind: sent.r#type,
        content: sent.content,
    };
    engine
        .sign(actor, stream, digest, brought)
        .await
        .map_err(|error| refused(&error))?;
    Ok(StatusCode::CREATED.into_response())
}

async fn read(body: Body) -> Result<Sent, Refusal> {
    let invalid = |message: String| Refusal::new(Code::SignatureInvalid, message);
    let bytes = whole(body, MOST_BYTES, "the signature", Code::SignatureInvalid).await?;
    let sent: Sent = serde_json::from_slice(&bytes).map_err(|error| {
        invalid(format!(
            "the signature is not in the form it has here: {error}"
        ))
    })?;
    match sent.schema_version {
        VERSION => Ok(sent),
        other => Err(invalid(format!(
            "the signature has schemaVersion {other}; only {VERSION} is taken"
        ))),
    }
}

fn refused(error: &Error) -> Refusal {
    let code = match error {
        Error::Invalid {
            field: "signatures",
            ..
        } => Code::Refused,
        Error::Invalid { .. } => Code::SignatureInvalid,
        Error::Conflict(_) => Code::SignatureExists,
        other => return Refusal::from_engine(other, Code::ManifestUnknown),
    };
    Refusal::new(code, error.to_string())
}
