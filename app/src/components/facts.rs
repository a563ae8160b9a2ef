//! Values as people read them: digests, references, sizes, times, lists of facts.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{Digest, Reference, job::thousands};

use crate::islands::CopyButton;

/// A digest: algorithm muted, 12 digits, the whole in the title and on the clipboard.
pub fn digest(digest: &Digest) -> impl IntoView + use<> {
    let whole = digest.to_string();
    view! {
        <span class="digest">
            <code title=whole.clone()><span class="muted">{format!("{}:", digest.algorithm())}</span>{digest.short().to_owned()}</code>
            <CopyButton text=whole what="digest".to_owned()/>
        </span>
    }
}

/// A reference: host muted, repository plain, tag or digest in the accent colour.
pub fn reference(reference: &Reference) -> impl IntoView + use<> {
    let host = reference.registry().map(|host| format!("{host}/"));
    let target = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => format!("@{}:{}", digest.algorithm(), digest.short()),
        (None, Some(tag)) => format!(":{tag}"),
        (None, None) => String::new(),
    };
    view! {
        <code class="reference" title=reference.to_string()>
            <span class="muted">{host}</span>{reference.path().to_owned()}<span class="target">{target}</span>
        </code>
    }
}

/// Bytes in binary units: `196.6 MiB`.
#[must_use]
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// How long ago, up to 14 days; then the date. The exact time is in the title.
pub fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> impl IntoView + use<> {
    view! { <time datetime=at.to_rfc3339() title=exact_time(at)>{ago(at, now)}</time> }
}

/// A time to the second, in UTC.
#[must_use]
pub fn exact_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let many = |n: i64, what: &str| {
        format!(
            "{} {what}{} ago",
            thousands(n),
            if n == 1 { "" } else { "s" }
        )
    };
    match seconds {
        ..5 => "just now".to_owned(),
        5..60 => many(seconds, "second"),
        60..3_600 => many(seconds / 60, "minute"),
        3_600..172_800 => many(seconds / 3_600, "hour"),
        172_800..1_209_600 => many(seconds / 86_400, "day"),
        _ => at.format("%Y-%m-%d").to_string(),
    }
}

/// A list of facts. Rows beyond `first` are folded away.
#[component]
pub fn Kv(
    /// Name and value of each fact.
    rows: Vec<(String, String)>,
    /// Rows shown at once.
    #[prop(default = 12)]
    first: usize,
) -> impl IntoView {
    let more = rows.len().saturating_sub(first);
    let list = |rows: &[(String, String)]| {
        rows.iter()
            .map(|(name, value)| view! { <div><dt>{name.clone()}</dt><dd><code>{value.clone()}</code></dd></div> })
            .collect_view()
    };
    let head = list(&rows[..rows.len() - more]);
    let rest = (more > 0).then(|| {
        let rest = list(&rows[rows.len() - more..]);
        view! { <details><summary>{format!("Show {more} more")}</summary><dl class="kv">{rest}</dl></details> }
    });
    view! { <dl class="kv">{head}</dl> {rest} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_and_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(196_634_330), "187.5 MiB");
    }

    #[test]
    fn times_are_relative_for_two_weeks() {
        let now: DateTime<Utc> = "2026-05-20T12:00:00Z".parse().unwrap();
        let at = |text: &str| ago(text.parse().unwrap(), now);
        assert_eq!(at("2026-05-20T11:59:59Z"), "just now");
        assert_eq!(at("2026-05-20T11:59:00Z"), "1 minute ago");
        assert_eq!(at("2026-05-19T11:00:00Z"), "25 hours ago");
        assert_eq!(at("2026-05-10T12:00:00Z"), "10 days ago");
        assert_eq!(at("2026-01-10T12:00:00Z"), "2026-01-10");
    }
}
