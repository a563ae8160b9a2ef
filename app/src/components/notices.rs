//! What a page says: banners, what was wrong with a form, why a list is empty, what failed.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::{CopyButton, icon, time};
use crate::api::ApiError;

/// A banner of one line or a few: [`Alert`] for those who hold a view already.
pub fn alert(kind: &'static str, children: AnyView) -> AnyView {
    let role = match kind {
        "bad" => "alert",
        "ok" => "status",
        _ => "note",
    };
    let name = match kind {
        "bad" => "fail",
        "ok" | "warn" => kind,
        _ => "info",
    };
    view! { <div class=format!("alert {kind}") role=role>{icon(name).into_any()}<div>{children}</div></div> }
        .into_any()
}

/// A banner of one line or a few. The result of a write is one of kind `ok` on the page that the write lands on.
/// Several paragraphs go into `<p>`s; a line with a button goes into `<form class="inline">`.
#[component]
pub fn Alert(
    /// `ok`, `warn`, `bad` or `info`. `bad` ones are announced at once, `ok` ones politely.
    kind: &'static str,
    /// What it says.
    children: Children,
) -> impl IntoView {
    alert(kind, children())
}

/// A message as a sentence: a full stop last, and a capital first unless it begins with a name.
#[must_use]
pub fn sentence(message: &str) -> String {
    const VERBS: [&str; 12] = [
        "is", "has", "are", "points", "follows", "already", "will", "may", "must", "names",
        "gives", "cannot",
    ];
    const NO_NAMES: [&str; 8] = [
        "there",
        "this",
        "that",
        "nothing",
        "everything",
        "it",
        "you",
        "nobody",
    ];
    let mut words = message.split(' ');
    let (first, second) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let plain = first.trim_end_matches([',', ':', ';']);
    let name = !plain.chars().all(char::is_alphabetic)
        || (VERBS.contains(&second) && !NO_NAMES.contains(&first));
    let mut chars = message.chars();
    let begin = match chars.next() {
        Some(first) if !name => first.to_uppercase().to_string(),
        first => first.map(String::from).unwrap_or_default(),
    };
    let end = if message.ends_with(['.', '!', '?', ':']) {
        ""
    } else {
        "."
    };
    format!("{begin}{}{end}", chars.as_str())
}

/// What was wrong, on top of a form, with the other side's words set apart and a link to the field. Takes the focus, so
/// that it is read first; nothing is shown without an error.
#[component]
pub fn ErrorSummary(
    /// The refusal.
    error: Option<ApiError>,
) -> impl IntoView {
    error.map(|error| {
        let title = match &error {
            ApiError::Upstream { .. } => {
                "The registry did not give what was needed. Nothing was changed."
            }
            ApiError::Conflict(_) => "Something changed in between. Nothing was changed by you.",
            ApiError::Denied(_) => "You may not do this.",
            ApiError::NotFound(_) => "There is no such thing.",
            ApiError::Invalid { .. } => "This cannot be done as written. Nothing was changed.",
            ApiError::Internal { .. } => "Something went wrong. Nothing was changed.",
        };
        let message = error.message().to_owned();
        let text = match (&error, error.field()) {
            (ApiError::Upstream { .. }, _) => {
                view! { <pre class="well">{message}</pre> }.into_any()
            }
            (_, Some(field)) if !field.is_empty() => {
                view! { <ul><li><a href=format!("#{field}")>{sentence(&message)}</a></li></ul> }
                    .into_any()
            }
            _ => view! { <p>{sentence(&message)}</p> }.into_any(),
        };
        let hint = error.hint().to_owned();
        let hint = (!hint.is_empty()).then(|| view! { <p>{hint}</p> });
        let id = match error {
            ApiError::Internal { request_id } => request_id,
            _ => String::new(),
        };
        let id = (!id.is_empty())
            .then(|| view! { <p class="muted small">"Request " <code>{id}</code></p> });
        view! {
            <div class="alert bad" role="alert" tabindex="-1" autofocus=true>
                {icon("fail").into_any()}
                <div><p><strong>{title}</strong></p>{text}{hint}{id}</div>
            </div>
        }
    })
}

/// An empty list or page: what this is, why it is empty, what to do.
///
/// Children are one button and at most one link. For a list that a filter left empty, say which filter and clear it.
#[component]
pub fn Empty(
    /// What there is none of: "No streams yet".
    #[prop(into)]
    title: String,
    /// What it would be, and why there is none.
    #[prop(into)]
    why: String,
    /// Name of an icon.
    #[prop(default = "")]
    icon_name: &'static str,
    /// The way on.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="empty">
            {(!icon_name.is_empty()).then(|| icon(icon_name).into_any())}
            <h2>{title}</h2>
            <p>{why}</p>
            {children.map(|children| view! { <div class="buttons">{children()}</div> })}
        </section>
    }
}

/// What failed: in our words, in the upstream's own, when, and what to do.
///
/// Children are the actions: try again, mark insecure, read more.
#[component]
pub fn ErrorState(
    /// What failed and what became of things: "The latest import failed; the tag keeps what it had".
    #[prop(into)]
    title: String,
    /// The other side's own words.
    #[prop(into)]
    said: String,
    /// When it failed, and the time now.
    #[prop(optional)]
    when: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Which try this was, if there was more than one.
    #[prop(optional)]
    attempt: Option<i64>,
    /// When the next try is due.
    #[prop(optional)]
    next: Option<DateTime<Utc>>,
    /// What to do, in one sentence; empty if there is nothing to add.
    #[prop(optional, into)]
    hint: String,
    /// An id to quote; empty if there is none.
    #[prop(optional, into)]
    id: String,
    /// The actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let facts = when.map(|(at, now)| {
        let attempt = attempt
            .filter(|n| *n > 1)
            .map(|n| format!(" · attempt {n}"));
        let next = next.map(|next| view! { " · next try " {time(next, now)} });
        view! { <p class="muted small">{time(at, now)}{attempt}{next}</p> }
    });
    let hint = (!hint.is_empty()).then(|| view! { <p>{hint}</p> });
    let id = (!id.is_empty()).then(|| {
        view! { <p class="muted small">"Id " <code>{id.clone()}</code> <CopyButton text=id what="id".to_owned()/></p> }
    });
    view! {
        <div class="alert bad" role="alert">
            {icon("fail").into_any()}
            <div>
                <p><strong>{title}</strong></p>
                {(!said.is_empty()).then(|| view! { <pre class="well">{said}</pre> })}
                {hint}{facts}{id}
                {children.map(|children| view! { <div class="buttons">{children()}</div> })}
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn messages_become_sentences_and_names_stay() {
        for (message, shown) in [
            ("there is no stream x/y", "There is no stream x/y."),
            ("Done.", "Done."),
            ("shop/ruby has no tag 2", "shop/ruby has no tag 2."),
            ("edge has no image yet", "edge has no image yet."),
            ("write the whole digest", "Write the whole digest."),
            ("", "."),
        ] {
            assert_eq!(sentence(message), shown);
        }
    }
}
