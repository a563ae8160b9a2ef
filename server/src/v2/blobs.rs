//! `…/blobs/{digest}`: the bytes, or a part of them, as they come from the engine.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use engine::{Actor, Engine, Error, PushError, Range};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{Digest, StreamRef};

use super::{
    error::{Code, Refusal},
    manifests::has,
};

/// Sends a blob.
pub async fn pull(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    digest: &Digest,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    if has(headers, digest) {
        // Whether the client may know that it is there is still asked.
        engine
            .blob_head(actor, stream, digest)
            .await
            .map_err(refused)?;
        return Ok(described(
            StatusCode::NOT_MODIFIED,
            digest,
            None,
            Body::empty(),
        ));
    }
    let range = range(headers);
    let blob = engine
        .pull_blob(actor, stream, digest, range)
        .await
        .map_err(refused)?;
    let (start, end) = blob.range;
    let body = Body::from_stream(blob.body);
    let length = Some(end.saturating_sub(start));
    if range.is_none() {
        return Ok(described(StatusCode::OK, digest, length, body));
    }
    let mut response = described(StatusCode::PARTIAL_CONTENT, digest, length, body);
    let part = format!("bytes {start}-{}/{}", end.saturating_sub(1), blob.size);
    insert(&mut response, header::CONTENT_RANGE, &part);
    Ok(response)
}

/// Describes a blob.
pub async fn head(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    digest: &Digest,
) -> Result<Response, Refusal> {
    let size = engine
        .blob_head(actor, stream, digest)
        .await
        .map_err(refused)?;
    Ok(described(StatusCode::OK, digest, Some(size), Body::empty()))
}

/// Takes a blob of its own away from a stream.
pub async fn delete(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    digest: &Digest,
) -> Result<Response, Refusal> {
    match engine.unlink_blob(actor, stream, digest).await {
        Ok(()) => Ok(StatusCode::ACCEPTED.into_response()),
        Err(PushError::Engine(error @ Error::NotFound(_))) => {
            Err(Refusal::from_engine(&error, Code::BlobUnknown))
        }
        Err(error) => Err(Refusal::from_push(error)),
    }
}

/// Removes the stored bytes of a blob, whoever has it.
pub async fn remove(engine: &Engine, actor: &Actor, digest: &Digest) -> Result<Response, Refusal> {
    engine.remove_stored(actor, digest).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn refused(error: Error) -> Refusal {
    match error {
        Error::Invalid {
            field: "range",
            message,
        } => Refusal::new(Code::RangeInvalid, message),
        other => Refusal::from_engine(&other, Code::BlobUnknown),
    }
}

fn described(status: StatusCode, digest: &Digest, length: Option<u64>, body: Body) -> Response {
    let mut response = (status, body).into_response();
    insert(&mut response, super::DIGEST, digest.as_str());
    insert(&mut response, header::ETAG, &format!("\"{digest}\""));
    insert(&mut response, header::ACCEPT_RANGES, "bytes");
    insert(
        &mut response,
        header::CONTENT_TYPE,
        "application/octet-stream",
    );
    if let Some(length) = length {
        insert(&mut response, header::CONTENT_LENGTH, &length.to_string());
    }
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The one range asked for; whether there are such bytes is the engine's to say. What is none of ours (other units, several ranges, nonsense) is left out, as HTTP allows:
/// the whole is sent then.
fn range(headers: &HeaderMap) -> Option<Range> {
    let text = headers.get(header::RANGE)?.to_str().ok()?;
    let (first, last) = text.trim().strip_prefix("bytes=")?.trim().split_once('-')?;
    if first.is_empty() {
        return number(last).map(Range::Last);
    }
    let first = number(first)?;
    let last = match last {
        "" => None,
        last => Some(number(last)?),
    };
    Some(Range::From(first, last))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // More than fits is past the end of any blob.
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_read_and_everything_else_is_the_whole() {
        for (text, expected) in [
            ("bytes=0-4", Some(Range::From(0, Some(4)))),
            ("bytes=7-", Some(Range::From(7, None))),
            ("bytes=-5", Some(Range::Last(5))),
            (
                "bytes=0-99999999999999999999999",
                Some(Range::From(0, Some(u64::MAX))),
            ),
            ("bytes=4-2", Some(Range::From(4, Some(2)))),
            ("bytes=0-1,3-4", None),
            ("bytes=", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("lines=0-4", None),
            ("0-4", None),
        ] {
            let headers =
                HeaderMap::from_iter([(header::RANGE, HeaderValue::from_str(text).unwrap())]);
            assert_eq!(range(&headers), expected, "{text}");
        }
        assert_eq!(range(&HeaderMap::new()), None);
    }
}
