//! A tag as it was at an instant (`?at=`): where it pointed, what it should have been, and the history it had.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    StreamRef, TagName, TagSpec,
    policy::Schedule,
    tag::{TagPast, TagThen},
};

use super::history;
use crate::{
    api::ApiError,
    components::{
        Button, Empty, ErrorSummary, PageHead, Tab, Tabs, alert, badge, digest, exact_time, pager,
        reference, time,
    },
    pages::{
        Asked, below,
        stream::{at_field, base, image_link, instant, source},
    },
    routes,
};

/// What the tag's page shows instead of the tag of today.
pub(super) async fn page(
    asked: &Asked,
    stream: &StreamRef,
    tag: &TagName,
) -> Result<AnyView, ApiError> {
    let text = asked.query("at");
    let at = match instant(&text) {
        Ok(at) => at,
        Err(message) => return Ok(misread(asked, stream, tag, "Tag", &message)),
    };
    let call = &asked.call;
    let past = call.engine.tag_at(&call.actor, stream, tag, at).await?;
    let failure = past.failure.as_ref().map(|failure| {
        let words = format!("Its latest import had failed: {}", failure.message);
        alert("warn", view! { <p>{words}</p> }.into_any())
    });
    Ok(view! {
        {head(stream, tag, &text, past.head.as_ref(), "Tag")}
        {banner(&routes::tag(stream, tag), stream, tag, at, past.deleted)}
        {failure}
        {state(stream, &past, asked)}
        {form(&routes::tag(stream, tag), text, None)}
    }
    .into_any())
}

/// What the history's page shows instead of the history until today.
pub(super) async fn history_page(
    asked: &Asked,
    stream: &StreamRef,
    tag: &TagName,
) -> Result<AnyView, ApiError> {
    let text = asked.query("at");
    let at = match instant(&text) {
        Ok(at) => at,
        Err(message) => return Ok(misread(asked, stream, tag, "History", &message)),
    };
    let (call, request) = (&asked.call, asked.page()?);
    let past = call.engine.tag_at(&call.actor, stream, tag, at).await?;
    let revisions = call
        .engine
        .history_at(&call.actor, stream, tag, at, &request)
        .await?;
    let here = routes::history(stream, tag);
    let base = base(&here, &[("at", &text)], request.size);
    let table = if revisions.items.is_empty() {
        let why = match past.deleted {
            true => "It was deleted since, and its history with it.",
            false => "It had pointed at no image yet.",
        };
        view! { <Empty title="No revisions then" why=why/> }.into_any()
    } else {
        history::as_it_was(stream, tag, &revisions.items, asked).await
    };
    Ok(view! {
        {head(stream, tag, &text, past.head.as_ref(), "History")}
        {banner(&here, stream, tag, at, past.deleted)}
        {table}
        {pager(&base, revisions.previous.as_ref(), revisions.next.as_ref(), ["Newer", "Older"])}
        {form(&here, text, None)}
    }
    .into_any())
}

/// The page when the instant cannot be read.
fn misread(
    asked: &Asked,
    stream: &StreamRef,
    tag: &TagName,
    tab: &'static str,
    message: &str,
) -> AnyView {
    let error = ApiError::invalid("at", message.to_owned());
    let here = match tab {
        "History" => routes::history(stream, tag),
        _ => routes::tag(stream, tag),
    };
    view! {
        {head(stream, tag, "", None, tab)}
        <ErrorSummary error=Some(error.clone())/>
        {form(&here, asked.query("at"), Some(&error))}
    }
    .into_any()
}

fn head(
    stream: &StreamRef,
    tag: &TagName,
    at: &str,
    then: Option<&TagThen>,
    tab: &'static str,
) -> AnyView {
    let facts = then.map(|then| view! { <span>{digest(&then.digest)}</span> });
    let tabs = [
        ("Tag", routes::tag(stream, tag)),
        ("History", routes::history(stream, tag)),
    ];
    let tabs = tabs.map(|(name, href)| Tab {
        name,
        href: routes::with_query(&href, &[("at", at)]),
        count: None,
    });
    view! {
        <PageHead title=format!("{}:{tag}", stream.name) mono=true crumbs=below(stream) facts=facts.into_any()/>
        <Tabs tabs=tabs.into() current=tab/>
    }
    .into_any()
}

/// That this is not how it is, and the way back.
fn banner(
    here: &str,
    stream: &StreamRef,
    tag: &TagName,
    at: DateTime<Utc>,
    deleted: bool,
) -> AnyView {
    let words = format!("{}:{tag} as it was at {}. ", stream.name, exact_time(at));
    let back = match deleted {
        true => view! { "It was deleted since. " <a href=routes::stream(stream)>"To the stream of now"</a> }
            .into_any(),
        false => view! { <a href=here.to_owned()>"Back to now"</a> }.into_any(),
    };
    alert("info", view! { <p>{words} {back}</p> }.into_any())
}

fn form(here: &str, text: String, error: Option<&ApiError>) -> AnyView {
    view! {
        <form class="filters" method="get" action=here.to_owned()>
            {at_field(text, error)}
            <Button>"Show"</Button>
        </form>
    }
    .into_any()
}

fn state(stream: &StreamRef, past: &TagPast, asked: &Asked) -> AnyView {
    let spec = past.spec.as_ref();
    let is = match &past.head {
        Some(head) => view! {
            {reference(&head.reference)} " · " {image_link(stream, &head.digest)}
            <span class="muted">" · since " {time(head.since, asked.now)}</span>
        }
        .into_any(),
        None => view! { <span class="muted">"nothing yet"</span> }.into_any(),
    };
    let scheduled = spec.map(TagSpec::schedule).unwrap_or_default();
    let scheduled = (scheduled != Schedule::Never).then(|| {
        view! { <div><dt>"Imported again"</dt><dd>{scheduled.to_string()}</dd></div> }
    });
    let insecure = spec.is_some_and(|spec| spec.insecure).then(|| {
        view! { <div><dt>"Connection"</dt><dd>{badge("warn", "warn", "Insecure")}</dd></div> }
    });
    let held = past.held.then(
        || view! { <div><dt>"Held"</dt><dd>"Imports and follows did not move it"</dd></div> },
    );
    view! {
        <section>
            <h2>"Tag"</h2>
            <dl class="kv">
                <div><dt>"Source"</dt><dd>{source(stream, spec.map(|spec| &spec.source))}</dd></div>
                <div><dt>"Image"</dt><dd>{is}</dd></div>
                {held}
                {insecure}
                {scheduled}
            </dl>
        </section>
    }
    .into_any()
}
