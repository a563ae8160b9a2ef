//! The registry's HTTP side: one handler, the parts of the distribution specification that a puller needs.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LINK, LOCATION, RANGE, WWW_AUTHENTICATE,
        },
        request::Parts,
    },
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{StreamExt, stream};
use model::Digest;
use serde_json::{Value, json};
use url::Url;

use super::{
    Auth, Seen, State,
    content::sha256,
    faults::{self, Fault, Route},
};

const HUGE: usize = 50 << 20;
const CHUNK: usize = 64 << 10;
const JSON: &str = "application/json";
const BLOB: &str = "application/octet-stream";

/// The service.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new().fallback(move |request: Request| {
        let state = state.clone();
        async move { answer(&state, &request.into_parts().0).await }
    })
}

/// What a path asks for.
struct Asked<'a> {
    route: Route,
    repository: &'a str,
    name: &'a str,
}

fn asked(path: &str) -> Asked<'_> {
    let asked = |route, repository, name| Asked {
        route,
        repository,
        name,
    };
    if path == "/token" {
        return asked(Route::Token, "", "");
    }
    let Some(rest) = path.strip_prefix("/v2/") else {
        return asked(Route::Any, "", "");
    };
    if rest.is_empty() {
        return asked(Route::Ping, "", "");
    }
    if let Some(repository) = rest.strip_suffix("/tags/list") {
        return asked(Route::Tags, repository, "");
    }
    if let Some((repository, name)) = rest.rsplit_once("/manifests/") {
        return asked(Route::Manifest, repository, name);
    }
    if let Some((repository, name)) = rest.rsplit_once("/blobs/") {
        return asked(Route::Blob, repository, name);
    }
    asked(Route::Any, "", "")
}

async fn answer(state: &Arc<State>, request: &Parts) -> Response {
    let uri = &request.uri;
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let asked = asked(uri.path());
    let fault = note(state, request, path, asked.route);
    if let Some(fault) = &fault
        && let Some(response) = instead(state, fault, path).await
    {
        return response;
    }
    if asked.route == Route::Token {
        return token(state, &request.headers, path);
    }
    if let Some(refusal) = refuse(state, &request.headers, asked.repository) {
        return refusal;
    }
    let response = match asked.route {
        Route::Ping => plain(StatusCode::OK, JSON, "{}"),
        Route::Tags => tags(state, asked.repository, path),
        Route::Manifest => manifest(state, asked.repository, asked.name),
        Route::Blob => blob(state, asked.repository, asked.name, &request.headers),
        Route::Token | Route::Any => error(StatusCode::NOT_FOUND, "NOT_FOUND"),
    };
    let response = match fault {
        Some(fault) => spoil(state, response, &fault).await,
        None => response,
    };
    if request.method == Method::HEAD {
        let (mut parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .unwrap_or_default();
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        return Response::from_parts(parts, Body::empty());
    }
    response
}

/// Writes the request down and says which fault strikes it.
fn note(state: &State, request: &Parts, path: &str, route: Route) -> Option<Fault> {
    let mut inner = state.inner();
    inner.seen.push(Seen {
        method: request.method.to_string(),
        path: path.to_owned(),
        route,
        authorization: text(&request.headers, AUTHORIZATION.as_str()),
        range: text(&request.headers, RANGE.as_str()),
    });
    faults::strike(&mut inner.faults, route)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The answer of faults that replace the right one.
async fn instead(state: &Arc<State>, fault: &Fault, path: &str) -> Option<Response> {
    Some(match fault {
        Fault::Status(status) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::IM_A_TEAPOT);
            error(status, "TEST_FAULT")
        }
        Fault::RateLimited(seconds) => with(
            error(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            "retry-after",
            &seconds.to_string(),
        ),
        Fault::Huge => huge(state, false),
        Fault::HugeAnnounced => huge(state, true),
        Fault::Body(media_type, bytes) => with(
            plain(StatusCode::OK, media_type, bytes.clone()),
            "docker-content-digest",
            sha256(bytes).as_str(),
        ),
        Fault::EndlessTags => {
            let number = state.inner().seen.len();
            let tags: Vec<String> = (0..100)
                .map(|tag| format!("endless-{number}-{tag}"))
                .collect();
            list(&tags, Some(&format!("/v2/x/tags/list?last={number}")))
        }
        Fault::RepeatedTags => list(&["again".to_owned()], Some(path)),
        Fault::NextPage(url) => list(&["first".to_owned()], Some(url)),
        Fault::Realm(realm) => challenge(&format!("Bearer realm=\"{realm}\",service=\"test\"")),
        Fault::Redirect(url) => with(
            plain(StatusCode::TEMPORARY_REDIRECT, JSON, ""),
            LOCATION.as_str(),
            &url.replace("{path}", path),
        ),
        Fault::Hang | Fault::HangThen(_) => {
            state.hanging.send_modify(|hanging| *hanging += 1);
            // The sender lives in the state.
            let _ = state
                .released
                .subscribe()
                .wait_for(|released| *released)
                .await;
            let Fault::HangThen(status) = fault else {
                return None;
            };
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::IM_A_TEAPOT);
            error(status, "TEST_FAULT")
        }
        Fault::WebSite => {
            let mut page = plain(StatusCode::OK, "text/html", "<h1>Welcome</h1>");
            page.headers_mut().remove("docker-distribution-api-version");
            page
        }
        Fault::WrongBytes
        | Fault::WrongDigestHeader
        | Fault::NoDigestHeader
        | Fault::Truncated
        | Fault::CutAfter(_)
        | Fault::Stall
        | Fault::Longer
        | Fault::Shorter => {
            return None;
        }
    })
}

