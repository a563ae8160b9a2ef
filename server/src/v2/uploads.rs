//! `…/blobs/uploads/`: blobs come in one request, or in several that go on where the last one ended.

use std::io;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use engine::{Actor, Engine, PushError, Taken};
use futures::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{Digest, StreamRef};

use super::{
    error::{Code, Refusal},
    names,
};

const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// `POST`: begins an upload, takes a whole blob, or takes one over from another stream.
pub async fn begin(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    from: Option<&StreamRef>,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    if let (Some(mount), Some(from)) = (names::value(query, "mount"), from) {
        let digest = names::digest(&mount)?;
        let mounted = engine.mount_blob(actor, stream, &digest, from).await;
        if mounted.map_err(|error| refused(stream, error.into()))? {
            return Ok(created(stream, &digest));
        }
    }
    let whole = names::value(query, "digest")
        .map(|text| names::digest(&text))
        .transpose()?;
    let begun = engine.begin_upload(actor, stream).await;
    let begun = begun.map_err(|error| refused(stream, error.into()))?;
    let Some(digest) = whole else {
        return Ok(accepted(stream, &begun));
    };
    let done = async {
        extend(engine, actor, stream, &begun.id, headers, body).await?;
        engine
            .finish_upload(actor, stream, &begun.id, &digest)
            .await
    };
    match done.await {
        Ok(_) => Ok(created(stream, &digest)),
        Err(error) => {
            // Nobody knows its name to go on with it.
            let _ = engine.cancel_upload(actor, stream, &begun.id).await;
            Err(refused(stream, error))
        }
    }
}

/// `PATCH`: the next bytes.
pub async fn patch(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    match extend(engine, actor, stream, id, headers, body).await {
        Ok(taken) => Ok(accepted(stream, &taken)),
        Err(error) => Err(refused(stream, error)),
    }
}

/// `PUT`: the last bytes, if there are more, and what all of them are.
pub async fn finish(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    id: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let Some(digest) = names::value(query, "digest") else {
        return Err(Refusal::new(
            Code::DigestInvalid,
            "say in the query which digest the upload has",
        ));
    };
    let digest = names::digest(&digest)?;
    let done = async {
        extend(engine, actor, stream, id, headers, body).await?;
        engine.finish_upload(actor, stream, id, &digest).await
    };
    match done.await {
        Ok(_) => Ok(created(stream, &digest)),
        Err(error) => Err(refused(stream, error)),
    }
}

/// `GET`: how far it is.
pub async fn status(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    id: &str,
) -> Result<Response, Refusal> {
    let taken = engine.upload(actor, stream, id).await;
    let taken = taken.map_err(|error| refused(stream, error))?;
    Ok(with_place(
        StatusCode::NO_CONTENT.into_response(),
        stream,
        &taken,
    ))
}

/// `DELETE`: gives it up.
pub async fn cancel(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    id: &str,
) -> Result<Response, Refusal> {
    let cancelled = engine.cancel_upload(actor, stream, id).await;
    cancelled.map_err(|error| refused(stream, error))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn extend(
    engine: &Engine,
    actor: &Actor,
    stream: &StreamRef,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Taken, PushError> {
    let (start, said) = match headers.get(header::CONTENT_RANGE) {
        None => (None, None),
        Some(text) => {
            let range = text.to_str().ok().and_then(content_range);
            let (first, last) = range.ok_or_else(|| {
                PushError::WrongSize("Content-Range is not <first>-<last byte>".to_owned())
            })?;
            (Some(first), Some(last - first + 1))
        }
    };
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|text| text.to_str().ok()?.parse::<u64>().ok())
        .or(said);
    if said.is_some_and(|said| Some(said) != length) {
        return Err(PushError::WrongSize(
            "Content-Length is another than Content-Range says".to_owned(),
        ));
    }
    let body = body.into_data_stream().map_err(io::Error::other);
    engine
        .extend_upload(actor, stream, id, start, length, body)
        .await
}

/// First and last byte, as `0-99` or `bytes 0-99/100`.
fn content_range(text: &str) -> Option<(u64, u64)> {
    let text = text.trim();
    let text = text.strip_prefix("bytes").unwrap_or(text);
    let text = text.trim_start_matches([' ', '=']);
    let (range, _) = text.split_once('/').unwrap_or((text, ""));
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    // The last byte there can be has none after it.
    (first <= last && last < u64::MAX).then_some((first, last))
}

/// What the engine refused, with where the client may go on if it may.
pub fn refused(stream: &StreamRef, error: PushError) -> Refusal {
    if let PushError::OutOfOrder(taken) = &error {
        let place = place(stream, taken);
        return Refusal::new(Code::RangeInvalid, error.to_string()).with(place);
    }
    Refusal::from_push(error)
}

fn place(stream: &StreamRef, taken: &Taken) -> Vec<(HeaderName, String)> {
    vec![
        (
            header::LOCATION,
            format!("/v2/{stream}/blobs/uploads/{}", taken.id),
        ),
        (header::RANGE, format!("0-{}", taken.size.saturating_sub(1))),
        (UPLOAD, taken.id.clone()),
    ]
}

fn with_place(mut response: Response, stream: &StreamRef, taken: &Taken) -> Response {
    for (name, value) in place(stream, taken) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn accepted(stream: &StreamRef, taken: &Taken) -> Response {
    with_place(StatusCode::ACCEPTED.into_response(), stream, taken)
}

fn created(stream: &StreamRef, digest: &Digest) -> Response {
    stored(&format!("/v2/{stream}/blobs/{digest}"), digest)
}

/// `201`, with where it is now.
pub fn stored(location: &str, digest: &Digest) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    for (name, value) in [
        (header::LOCATION, location),
        (super::DIGEST, digest.as_str()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_two_bytes_in_order() {
        for (text, range) in [
            ("0-99", Some((0, 99))),
            ("bytes 0-99/100", Some((0, 99))),
            ("bytes=5-5/*", Some((5, 5))),
            ("5-4", None),
            ("0-18446744073709551615", None),
            ("5-", None),
            ("-5", None),
            ("a-b", None),
            ("", None),
        ] {
            assert_eq!(content_range(text), range, "{text}");
        }
    }
}
