//! Where each page is. Views take their links from here; the router and the server name the same paths as patterns.

use model::{
    Digest, Namespace, StreamRef, TagName,
    edit::{BulkEdit, Edit, Policies, Which, WhichStreams},
    policy::{ReferencePolicy, Schedule},
    stream::StreamFilter,
};

use crate::components::escape;

/// The overview.
pub const OVERVIEW: &str = "/";
/// The list of streams.
pub const STREAMS: &str = "/streams";
/// The form for a new stream.
pub const NEW_STREAM: &str = "/streams/new";
/// The form of the policies of many streams.
pub const STREAMS_POLICIES: &str = "/streams/policies";
/// The preview of taking a change over many streams back.
pub const STREAMS_UNDO: &str = "/streams/undo";
/// The list of imports.
pub const JOBS: &str = "/imports";
/// The report on policies.
pub const POLICIES: &str = "/policies";
/// What images take.
pub const STORAGE: &str = "/storage";
/// The credentials for registries.
pub const CREDENTIALS: &str = "/credentials";
/// The user's own API tokens.
pub const TOKENS: &str = "/account/tokens";
/// The form that takes definitions.
pub const APPLY: &str = "/apply";
/// Where a definition in a file is sent.
pub const APPLY_FILE: &str = "/apply/file";
/// The sign-in form.
pub const LOGIN: &str = "/login";
/// The first set-up.
pub const SETUP: &str = "/setup";
/// Where the sign-out button is sent.
pub const LOGOUT: &str = "/logout";
/// Where the theme switch is sent.
pub const THEME: &str = "/theme";

/// A stream's tags.
#[must_use]
pub fn stream(stream: &StreamRef) -> String {
    format!("/s/{}/{}", stream.namespace, stream.name)
}

/// The streams of a namespace.
#[must_use]
pub fn namespace(stream: &StreamRef) -> String {
    format!("{STREAMS}?namespace={}", stream.namespace)
}

/// The settings of a namespace.
#[must_use]
pub fn namespace_settings(namespace: &Namespace) -> String {
    format!("/n/{namespace}/settings")
}

/// The form that imports into a stream.
#[must_use]
pub fn import(at: &StreamRef) -> String {
    format!("{}/import", stream(at))
}

/// A stream's imports.
#[must_use]
pub fn stream_jobs(at: &StreamRef) -> String {
    format!("{}/imports", stream(at))
}

/// The form that sets a tag.
#[must_use]
pub fn tag_form(at: &StreamRef) -> String {
    format!("{}/tag", stream(at))
}

/// The form that sets a tag, with a source filled in. Tags, stream names and digests need no escaping in a query.
#[must_use]
pub fn tag_form_from(at: &StreamRef, source: &str) -> String {
    format!("{}/tag?source={source}", stream(at))
}

/// The form that sets a tag, with values.
#[must_use]
pub fn tag_form_with(at: &StreamRef, pairs: &[(&str, &str)]) -> String {
    with_query(&tag_form(at), pairs)
}

/// The preview of deleting a stream.
#[must_use]
pub fn delete_stream(at: &StreamRef) -> String {
    format!("{}/delete", stream(at))
}

/// The preview of deleting tags.
#[must_use]
pub fn delete_tags(at: &StreamRef) -> String {
    format!("{}/tags/delete", stream(at))
}

/// One tag.
#[must_use]
pub fn tag(at: &StreamRef, tag: &TagName) -> String {
    format!("{}/t/{tag}", stream(at))
}

/// One tag's history.
#[must_use]
pub fn history(at: &StreamRef, name: &TagName) -> String {
    format!("{}/history", tag(at, name))
}

/// One image of a stream.
#[must_use]
pub fn image(at: &StreamRef, digest: &Digest) -> String {
    format!("{}/i/{digest}", stream(at))
}

/// The form that goes back to a revision, or holds a tag.
#[must_use]
pub fn rollback(at: &StreamRef, name: &TagName) -> String {
    format!("{}/rollback", tag(at, name))
}

/// The form that goes back to a revision, for one of them.
#[must_use]
pub fn rollback_to(at: &StreamRef, name: &TagName, revision: i64) -> String {
    format!("{}?revision={revision}", rollback(at, name))
}

/// The preview of releasing a tag.
#[must_use]
pub fn release(at: &StreamRef, name: &TagName) -> String {
    format!("{}/release", tag(at, name))
}

/// The form of the stream's own policy.
#[must_use]
pub fn stream_policy(at: &StreamRef) -> String {
    format!("{}/policy", stream(at))
}

/// The form of tags' policies.
#[must_use]
pub fn policies(at: &StreamRef) -> String {
    format!("{}/tags/policies", stream(at))
}

/// The preview of taking a change back.
#[must_use]
pub fn undo(at: &StreamRef, number: i64) -> String {
    format!("{}/undo?change={number}", stream(at))
}

