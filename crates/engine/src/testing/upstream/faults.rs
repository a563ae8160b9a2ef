//! What a test upstream can be told to do wrong.

use bytes::Bytes;

/// A class of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// `/v2/`.
    Ping,
    /// The token service.
    Token,
    /// Tag lists.
    Tags,
    /// Manifests.
    Manifest,
    /// Blobs, configs included.
    Blob,
    /// All of them, and whatever else is asked for.
    Any,
}

impl Route {
    /// Whether a request of the other class is also of this one.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self == Self::Any || self == other
    }
}

/// Something wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status, with an error body of the distribution specification.
    Status(u16),
    /// 429 with `Retry-After` in seconds.
    RateLimited(u64),
    /// One byte of the body is another; lengths and headers as they were.
    WrongBytes,
    /// `Docker-Content-Digest` names something else.
    WrongDigestHeader,
    /// No `Docker-Content-Digest`.
    NoDigestHeader,
    /// A success of 50 MiB, streamed without a length.
    Huge,
    /// The same, its length announced.
    HugeAnnounced,
    /// A success with this content type and body, and its right digest.
    Body(&'static str, Bytes),
    /// A tag list whose next page always has new tags.
    EndlessTags,
    /// A tag list whose next page is the same page.
    RepeatedTags,
    /// A tag list that continues at this URL.
    NextPage(String),
    /// 401 naming this token service.
    Realm(String),
    /// 307 to this URL; `{path}` in it becomes the path and query asked for.
    Redirect(String),
    /// No answer before [`super::TestUpstream::release`].
    Hang,
    /// No answer before [`super::TestUpstream::release`], and this status then.
    HangThen(u16),
    /// The connection breaks in the middle of the body.
    Truncated,
    /// The connection breaks after this many bytes of the body.
    CutAfter(usize),
    /// Half of the body, and the rest not before [`super::TestUpstream::release`].
    Stall,
    /// One byte more than the right body.
    Longer,
    /// One byte less than the right body.
    Shorter,
    /// A web site's page.
    WebSite,
}

/// A fault and when it strikes.
#[derive(Debug)]
pub(super) struct Rule {
    route: Route,
    fault: Fault,
    left: Option<usize>,
}

impl Rule {
    pub fn new(route: Route, fault: Fault, times: Option<usize>) -> Self {
        Self {
            route,
            fault,
            left: times,
        }
    }

    fn strike(&mut self, route: Route) -> Option<Fault> {
        if !self.route.covers(route) || self.left == Some(0) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.fault.clone())
    }
}

/// The fault of a request of this class; the latest rule wins.
pub(super) fn strike(rules: &mut [Rule], route: Route) -> Option<Fault> {
    rules.iter_mut().rev().find_map(|rule| rule.strike(route))
}
