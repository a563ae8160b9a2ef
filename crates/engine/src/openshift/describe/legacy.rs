//! A stream as a table with a row for each image a tag had.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Columns, ago, entry, failures, flag, list, metadata, origin, says_digest, tags, text};

/// What a failure may take of its row.
const LONGEST: usize = 70;
const SAME: &str = "<same>";

pub(super) fn stream(stream: &Value, now: DateTime<Utc>) -> String {
    let mut out = Columns::default();
    let about = &stream["metadata"];
    out.field("Name", text(&about["name"]));
    metadata(&mut out, about, now);
    out.field(
        "Docker Pull Spec",
        text(&stream["status"]["dockerImageRepository"]),
    );

    let tags = tags(stream);
    if tags.is_empty() {
        out.field("Tags", "");
        return out.finish();
    }
    out.line("");
    out.line("Tag\tSpec\tCreated\tPullSpec\tImage");
    let (mut scheduled, mut insecure) = (false, false);
    for name in tags {
        tag(&mut out, stream, name, now);
        let policy = entry(&stream["spec"]["tags"], "name", name).map(|tag| &tag["importPolicy"]);
        scheduled |= policy.is_some_and(|policy| flag(&policy["scheduled"]));
        insecure |= policy.is_some_and(|policy| flag(&policy["insecure"]));
    }
    if scheduled || insecure {
        out.line("");
    }
    if scheduled {
        out.line("  * tag is scheduled for periodic import");
    }
    if insecure {
        out.line("  ! tag is insecure and can be imported over HTTP or self-signed HTTPS");
    }
    out.finish()
}

fn tag(out: &mut Columns, stream: &Value, name: &str, now: DateTime<Utc>) {
    let spec = entry(&stream["spec"]["tags"], "name", name);
    let from = spec.map_or_else(|| "<pushed>".to_owned(), |spec| origin(stream, spec));
    let mut shown = shortened(&from);
    let events = entry(&stream["status"]["tags"], "tag", name);
    let Some(events) = events else {
        out.line(&format!(
            "{name}\t{shown}\t\t<not available>\t<not available>"
        ));
        return;
    };
    for failure in failures(Some(events)) {
        let age = ago(&failure["lastTransitionTime"], now);
        let said = cut(&format!("import failed: {}", text(&failure["message"])));
        out.line(&format!("{name}\t{shown}\t{age}\t\t{said}"));
    }
    let policy = spec.map(|spec| &spec["importPolicy"]);
    let marks = [("scheduled", '*'), ("insecure", '!')];
    let marks: String = marks
        .into_iter()
        .filter(|(field, _)| policy.is_some_and(|policy| flag(&policy[field])))
        .map(|(_, mark)| mark)
        .collect();
    if !marks.is_empty() {
        shown = format!("{shown} {marks}");
    }
    for (at, event) in list(&events["items"]).iter().enumerate() {
        let (name, shown) = if at == 0 {
            (name, shown.as_str())
        } else {
            ("", "")
        };
        let reference = text(&event["dockerImageReference"]);
        let pulled = if reference == from {
            SAME.to_owned()
        } else {
            shortened(reference)
        };
        let image = if says_digest(event) {
            SAME
        } else {
            text(&event["image"])
        };
        let age = ago(&event["created"], now);
        out.line(&format!("{name}\t{shown}\t{age}\t{pulled}\t{image}"));
    }
}

/// A reference that ends in a long digest, without its last 50 characters.
fn shortened(reference: &str) -> String {
    let digits = reference
        .bytes()
        .rev()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .count();
    if digits < 60 {
        return reference.to_owned();
    }
    // Its last 60 characters are digits, so this is between two characters.
    format!("{}...", &reference[..reference.len() - 50])
}

/// A text that fits its row; of a failure with many lines, the first.
fn cut(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default();
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST - 3).collect();
    format!("{}...", start.trim())
}
