//! Values as people read them: digests, references, sizes, times, commands, lists of facts.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{Digest, Reference, job::thousands};

use super::icon;

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

/// The text with each digest in it cut to 12 digits.
#[must_use]
pub fn shortened(text: &str) -> String {
    const PREFIX: &str = "sha256:";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PREFIX) {
        let (before, digest) = rest.split_at(at + PREFIX.len());
        let digits = digest
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(digest.len());
        let (digest, after) = digest.split_at(digits);
        out.push_str(before);
        out.push_str(digest.get(..12).unwrap_or(digest));
        rest = after;
    }
    out.push_str(rest);
    out
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

/// Bytes in binary units: `187.5 MiB`; from 1 000 on with thin spaces.
#[must_use]
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{} B", thousands(bytes));
    }
    #[expect(clippy::cast_precision_loss, reason = "four digits are shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value >= 1000.0 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "below 1 024 but for pebibytes"
        )]
        let whole = value.round() as i64;
        return format!("{} {}", thousands(whole), UNITS[unit]);
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A difference of sizes, with its sign: `+12.4 MiB`, `−3.0 KiB`, `±0 B`.
#[must_use]
pub fn size_change(bytes: i64) -> String {
    let sign = match bytes {
        ..0 => "−",
        0 => "±",
        _ => "+",
    };
    format!("{sign}{}", size(bytes.saturating_abs()))
}

/// How long ago, or until when, up to 14 days; then the date. The exact time is in the title.
pub fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> impl IntoView + use<> {
    view! { <time datetime=at.to_rfc3339() title=exact_time(at)>{relative_time(at, now)}</time> }
}

/// A time to the second, in UTC.
#[must_use]
pub fn exact_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The words of [`time`], for titles and sentences: "3 minutes ago", "in 12 minutes", "2026-01-10".
#[must_use]
pub fn relative_time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let (n, what) = match seconds.saturating_abs() {
        ..5 => return "just now".to_owned(),
        s @ 5..60 => (s, "second"),
        s @ 60..3_600 => (s / 60, "minute"),
        s @ 3_600..172_800 => (s / 3_600, "hour"),
        s @ 172_800..1_209_600 => (s / 86_400, "day"),
        _ => return at.format("%Y-%m-%d").to_string(),
    };
    let many = if n == 1 { "" } else { "s" };
    if seconds > 0 {
        format!("{n} {what}{many} ago")
    } else {
        format!("in {n} {what}{many}")
    }
}

/// A time of day to the second, in UTC: for two times side by side.
#[must_use]
pub fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// A button that copies a text. The island [`crate::islands::Clipboard`] makes it work; without scripts it is not shown.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What that is, for the button's name.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! {
        <button type="button" class="copy script-only" data-copy=text aria-label=format!("Copy {what}") title="Copy">
            {icon("copy").into_any()} {icon("ok").into_any()}
        </button>
    }
}

/// A command to run elsewhere, in a well, with a copy button.
#[component]
pub fn PullCommand(
    /// The whole command, without a prompt.
    #[prop(into)]
    command: String,
) -> impl IntoView {
    view! {
        <p class="well command">
            <code>{command.clone()}</code>
            <CopyButton text=command what="command".to_owned()/>
        </p>
    }
}

/// A list of facts: names, and values in the typeface of code, each with a copy button on hover and focus.
/// Rows beyond `first` are folded away under "Show n more". For values that are links or badges write
/// `<dl class="kv"><div><dt>..</dt><dd>..</dd></div></dl>` by hand.
#[component]
pub fn Kv(
    /// Name and value of each fact.
    rows: Vec<(String, String)>,
    /// Rows shown at once.
    #[prop(default = 12)]
    first: usize,
) -> impl IntoView {
    // Folding away one or two rows saves no space.
    let more = match rows.len().saturating_sub(first) {
        0..=2 => 0,
        more => more,
    };
    let list = |rows: &[(String, String)]| {
        rows.iter()
            .map(|(name, value)| {
                let copy = (!value.is_empty())
                    .then(|| view! { " " <CopyButton text=value.clone() what=name.clone()/> });
                view! { <div><dt>{name.clone()}</dt><dd><code>{value.clone()}</code>{copy}</dd></div> }
            })
            .collect_view()
    };
    let head = list(&rows[..rows.len() - more]);
    let rest = (more > 0).then(|| {
        let rest = list(&rows[rows.len() - more..]);
        view! { <details><summary>{format!("Show {} more", thousands(i64::try_from(more).unwrap_or(i64::MAX)))}</summary><dl class="kv">{rest}</dl></details> }
    });
    view! { <dl class="kv">{head}</dl> {rest} }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_and_short() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1\u{2009}023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(1_048_000), "1\u{2009}023 KiB");
        assert_eq!(size(196_634_330), "187.5 MiB");
        assert_eq!(size_change(-1536), "−1.5 KiB");
        assert_eq!(size_change(0), "±0 B");
    }

    #[test]
    fn digests_are_cut_wherever_they_stand() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        assert_eq!(shortened(&digest), "sha256:abababababab");
        let text = format!("fixed to {digest}, 1 revision");
        assert_eq!(shortened(&text), "fixed to sha256:abababababab, 1 revision");
        assert_eq!(shortened("sha256:é"), "sha256:é");
        assert_eq!(shortened("none"), "none");
    }

    #[test]
    fn times_are_relative_for_two_weeks() {
        let now: DateTime<Utc> = "2026-05-20T12:00:00Z".parse().unwrap();
        let at = |text: &str| relative_time(text.parse().unwrap(), now);
        assert_eq!(at("2026-05-20T11:59:59Z"), "just now");
        assert_eq!(at("2026-05-20T11:59:00Z"), "1 minute ago");
        assert_eq!(at("2026-05-19T11:00:00Z"), "25 hours ago");
        assert_eq!(at("2026-05-10T12:00:00Z"), "10 days ago");
        assert_eq!(at("2026-05-20T12:12:00Z"), "in 12 minutes");
        assert_eq!(at("2026-01-10T12:00:00Z"), "2026-01-10");
    }
}
