//! States, banners and pagers.

use leptos::prelude::*;
use model::{Cursor, job::JobState, tag::TagRow};

use super::icon;

/// A badge: icon, word and colour. `kind` is `ok`, `warn`, `bad`, `info` or `quiet`.
pub fn badge(kind: &'static str, icon_name: &'static str, word: impl Into<String>) -> AnyView {
    let word = word.into();
    view! { <span class=format!("badge {kind}")>{icon(icon_name).into_any()}{word}</span> }
        .into_any()
}

/// How an import stands.
pub fn job_badge(state: JobState) -> AnyView {
    match state {
        JobState::Queued => badge("info", "wait", "Pending").into_any(),
        JobState::Running => badge("info", "run", "Importing").into_any(),
        JobState::Succeeded => badge("ok", "ok", "Succeeded").into_any(),
        JobState::Failed => badge("bad", "fail", "Failed").into_any(),
        JobState::Cancelled => badge("quiet", "stop", "Cancelled").into_any(),
    }
}

/// How a tag stands: what is wrong comes first, then what is under way.
pub fn tag_badge(tag: &TagRow) -> AnyView {
    if tag.importing {
        badge("info", "run", "Importing").into_any()
    } else if tag.condition.is_some() {
        badge("bad", "fail", "Failed").into_any()
    } else if tag.head.is_some() {
        badge("ok", "ok", "Up to date").into_any()
    } else {
        badge("quiet", "wait", "Not imported").into_any()
    }
}

/// A banner of one line or a few. `bad` ones are announced at once.
pub fn alert(kind: &'static str, children: AnyView) -> AnyView {
    let role = if kind == "bad" { "alert" } else { "note" };
    let name = match kind {
        "ok" => "ok",
        "bad" => "fail",
        "warn" => "warn",
        _ => "run",
    };
    view! { <div class=format!("alert {kind}") role=role>{icon(name).into_any()}<div>{children}</div></div> }.into_any()
}

/// Links to the pages before and after. `base` is the page's address with every other query value, ending in `?` or `&`.
pub fn pager(
    base: &str,
    previous: Option<&Cursor>,
    next: Option<&Cursor>,
    words: [&'static str; 2],
) -> AnyView {
    if previous.is_none() && next.is_none() {
        return ().into_any();
    }
    let link = |cursor: Option<&Cursor>, word: &'static str, rel: &'static str| {
        cursor.map(|cursor| {
            let href = format!("{base}cursor={}", escape(&cursor.to_string()));
            view! { <a class="button" href=href rel=rel>{word}</a> }
        })
    };
    view! {
        <nav class="pager" aria-label="Pages">
            {link(previous, words[0], "prev")}
            {link(next, words[1], "next")}
        </nav>
    }
    .into_any()
}

/// Percent-encodes a query value.
#[must_use]
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
