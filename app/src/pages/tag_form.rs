//! The form that sets a tag: preview says in words what will happen, Confirm does exactly that.

use engine::Planned;
use leptos::prelude::*;
use model::{
    PageRequest, StreamRef,
    tag::TagRow,
    tagging::{TagInput, parse_destination, parse_source},
};

use super::{Asked, below, page};
use crate::{
    api::{ApiError, form},
    components::{
        Button, Choice, Csrf, ErrorSummary, PageHead, Preview, RadioGroup, TextField, field_error,
    },
    islands::NameAdvice,
    routes,
};

/// Existing tags offered while the source is typed.
const OFFERED: usize = 250;

/// What is written in the form.
struct Written {
    source: String,
    destination: String,
    mode: &'static str,
}

/// The tag form.
#[component]
pub fn TagFormPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let offered = PageRequest {
            cursor: None,
            size: OFFERED,
        };
        let tags = call
            .engine
            .list_tags(&call.actor, &stream, "", &offered)
            .await?;
        let written = Written {
            source: asked.query("source"),
            destination: asked.query("destination"),
            mode: if asked.query("mode") == "follow" {
                "follow"
            } else {
                "fixed"
            },
        };
        let (planned, error) = match plan(&asked, &stream, &written).await {
            // A refusal of Confirm comes back to the address of the preview, so what is planned now is shown with it.
            Ok(planned) => (planned, asked.refusal()),
            Err(error) => (None, Some(error)),
        };
        let facts = view! { <span>"Both ends are tags or images of " <a href=routes::stream(&stream)>{stream.to_string()}</a></span> };
        Ok(view! {
            <PageHead title=format!("Tag in {}", stream.name) crumbs=below(&stream) facts=facts.into_any()/>
            <ErrorSummary error=error.clone()/>
            {fields(&stream, &written, &tags.items, error.as_ref(), asked.query("preview").is_empty())}
            {planned.map(|planned| confirm(&stream, &written, planned, &asked.csrf))}
        }
        .into_any())
    })
}

/// What setting the tag would do; nothing before a preview was asked for.
async fn plan(
    asked: &Asked,
    stream: &StreamRef,
    written: &Written,
) -> Result<Option<Planned>, ApiError> {
    if asked.query("preview").is_empty() {
        return Ok(None);
    }
    let request = form::tag_request(
        stream.clone(),
        &written.source,
        &written.destination,
        written.mode,
    )?;
    let call = &asked.call;
    Ok(Some(call.engine.plan_tag(&call.actor, &request).await?))
}

fn fields(
    stream: &StreamRef,
    written: &Written,
    tags: &[TagRow],
    error: Option<&ApiError>,
    fresh: bool,
) -> AnyView {
    // The refusal names one field; a destination that cannot be read is said with it.
    let unread = || (!fresh).then(|| parse_destination(&written.destination, stream).err());
    let destination_error = field_error(error, "destination").or_else(|| unread().flatten());
    let name = &stream.name;
    let offered = tags
        .iter()
        .map(|tag| view! { <option value=format!("{name}:{}", tag.name)></option> })
        .collect_view();
    let choice = |value, label, hint: &str| Choice {
        value,
        label,
        hint: hint.to_owned(),
    };
    let choices = vec![
        choice(
            "fixed",
            "Fixed",
            "The destination points at the source's image of this moment and stays there",
        ),
        choice(
            "follow",
            "Follow",
            "The destination moves whenever the source tag moves",
        ),
    ];
    view! {
        <form method="get" action=routes::tag_form(stream) class="sheet">
            <input type="hidden" name="preview" value="1"/>
            <TextField name="source" label="Source" value=written.source.clone() list="tags-here"
                hint=format!("What to point at: a tag, as in {name}:2.0, or an image, as in {name}@3a335d7")
                error=field_error(error, "source")/>
            {source_echo(stream, &written.source)}
            <datalist id="tags-here">{offered}</datalist>
            <TextField name="destination" label="Destination" value=written.destination.clone()
                hint=format!("The tag to set, as in {name}:latest; it is made if it does not exist")
                error=destination_error/>
            {destination_echo(stream, &written.destination)}
            <NameAdvice field="destination".to_owned() start=written.destination.clone()/>
            <RadioGroup name="mode" legend="How" choices=choices value=written.mode error=field_error(error, "mode")/>
            <p class="buttons"><Button kind="primary">"Preview"</Button> <a href=routes::stream(stream)>"Back to the tags"</a></p>
        </form>
    }
    .into_any()
}

/// How the source was read.
fn source_echo(stream: &StreamRef, text: &str) -> AnyView {
    let read = parse_source(text, stream).ok().map(|input| match input {
        TagInput::Tag(tag) => format!("stream {stream} · tag {tag}"),
        TagInput::Image(id) => format!("stream {stream} · image whose digest begins with {id}"),
    });
    read.map(|read| view! { <p class="echo">{read}</p> })
        .into_any()
}

/// How the destination was read.
fn destination_echo(stream: &StreamRef, text: &str) -> AnyView {
    parse_destination(text, stream)
        .ok()
        .map(|tag| view! { <p class="echo">{format!("stream {stream} · tag {tag}")}</p> })
        .into_any()
}

/// What will happen, and the button that does it. Without a change there is nothing to confirm.
fn confirm(stream: &StreamRef, written: &Written, planned: Planned, csrf: &str) -> AnyView {
    let form = (!planned.plan.is_empty()).then(|| {
        view! {
            <form method="post" action="/api/fn/tags/set">
                <Csrf token=csrf.to_owned()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="source" value=written.source.clone()/>
                <input type="hidden" name="destination" value=written.destination.clone()/>
                <input type="hidden" name="mode" value=written.mode/>
                <input type="hidden" name="token" value=planned.token/>
                <p class="buttons"><Button kind="primary">"Confirm"</Button></p>
            </form>
        }
    });
    view! {
        <section class="confirm" aria-labelledby="what-will-happen">
            <h2 id="what-will-happen">"What will happen"</h2>
            <Preview plan=planned.plan/>
            {form}
        </section>
    }
    .into_any()
}