/// Faults of the right answer.
async fn spoil(state: &State, response: Response, fault: &Fault) -> Response {
    let (mut parts, body) = response.into_parts();
    let mut bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .unwrap_or_default()
        .to_vec();
    match fault {
        Fault::WrongBytes => {
            // The last byte of a manifest or config is a brace: a space before it keeps neither digest nor length
            // rules happy by accident, so a digit inside is changed.
            if let Some(byte) = bytes.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
                *byte = if *byte == b'1' { b'2' } else { b'1' };
            }
        }
        Fault::WrongDigestHeader => {
            let wrong = sha256(b"something else");
            if let Ok(value) = HeaderValue::from_str(wrong.as_str()) {
                parts.headers.insert("docker-content-digest", value);
            }
        }
        Fault::NoDigestHeader => {
            parts.headers.remove("docker-content-digest");
        }
        Fault::Longer => bytes.push(b'x'),
        Fault::Shorter => {
            bytes.pop();
        }
        Fault::Stall => {
            parts
                .headers
                .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            let rest = Bytes::from(bytes.split_off(bytes.len() / 2));
            let mut released = state.released.subscribe();
            let rest = stream::once(async move {
                // An error means the test is over.
                let _ = released.wait_for(|released| *released).await;
                Ok::<_, Infallible>(rest)
            });
            let first = stream::iter([Ok(Bytes::from(bytes))]);
            state.hanging.send_modify(|hanging| *hanging += 1);
            return Response::from_parts(parts, Body::from_stream(first.chain(rest)));
        }
        Fault::Truncated | Fault::CutAfter(_) => {
            let keep = match fault {
                Fault::CutAfter(keep) => *keep,
                _ => bytes.len() / 2,
            };
            parts
                .headers
                .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            bytes.truncate(keep);
            let broken = std::io::Error::other("broken on purpose");
            let body = Body::from_stream(stream::iter([Ok(Bytes::from(bytes)), Err(broken)]));
            return Response::from_parts(parts, body);
        }
        _ => {}
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// A 401, unless the request may pull.
fn refuse(state: &State, headers: &HeaderMap, repository: &str) -> Option<Response> {
    let given = text(headers, AUTHORIZATION.as_str());
    match &state.auth {
        Auth::Open => None,
        Auth::Basic(user, password) => {
            (given != Some(basic(user, password))).then(|| challenge("Basic realm=\"test\""))
        }
        Auth::Bearer(_) | Auth::Public(..) => {
            let inner = state.inner();
            let scope = given
                .as_deref()
                .and_then(|given| inner.tokens.get(given.strip_prefix("Bearer ")?));
            let wanted = format!("repository:{repository}:pull");
            if scope.is_some_and(|scope| repository.is_empty() || *scope == wanted) {
                return None;
            }
            Some(challenge(&format!(
                "Bearer realm=\"{}/token\",service=\"test\",scope=\"{wanted}\"",
                state.origin
            )))
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{user}:{password}"))
    )
}

fn token(state: &State, headers: &HeaderMap, path: &str) -> Response {
    let given = text(headers, AUTHORIZATION.as_str());
    let allowed = match &state.auth {
        Auth::Bearer(Some((user, password))) => given == Some(basic(user, password)),
        Auth::Bearer(None) => true,
        Auth::Public(user, password) => given.is_none_or(|given| given == basic(user, password)),
        _ => false,
    };
    if !allowed {
        return error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED");
    }
    let scope = Url::parse(&format!("{}{path}", state.origin))
        .ok()
        .and_then(|url| {
            let (_, scope) = url.query_pairs().find(|(name, _)| name == "scope")?;
            Some(scope.into_owned())
        });
    let mut inner = state.inner();
    inner.tokens_issued += 1;
    let token = format!("token-{}", inner.tokens_issued);
    inner
        .tokens
        .insert(token.clone(), scope.unwrap_or_default());
    let mut body = json!({"token": token});
    if let Some(life) = state.token_life {
        body["expires_in"] = life.into();
    }
    plain(StatusCode::OK, JSON, body.to_string())
}

fn tags(state: &State, repository: &str, path: &str) -> Response {
    let inner = state.inner();
    let Some(stored) = inner.repositories.get(repository) else {
        return error(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
    };
    let last = Url::parse(&format!("{}{path}", state.origin))
        .ok()
        .and_then(|url| {
            let (_, last) = url.query_pairs().find(|(name, _)| name == "last")?;
            Some(last.into_owned())
        });
    let all = stored
        .tags
        .keys()
        .filter(|tag| last.as_ref().is_none_or(|last| *tag > last));
    let Some(size) = state.page else {
        return list(&all.cloned().collect::<Vec<_>>(), None);
    };
    let mut page: Vec<String> = all.take(size + 1).cloned().collect();
    let more = page.len() > size;
    page.truncate(size);
    let next = page
        .last()
        .map(|last| format!("/v2/{repository}/tags/list?last={last}&n={size}"));
    list(&page, next.as_deref().filter(|_| more))
}

fn list(tags: &[String], next: Option<&str>) -> Response {
    let response = plain(
        StatusCode::OK,
        JSON,
        json!({"name": "x", "tags": tags}).to_string(),
    );
    match next {
        Some(next) => with(response, LINK.as_str(), &format!("<{next}>; rel=\"next\"")),
        None => response,
    }
}

fn manifest(state: &State, repository: &str, name: &str) -> Response {
    let inner = state.inner();
    let Some(stored) = inner.repositories.get(repository) else {
        return error(StatusCode::NOT_FOUND, "NAME_UNKNOWN");
    };
    let digest = stored
        .tags
        .get(name)
        .map(|tag| tag.digest.clone())
        .or_else(|| name.parse::<Digest>().ok());
    let found = digest.and_then(|digest| {
        let (media_type, bytes) = stored.manifests.get(&digest)?;
        Some(with(
            plain(StatusCode::OK, media_type, bytes.clone()),
            "docker-content-digest",
            digest.as_str(),
        ))
    });
    found.unwrap_or_else(|| error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"))
}

fn blob(state: &State, repository: &str, name: &str, headers: &HeaderMap) -> Response {
    let inner = state.inner();
    let found = name.parse::<Digest>().ok().and_then(|digest| {
        let bytes = inner.repositories.get(repository)?.blobs.get(&digest)?;
        let asked = text(headers, "range").and_then(|range| part(&range, bytes.len()));
        let response = match asked {
            Some((from, end)) if from < end => with(
                plain(StatusCode::PARTIAL_CONTENT, BLOB, bytes.slice(from..end)),
                "content-range",
                &format!("bytes {from}-{}/{}", end - 1, bytes.len()),
            ),
            Some(_) => error(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID"),
            None => plain(StatusCode::OK, BLOB, bytes.clone()),
        };
        Some(with(response, "docker-content-digest", digest.as_str()))
    });
    found.unwrap_or_else(|| error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN"))
}

/// First byte and the one after the last that a `Range` header asks for, of so many.
fn part(range: &str, size: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.parse().ok(), last.parse::<usize>().ok());
    match (first, last) {
        (Some(first), last) => Some((first, last.map_or(size, |last| size.min(last + 1)))),
        (None, Some(count)) => Some((size.saturating_sub(count), size)),
        (None, None) => None,
    }
}

/// 50 MiB of white space, counted as it is taken.
fn huge(state: &Arc<State>, announced: bool) -> Response {
    let state = state.clone();
    let chunks = (0..HUGE / CHUNK).map(move |_| {
        state.inner().body_bytes += CHUNK;
        Ok::<_, Infallible>(Bytes::from_static(&[b' '; CHUNK]))
    });
    let mut response = plain(StatusCode::OK, JSON, "");
    if announced {
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(HUGE));
    }
    *response.body_mut() = Body::from_stream(stream::iter(chunks));
    response
}

fn challenge(text: &str) -> Response {
    with(
        error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        WWW_AUTHENTICATE.as_str(),
        text,
    )
}

fn error(status: StatusCode, code: &str) -> Response {
    let body: Value = json!({"errors": [{"code": code, "message": format!("test says {status}")}]});
    plain(status, JSON, body.to_string())
}

fn plain(status: StatusCode, media_type: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let response = with(response, CONTENT_TYPE.as_str(), media_type);
    with(response, "docker-distribution-api-version", "registry/2.0")
}

fn with(mut response: Response, name: &'static str, value: &str) -> Response {
    let value = HeaderValue::from_str(value)
        .unwrap_or_else(|error| panic!("header {name}: {value}: {error}"));
    response.headers_mut().insert(name, value);
    response
}
