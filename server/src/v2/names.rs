//! From a path below `/v2/`, or one of the few beside it, to what is asked for. Names are `namespace/stream`; each part is
//! decoded once.

use engine::Target;
use http::Method;
use model::{Digest, StreamRef, TagName};

use super::error::{Code, Refusal};

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/v2/`
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `…/tags/list`
    Tags(StreamRef),
    /// `…/manifests/{reference}`
    Manifest(StreamRef, Target),
    /// `…/blobs/{digest}`
    Blob(StreamRef, Digest),
    /// `…/blobs/uploads/`, with the repository of a mount.
    Uploads(StreamRef, Option<StreamRef>),
    /// `…/blobs/uploads/{id}`
    Upload(StreamRef, String),
    /// `…/referrers/{digest}`
    Referrers(StreamRef, Digest),
    /// `/extensions/v2/…/signatures/{digest}`
    Signatures(StreamRef, Digest),
    /// `/admin/blobs/{digest}`: the bytes themselves, whoever has them.
    Stored(Digest),
}

impl Route {
    /// What a token would have to be good for, in the words of docker's token protocol.
    pub fn scope(&self, method: &Method) -> Option<String> {
        let (stream, from) = match self {
            // No repository's: tokens of no scope open it.
            Self::Base | Self::Stored(_) => return None,
            Self::Catalog => return Some("registry:catalog:*".to_owned()),
            Self::Uploads(stream, from) => (stream, from.as_ref()),
            Self::Tags(stream)
            | Self::Manifest(stream, _)
            | Self::Blob(stream, _)
            | Self::Upload(stream, _)
            | Self::Referrers(stream, _)
            | Self::Signatures(stream, _) => (stream, None),
        };
        let actions = match *method {
            Method::GET | Method::HEAD => "pull",
            Method::DELETE if !matches!(self, Self::Upload(..)) => "delete",
            _ => "pull,push",
        };
        let source = from.map_or_else(String::new, |from| format!(" repository:{from}:pull"));
        Some(format!("repository:{stream}:{actions}{source}"))
    }
}

/// Parses a path and, where it matters, the query.
pub fn parse(path: &str, query: Option<&str>) -> Result<Route, Refusal> {
    if let Some(rest) = path.strip_prefix("/extensions/v2/") {
        let parts: Vec<String> = rest.split('/').map(decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        if let [name @ .., "signatures", text] = parts.as_slice() {
            return Ok(Route::Signatures(repository(name)?, digest(text)?));
        }
    }
    if let Some(rest) = path.strip_prefix("/admin/blobs/") {
        return Ok(Route::Stored(digest(&decode(rest))?));
    }
    let rest = path.strip_prefix("/v2").unwrap_or(path);
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let parts: Vec<String> = rest.split('/').map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        [""] => Ok(Route::Base),
        ["_catalog"] => Ok(Route::Catalog),
        [name @ .., "tags", "list"] => Ok(Route::Tags(repository(name)?)),
        [name @ .., "blobs", "uploads", ""] | [name @ .., "blobs", "uploads"] => {
            let stream = repository(name)?;
            Ok(Route::Uploads(stream, mount_source(query)))
        }
        [name @ .., "blobs", "uploads", id] => {
            Ok(Route::Upload(repository(name)?, (*id).to_owned()))
        }
        [name @ .., "manifests", reference] => {
            Ok(Route::Manifest(repository(name)?, target(reference)?))
        }
        [name @ .., "blobs", text] => Ok(Route::Blob(repository(name)?, digest(text)?)),
        [name @ .., "referrers", text] => Ok(Route::Referrers(repository(name)?, digest(text)?)),
        _ => Err(Refusal::new(
            Code::Unsupported,
            "there is no such address below /v2/",
        )),
    }
}

/// Why a name is none, so that clients print it: after anything but 404 they do not go on from a look to the push, and
/// what is not `DENIED` there they send again for a minute. Who asks for a tag that cannot be is told that it is not there.
pub fn told(refusal: Refusal, method: &Method) -> Refusal {
    let code = match (refusal.code, method) {
        (Code::NameInvalid, &Method::HEAD) => Code::NameUnknown,
        (Code::NameInvalid, &Method::POST) => Code::Refused,
        (Code::TagInvalid, &Method::GET | &Method::HEAD) => Code::ManifestUnknown,
        (code, _) => code,
    };
    Refusal { code, ..refusal }
}

fn repository(parts: &[&str]) -> Result<StreamRef, Refusal> {
    let [namespace, name] = parts else {
        return Err(Refusal::new(
            Code::NameInvalid,
            format!(
                "{} is no repository here: its name has two parts, namespace/stream",
                parts.join("/")
            ),
        ));
    };
    StreamRef::parse(namespace, name).map_err(|error| {
        Refusal::new(
            Code::NameInvalid,
            format!("{namespace}/{name} is no repository here: {error}"),
        )
    })
}

/// What a query says of a name, the first time it does.
pub fn value(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The repository a mount names. One that cannot be is none: the mount then turns into an ordinary upload.
fn mount_source(query: Option<&str>) -> Option<StreamRef> {
    let from = value(query, "from")?;
    let (namespace, name) = from.split_once('/')?;
    StreamRef::parse(namespace, name).ok()
}

fn target(text: &str) -> Result<Target, Refusal> {
    if text.contains(':') {
        return digest(text).map(Target::Digest);
    }
    let tag = text.parse::<TagName>();
    tag.map(Target::Tag)
        .map_err(|error| Refusal::new(Code::TagInvalid, error.to_string()))
}

/// A digest, of an algorithm that is checked here.
pub fn digest(text: &str) -> Result<Digest, Refusal> {
    let digest = text.parse().map_err(|error: model::digest::DigestError| {
        Refusal::new(Code::DigestInvalid, error.to_string())
    })?;
    if engine::blobs::is_checked(&digest) {
        return Ok(digest);
    }
    Err(Refusal::new(
        Code::DigestInvalid,
        format!(
            "digests of {} are not taken here: use sha256, sha384 or sha512",
            digest.algorithm()
        ),
    ))
}

/// Decodes `%3A` and the like. What is no text after that is no name either, and is refused as one.
fn decode(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = part
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(byte));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";

    #[test]
    fn paths_are_what_the_specification_says() {
        let stream = StreamRef::parse("shop", "ruby").unwrap();
        let sha: Digest = SHA.parse().unwrap();
        let encoded = SHA.replace(':', "%3A");
        for (path, route) in [
            ("/v2".to_owned(), Route::Base),
            ("/v2/".to_owned(), Route::Base),
            ("/v2/_catalog".to_owned(), Route::Catalog),
            (
                "/v2/shop/ruby/tags/list".to_owned(),
                Route::Tags(stream.clone()),
            ),
            (
                "/v2/shop/ruby/manifests/2.7".to_owned(),
                Route::Manifest(stream.clone(), Target::Tag("2.7".parse().unwrap())),
            ),
            (
                format!("/v2/shop/ruby/manifests/{encoded}"),
                Route::Manifest(stream.clone(), Target::Digest(sha.clone())),
            ),
            (
                format!("/v2/shop/ruby/blobs/{SHA}"),
                Route::Blob(stream.clone(), sha.clone()),
            ),
            (
                "/v2/shop/ruby/blobs/uploads/".to_owned(),
                Route::Uploads(stream.clone(), None),
            ),
            (
                "/v2/shop/ruby/blobs/uploads/01a2".to_owned(),
                Route::Upload(stream.clone(), "01a2".to_owned()),
            ),
            (
                format!("/v2/shop/ruby/referrers/{SHA}"),
                Route::Referrers(stream.clone(), sha.clone()),
            ),
            (
                format!("/extensions/v2/shop/ruby/signatures/{encoded}"),
                Route::Signatures(stream.clone(), sha.clone()),
            ),
            (
                format!("/admin/blobs/{encoded}"),
                Route::Stored(sha.clone()),
            ),
            // Names that are words of the interface.
            (
                "/v2/tags/list/tags/list".to_owned(),
                Route::Tags(StreamRef::parse("tags", "list").unwrap()),
            ),
        ] {
            assert_eq!(parse(&path, None), Ok(route), "{path}");
        }
        let query = Some("mount=x&from=team%2Fgo");
        let Ok(Route::Uploads(_, from)) = parse("/v2/shop/ruby/blobs/uploads/", query) else {
            panic!("an upload");
        };
        assert_eq!(from, StreamRef::parse("team", "go").ok());
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_code() {
        let other = |path| format!("{path}blake3:{}", "a".repeat(64));
        for (path, code) in [
            ("/v2/ruby/tags/list", Code::NameInvalid),
            ("/v2/a/b/c/tags/list", Code::NameInvalid),
            ("/v2/Shop/ruby/tags/list", Code::NameInvalid),
            ("/v2/shop/..%2fx/manifests/1", Code::NameInvalid),
            ("/v2/shop//manifests/1", Code::NameInvalid),
            ("/v2/shop/%ff/tags/list", Code::NameInvalid),
            ("/v2/tags/list", Code::NameInvalid),
            ("/v2/shop/ruby/manifests/-x", Code::TagInvalid),
            ("/v2/shop/ruby/manifests/", Code::TagInvalid),
            ("/v2/shop/ruby/manifests/sha256:zz", Code::DigestInvalid),
            ("/v2/shop/ruby/blobs/latest", Code::DigestInvalid),
            (other("/v2/shop/ruby/blobs/").as_str(), Code::DigestInvalid),
            (
                other("/v2/shop/ruby/manifests/").as_str(),
                Code::DigestInvalid,
            ),
            ("/v2/shop/ruby/referrers/latest", Code::DigestInvalid),
            ("/extensions/v2/shop/ruby/signatures/a", Code::DigestInvalid),
            ("/extensions/v2/ruby/signatures/a", Code::NameInvalid),
            ("/admin/blobs/shop/ruby", Code::DigestInvalid),
            ("/v2/shop/ruby", Code::Unsupported),
            ("/v2/shop/ruby/nothing", Code::Unsupported),
        ] {
            let refused = parse(path, None).map_err(|refusal| refusal.code);
            assert_eq!(refused, Err(code), "{path}");
        }
    }

    #[test]
    fn scopes_name_the_repository_and_what_is_done_to_it() {
        let scope = |method, path, query| parse(path, query).unwrap().scope(&method);
        let manifest = "/v2/shop/ruby/manifests/1";
        assert_eq!(
            scope(Method::HEAD, manifest, None).unwrap(),
            "repository:shop/ruby:pull"
        );
        assert_eq!(
            scope(Method::PUT, manifest, None).unwrap(),
            "repository:shop/ruby:pull,push"
        );
        assert_eq!(
            scope(Method::DELETE, manifest, None).unwrap(),
            "repository:shop/ruby:delete"
        );
        let uploads = "/v2/shop/ruby/blobs/uploads/";
        assert_eq!(
            scope(Method::POST, uploads, Some("from=team/go")).unwrap(),
            "repository:shop/ruby:pull,push repository:team/go:pull"
        );
        assert_eq!(scope(Method::GET, "/v2/", None), None);
    }
}
