//! The form that sets tags: preview says in words what will happen, Confirm does exactly that.

use engine::PlannedAll;
use leptos::prelude::*;
use model::{
    PageRequest, StreamRef,
    tag::{TagFilter, TagRow},
    tagging::{TagInput, parse_destinations, parse_source},
};

use super::{Asked, below, page};
use crate::{
    api::{ApiError, form::TagForm},
    components::{
        CheckBox, Choice, ConfirmButtons, Csrf, ErrorSummary, PageHead, Preview, PreviewButtons,
        RadioGroup, TextField, field_error,
    },
    islands::NameAdvice,
    routes,
};

/// Existing tags offered while the source is typed.
const OFFERED: usize = 250;

/// The tag form.
#[component]
pub fn TagFormPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        call.actor.may_write_anywhere()?;
        let offered = PageRequest {
            cursor: None,
            size: OFFERED,
        };
        let tags = call
            .engine
            .list_tags(&call.actor, &stream, &TagFilter::default(), &offered)
            .await?;
        let written = written(&asked);
        let (planned, error) = match plan(&asked, &stream, &written).await {
            // A refusal of Confirm comes back to the address of the preview, so what is planned now is shown with it.
            Ok(planned) => (planned, asked.refusal()),
            Err(error) => (None, Some(error)),
        };
        let confirm = planned.map(|planned| confirm(&stream, &written, planned, &asked.csrf));
        Ok(view! {
            <PageHead title=format!("Tag in {}", stream.name) crumbs=below(&stream)/>
            <ErrorSummary error=error.clone()/>
            {fields(&stream, &written, &tags.items, error.as_ref(), asked.query("preview").is_empty(), confirm.is_some())}
            {confirm.transpose()?}
        }
        .into_any())
    })
}

/// What is written in the form, from the address.
fn written(asked: &Asked) -> TagForm {
    let or = |name: &str, usual: &str| match asked.query(name) {
        text if text.is_empty() => usual.to_owned(),
        text => text,
    };
    TagForm {
        source: asked.query("source"),
        destination: asked.query("destination"),
        mode: or("mode", "fixed"),
        pull: or("pull", "keep"),
        insecure: !asked.query("insecure").is_empty(),
        period: asked.query("period"),
        platforms: or("platforms", "preserve-original"),
        os: asked.query("os"),
        architecture: asked.query("architecture"),
        note: !asked.query("note").is_empty(),
    }
}

/// What setting the tags would do; nothing before a preview was asked for.
async fn plan(
    asked: &Asked,
    stream: &StreamRef,
    written: &TagForm,
) -> Result<Option<PlannedAll>, ApiError> {
    if asked.query("preview").is_empty() {
        return Ok(None);
    }
    let request = written.request(stream)?;
    let call = &asked.call;
    Ok(Some(call.engine.plan_tag(&call.actor, &request).await?))
}

fn choice(value: &'static str, label: &'static str, hint: &str) -> Choice {
    Choice {
        value,
        label,
        hint: hint.to_owned(),
    }
}

fn fields(
    stream: &StreamRef,
    written: &TagForm,
    tags: &[TagRow],
    error: Option<&ApiError>,
    fresh: bool,
    previewed: bool,
) -> AnyView {
    // The refusal names one field; a destination that cannot be read is said with it.
    let unread = || (!fresh).then(|| parse_destinations(&written.destination, stream).err());
    let destination_error = field_error(error, "destination").or_else(|| unread().flatten());
    let name = &stream.name;
    let offered = tags
        .iter()
        .map(|tag| view! { <option value=format!("{name}:{}", tag.name)></option> })
        .collect_view();
    let choices = vec![
        choice(
            "fixed",
            "Fixed",
            "The destination points at the source's image of this moment and stays there; a registry is imported once",
        ),
        choice(
            "follow",
            "Follow",
            "The destination moves whenever the source tag moves; a registry is looked at again from time to time",
        ),
    ];
    view! {
        <form method="get" action=format!("{}#preview", routes::tag_form(stream)) class="sheet">
            <input type="hidden" name="preview" value="1"/>
            <TextField name="source" label="Source" value=written.source.clone() list="tags-here"
                hint=format!("What to point at: a tag, as in {name}:2.0 or shop/base:1, an image, as in {name}@3a335d7, or what a registry has, as in quay.io/org/app:2.0")
                error=field_error(error, "source")/>
            {source_echo(stream, &written.source)}
            <datalist id="tags-here">{offered}</datalist>
            <TextField name="destination" label="Destination" value=written.destination.clone()
                hint=format!("The tag to set, as in {name}:latest, or several, separated by spaces; what does not exist is made")
                error=destination_error/>
            {destination_echo(stream, &written.destination)}
            <NameAdvice field="destination".to_owned() start=written.destination.clone()/>
            <RadioGroup name="mode" legend="How" choices=choices value=written.mode.clone() error=field_error(error, "mode")/>
            {options(written, error)}
            <PreviewButtons shown=previewed cancel=routes::stream(stream)/>
        </form>
    }
    .into_any()
}