/// The preview of an edit.
#[must_use]
pub fn edit(at: &StreamRef, edit: &Edit) -> String {
    match edit {
        Edit::Rollback {
            tag,
            revision,
            after,
        } => format!(
            "{}&after={}",
            rollback_to(at, tag, *revision),
            after.as_str()
        ),
        Edit::Release { tag } => release(at, tag),
        Edit::Undo { number } => undo(at, *number),
        Edit::StreamInsecure { insecure } => {
            let value = if *insecure { "yes" } else { "no" };
            with_query(&stream_policy(at), &[("insecure", value)])
        }
        Edit::StreamFreshness { freshness } => {
            let word = freshness.word();
            with_query(&stream_policy(at), &[("freshness", &word)])
        }
        Edit::StreamPeriod { period } => {
            let word = Schedule::of_stream(*period).word();
            with_query(&stream_policy(at), &[("schedule", &word)])
        }
        Edit::Policies {
            which,
            policies: set,
        } => {
            let word = set.schedule.map(Schedule::word).unwrap_or_default();
            let names: Vec<String> = match which {
                Which::Tags(tags) => tags.iter().map(ToString::to_string).collect(),
                Which::Containing(_) => Vec::new(),
            };
            let mut pairs: Vec<(&str, &str)> =
                names.iter().map(|name| ("tag", name.as_str())).collect();
            if let Which::Containing(text) = which {
                pairs.extend([("all", "1"), ("text", text.as_str())]);
            }
            pairs.extend(chosen(*set, &word));
            with_query(&policies(at), &pairs)
        }
    }
}

/// The fields of policies that are chosen; `word` is the schedule's.
fn chosen(set: Policies, word: &str) -> [(&'static str, &str); 5] {
    let (schedule, period) = match set.schedule {
        None => ("keep", ""),
        Some(Schedule::Never) => ("never", ""),
        Some(Schedule::Global) => ("global", ""),
        Some(Schedule::Every(_)) => ("own", word),
    };
    [
        ("insecure", yes_or_no(set.insecure)),
        (
            "pull",
            set.reference_policy.map_or("keep", ReferencePolicy::as_str),
        ),
        ("schedule", schedule),
        ("period", period),
        ("preview", "1"),
    ]
}

fn yes_or_no(chosen: Option<bool>) -> &'static str {
    match chosen {
        None => "keep",
        Some(true) => "yes",
        Some(false) => "no",
    }
}

/// The form of the policies of all streams that a filter leaves.
#[must_use]
pub fn bulk_matching(filter: &StreamFilter) -> String {
    let mut pairs = vec![(ALL, "1")];
    pairs.extend(filtered(filter));
    with_query(STREAMS_POLICIES, &pairs)
}

/// Field: all streams that a filter leaves, and no ticked ones.
pub const ALL: &str = "all";

/// Field: the last stream of the part that was changed before.
pub const AFTER: &str = "after";

