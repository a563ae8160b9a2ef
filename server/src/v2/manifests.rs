//! `…/manifests/{reference}`: bytes untouched, with their digest, media type and a validator.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use engine::{
    Actor, Engine, Error, PushError, Target,
    upstream::{MANIFEST_CAP, RawManifest},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{Digest, StreamRef};

use super::{
    body::whole,
    error::{Code, Refusal},
    uploads::stored,
};

/// Says that what the manifest is attached to was understood.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// Answers GET and HEAD alike; the body of HEAD is left out later.
pub async fn pull(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    target: &Target,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let manifest = engine
        .pull_manifest(actor, stream, target)
        .await
        .map_err(|error| Refusal::from_engine(&error, Code::ManifestUnknown))?;
    if !accepted(headers, &manifest.media_type) {
        return Err(Refusal::new(
            Code::ManifestUnknown,
            format!(
                "{stream} has it as {}, which the client does not accept",
                manifest.media_type
            ),
        ));
    }
    let same = has(headers, &manifest.digest);
    Ok(answer(manifest, same))
}

/// Takes a manifest.
pub async fn push(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    target: &Target,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = whole(body, MANIFEST_CAP, "the manifest", Code::ManifestInvalid).await?;
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let pushed = engine
        .push_manifest(actor, stream, target, content_type, bytes)
        .await
        .map_err(Refusal::from_push)?;
    let location = format!("/v2/{stream}/manifests/{}", pushed.digest);
    let mut response = stored(&location, &pushed.digest);
    if let Some(subject) = pushed.subject
        && let Ok(value) = HeaderValue::from_str(subject.as_str())
    {
        response.headers_mut().insert(SUBJECT, value);
    }
    Ok(response)
}

/// Takes a manifest away.
pub async fn delete(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    target: &Target,
) -> Result<Response, Refusal> {
    match engine.delete_manifest(actor, stream, target).await {
        Ok(()) => Ok(StatusCode::ACCEPTED.into_response()),
        Err(PushError::Engine(error @ Error::NotFound(_))) => {
            Err(Refusal::from_engine(&error, Code::ManifestUnknown))
        }
        Err(error) => Err(Refusal::from_push(error)),
    }
}

/// Whether the client has these bytes, by the validator it sends.
pub fn has(headers: &HeaderMap, digest: &Digest) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag == digest.as_str())
}

fn answer(manifest: RawManifest, same: bool) -> Response {
    let digest = manifest.digest.to_string();
    let length = manifest.bytes.len();
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Body::from(manifest.bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if let Ok(value) = HeaderValue::from_str(&manifest.media_type) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        response
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (super::DIGEST, digest.clone()),
        (header::ETAG, format!("\"{digest}\"")),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// Whether the client takes this type. Who says nothing takes anything: `curl` and old tools.
fn accepted(headers: &HeaderMap, media_type: &str) -> bool {
    let mut wanted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|part| part.split(';').next().unwrap_or_default().trim())
        .filter(|kind| !kind.is_empty())
        .peekable();
    wanted.peek().is_none()
        || wanted.any(|kind| {
            matches!(kind, "*/*" | "application/*") || kind.eq_ignore_ascii_case(media_type)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_taken_when_named_or_when_anything_is() {
        const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
        const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
        for (lines, taken) in [
            (&[][..], true),
            (&["*/*"], true),
            (&["text/html, */*;q=0.1"], true),
            (&[OCI], true),
            (&[LIST, OCI], true),
            (
                &[
                    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json;q=0.5",
                ],
                true,
            ),
            (&[LIST], false),
            (&["text/html"], false),
        ] {
            let lines = lines
                .iter()
                .map(|line| (header::ACCEPT, HeaderValue::from_static(line)));
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(name, value);
            }
            assert_eq!(accepted(&headers, OCI), taken, "{headers:?}");
        }
    }
}