/// What is seldom needed; open when something of it is set or wrong.
fn options(written: &TagForm, error: Option<&ApiError>) -> AnyView {
    const FIELDS: [&str; 5] = ["pull", "period", "platforms", "os", "architecture"];
    let wrong = error
        .and_then(ApiError::field)
        .is_some_and(|field| FIELDS.contains(&field));
    let usual = TagForm {
        source: written.source.clone(),
        destination: written.destination.clone(),
        mode: written.mode.clone(),
        pull: "keep".to_owned(),
        platforms: "preserve-original".to_owned(),
        ..TagForm::default()
    };
    let pull = vec![
        choice(
            "keep",
            "As it is",
            "What the tag has; the source for a new one",
        ),
        choice(
            "source",
            "The registry it came from",
            "Reference policy Source",
        ),
        choice("local", "This registry", "Reference policy Local"),
    ];
    view! {
        <details class="options" open=wrong || *written != usual>
            <summary>"Options"</summary>
            <RadioGroup name="pull" legend="Where consumers pull from" choices=pull value=written.pull.clone() error=field_error(error, "pull")/>
            <h3>"For a source in a registry"</h3>
            <CheckBox name="insecure" label="Insecure registry" checked=written.insecure hint="Allow unverified certificates and plain HTTP for this tag. Anybody on the way can change what you get."/>
            <TextField name="period" label="Period" value=written.period.clone() required=false
                hint="For Follow: how often it is looked at again, as in 30m; the server's period if left empty" error=field_error(error, "period")/>
            <RadioGroup name="platforms" legend="Platforms" choices=platforms() value=written.platforms.clone() error=field_error(error, "platforms")/>
            {one_platform(&written.os, &written.architecture, error)}
            <CheckBox name="note" label="Only note it" checked=written.note hint="Keep the place as it is written and never import it"/>
        </details>
    }
    .into_any()
}

/// What is kept of an image for several platforms.
pub(super) fn platforms() -> Vec<Choice> {
    vec![
        choice(
            "preserve-original",
            "All platforms",
            "An image for several platforms is kept whole",
        ),
        choice(
            "legacy",
            "One platform",
            "Only the image of the platform below is kept",
        ),
    ]
}

/// Which platform that is.
pub(super) fn one_platform(os: &str, architecture: &str, error: Option<&ApiError>) -> AnyView {
    view! {
        <TextField name="os" label="Operating system" value=os.to_owned() required=false
            hint="For One platform, as in linux; the server's own if left empty" error=field_error(error, "os")/>
        <TextField name="architecture" label="Architecture" value=architecture.to_owned() required=false
            hint="For One platform, as in arm64; the server's own if left empty" error=field_error(error, "architecture")/>
    }
    .into_any()
}

/// How the source was read.
fn source_echo(stream: &StreamRef, text: &str) -> AnyView {
    let read = parse_source(text, stream).ok().map(|input| match input {
        TagInput::Tag(at) => format!("stream {} · tag {}", at.stream, at.tag),
        TagInput::Image(stream, id) => {
            format!("stream {stream} · image whose digest begins with {id}")
        }
        TagInput::External(reference) => {
            let target = match (reference.digest(), reference.tag()) {
                (Some(digest), _) => format!("image {}", digest.short()),
                (None, Some(tag)) => format!("tag {tag}"),
                (None, None) => "tag latest".to_owned(),
            };
            let (host, repository) = (reference.host(), reference.repository());
            format!("registry {host} · repository {repository} · {target}")
        }
    });
    read.map(|read| view! { <p class="echo">{read}</p> })
        .into_any()
}

/// How the destinations were read.
fn destination_echo(stream: &StreamRef, text: &str) -> AnyView {
    let read = parse_destinations(text, stream).unwrap_or_default();
    read.into_iter()
        .map(|at| view! { <p class="echo">{format!("stream {} · tag {}", at.stream, at.tag)}</p> })
        .collect_view()
        .into_any()
}

/// What will happen, and the button that does it. Without a change there is nothing to confirm.
fn confirm(
    stream: &StreamRef,
    written: &TagForm,
    planned: PlannedAll,
    csrf: &str,
) -> Result<AnyView, ApiError> {
    let nothing = planned.is_empty();
    let field = written.field()?;
    let form = (!nothing).then(|| {
        view! {
            <form method="post" action="/api/fn/tags/set">
                <Csrf token=csrf.to_owned()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="form" value=field/>
                <input type="hidden" name="token" value=planned.token/>
                <ConfirmButtons cancel=routes::stream(stream)/>
            </form>
        }
    });
    Ok(view! {
        <section class="confirm" id="preview" tabindex="-1" aria-labelledby="what-will-happen">
            <h2 id="what-will-happen">"What will happen"</h2>
            <Preview plans=planned.plans>{form}</Preview>
        </section>
    }
    .into_any())
}