/// The fields of a filter of the stream list.
#[must_use]
pub fn filtered(filter: &StreamFilter) -> [(&'static str, &str); 3] {
    [
        ("text", filter.text.as_str()),
        (
            "namespace",
            filter.namespace.as_ref().map_or("", Namespace::as_str),
        ),
        ("failed", if filter.failed { "on" } else { "" }),
    ]
}

/// The preview of a change over many streams.
#[must_use]
pub fn bulk(edit: &BulkEdit) -> String {
    match edit {
        BulkEdit::Undo { number } => bulk_undo(*number),
        BulkEdit::Policies {
            which,
            insecure,
            tags,
        } => {
            let names: Vec<String> = match which {
                WhichStreams::Streams(streams) => streams.iter().map(ToString::to_string).collect(),
                WhichStreams::Matching { .. } => Vec::new(),
            };
            let last = match which {
                WhichStreams::Matching { after, .. } => after.as_ref().map(ToString::to_string),
                WhichStreams::Streams(_) => None,
            };
            let word = tags.schedule.map(Schedule::word).unwrap_or_default();
            let mut pairs: Vec<(&str, &str)> =
                names.iter().map(|name| ("stream", name.as_str())).collect();
            if let WhichStreams::Matching { filter, .. } = which {
                pairs.push((ALL, "1"));
                pairs.extend(filtered(filter));
                pairs.push((AFTER, last.as_deref().unwrap_or_default()));
            }
            pairs.push(("streams", yes_or_no(*insecure)));
            pairs.extend(chosen(*tags, &word));
            with_query(STREAMS_POLICIES, &pairs)
        }
    }
}

/// The preview of taking back a change over many streams.
#[must_use]
pub fn bulk_undo(number: i64) -> String {
    format!("{STREAMS_UNDO}?change={number}")
}

/// The page that shows what a change over many streams did; if more match, the preview of those after `next`.
#[must_use]
pub fn after_bulk(edit: &BulkEdit, number: i64, next: Option<&StreamRef>) -> String {
    let mut rest = edit.clone();
    match (&mut rest, next) {
        (BulkEdit::Undo { .. }, _) => STREAMS.to_owned(),
        (
            BulkEdit::Policies {
                which: WhichStreams::Matching { after, .. },
                ..
            },
            Some(next),
        ) => {
            *after = Some(next.clone());
            format!("{}&done={number}", bulk(&rest))
        }
        (BulkEdit::Policies { .. }, _) => format!("{STREAMS}?done={number}"),
    }
}

/// The page that shows what an edit did.
#[must_use]
pub fn after_edit(at: &StreamRef, edit: &Edit, number: i64) -> String {
    match edit {
        Edit::Rollback { tag, .. } => history(at, tag),
        Edit::Release { tag: name } => tag(at, name),
        Edit::Undo { .. } => stream(at),
        Edit::Policies {
            which: Which::Tags(tags),
            ..
        } if tags.len() == 1 => {
            let page = tags
                .first()
                .map_or_else(|| stream(at), |name| tag(at, name));
            format!("{page}?done={number}")
        }
        Edit::StreamInsecure { .. }
        | Edit::StreamFreshness { .. }
        | Edit::StreamPeriod { .. }
        | Edit::Policies { .. } => format!("{}?done={number}", stream(at)),
    }
}

/// A stream's history: everything that changed.
#[must_use]
pub fn stream_history(at: &StreamRef) -> String {
    format!("{}/history", stream(at))
}

/// Which tags of a stream follow which.
#[must_use]
pub fn graph(at: &StreamRef) -> String {
    format!("{}/graph", stream(at))
}

/// The report on a stream's tag names.
#[must_use]
pub fn naming(at: &StreamRef) -> String {
    format!("{}/naming", stream(at))
}

/// Two images of a stream side by side.
#[must_use]
pub fn diff(at: &StreamRef) -> String {
    format!("{}/compare", stream(at))
}

/// A revision of a tag beside the tag's current image.
#[must_use]
pub fn diff_with_current(at: &StreamRef, name: &TagName, revision: i64) -> String {
    let (from, to) = (format!("{name}#{revision}"), name.to_string());
    with_query(&diff(at), &[("from", &from), ("to", &to)])
}

/// The form that takes definitions, for one namespace.
#[must_use]
pub fn apply(namespace: &str) -> String {
    with_query(APPLY, &[("namespace", namespace)])
}

/// A definition that is previewed.
#[must_use]
pub fn draft(id: &str) -> String {
    with_query(APPLY, &[("draft", id)])
}

/// A stream as text.
#[must_use]
pub fn stream_definition(at: &StreamRef) -> String {
    format!("{}/definition", stream(at))
}

/// A tag as text.
#[must_use]
pub fn tag_definition(at: &StreamRef, name: &TagName) -> String {
    format!("{}/definition", tag(at, name))
}

/// An image as text, by its digest or the beginning of it.
#[must_use]
pub fn image_definition(at: &StreamRef, id: &str) -> String {
    format!("{}/i/{}/definition", stream(at), escape(id))
}

/// A stream described as `oc describe` does.
#[must_use]
pub fn describe_stream(at: &StreamRef) -> String {
    format!("{}/describe", stream(at))
}

/// A tag's image described.
#[must_use]
pub fn describe_tag(at: &StreamRef, name: &TagName) -> String {
    format!("{}/describe", tag(at, name))
}

/// An image described, by its digest or the beginning of it.
#[must_use]
pub fn describe_image(at: &StreamRef, id: &str) -> String {
    format!("{}/i/{}/describe", stream(at), escape(id))
}

/// Word of changes, as they are made: of one stream or of all.
#[must_use]
pub fn events(only: Option<&StreamRef>) -> String {
    match only {
        Some(stream) => with_query("/events", &[("stream", &stream.to_string())]),
        None => "/events".to_owned(),
    }
}

/// One import.
#[must_use]
pub fn job(id: &str) -> String {
    format!("{JOBS}/{}", escape(id))
}

/// An address with a query; values that are empty are left out.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.len() == path.len() { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        out.push_str(&escape(value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_and_empty_ones_left_out() {
        let pairs = [("text", "a&b=c/ä"), ("namespace", ""), ("failed", "on")];
        assert_eq!(
            with_query(STREAMS, &pairs),
            "/streams?text=a%26b%3Dc%2F%C3%A4&failed=on"
        );
        assert_eq!(with_query(STREAMS, &[("text", "")]), "/streams");
        assert_eq!(job("../../logout?x"), "/imports/..%2F..%2Flogout%3Fx");
    }
}
