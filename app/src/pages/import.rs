//! The import form: for a new stream, or into one that is there. Preview looks at the registry, Confirm starts the job.

mod preview;

use leptos::prelude::*;
use model::{Reference, stream::StreamView};

use super::{Asked, below, edit, page, tag_form};
use crate::{
    api::{
        ApiError,
        form::{self, ImportForm, NarrowForm, OptionsForm},
    },
    components::{
        CheckBox, Choice, ErrorSummary, PageHead, PreviewButtons, RadioGroup, TextField, alert,
        field_error,
    },
    routes,
};

/// The form for a new stream.
#[component]
pub fn NewStreamPage() -> impl IntoView {
    page(|asked| async move {
        asked.call.actor.may_write_anywhere()?;
        let crumbs = vec![("Streams".to_owned(), routes::STREAMS.to_owned())];
        let form = ImportForm {
            namespace: asked.query("namespace"),
            name: asked.query("name"),
            ..given(&asked)
        };
        let head = view! { <PageHead title="New stream" crumbs=crumbs/> };
        Ok(form_page(&asked, head.into_any(), form, true).await)
    })
}

/// The form that imports into a stream.
#[component]
pub fn ImportPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        asked.call.actor.may_write(&stream.namespace)?;
        let view = asked.call.engine.stream(&asked.call.actor, &stream).await?;
        let mut form = ImportForm {
            namespace: stream.namespace.to_string(),
            name: stream.name.to_string(),
            ..given(&asked)
        };
        if !previews(&asked) && form.source.is_empty() {
            form.source = source_of(&view);
        }
        let title = format!("Import into {stream}");
        let head = view! { <PageHead title=title crumbs=below(&stream)/> };
        Ok(form_page(&asked, head.into_any(), form, false).await)
    })
}

/// The fields both forms have, as the address has them.
fn given(asked: &Asked) -> ImportForm {
    let selection = match asked.query("tags") {
        none if none.is_empty() => "all".to_owned(),
        some => some,
    };
    ImportForm {
        source: asked.query("source"),
        selection,
        chosen: asked.queries("chosen").join(" "),
        narrow: NarrowForm {
            include: asked.query("include"),
            exclude: asked.query("exclude"),
            range: asked.query("range"),
            newest: asked.query("newest"),
            ..Default::default()
        },
        insecure: !asked.query("insecure").is_empty(),
        scheduled: !asked.query("scheduled").is_empty(),
        options: OptionsForm {
            pull: asked.query("pull"),
            platforms: asked.query("platforms"),
            os: asked.query("os"),
            architecture: asked.query("architecture"),
        },
        ..ImportForm::default()
    }
}

fn previews(asked: &Asked) -> bool {
    !asked.query("preview").is_empty()
}

fn source_of(view: &StreamView) -> String {
    let source = view.row.source.as_ref();
    source.map(ToString::to_string).unwrap_or_default()
}

async fn form_page(asked: &Asked, head: AnyView, form: ImportForm, create: bool) -> AnyView {
    let looked = if previews(asked) {
        match form.request(create) {
            Ok(request) => {
                let call = &asked.call;
                let preview = call.engine.preview_import(&call.actor, &request).await;
                preview.map(Some).map_err(ApiError::from)
            }
            Err(error) => Err(error),
        }
    } else {
        Ok(None)
    };
    let (shown, error) = match looked {
        Ok(shown) => (shown, asked.refusal()),
        Err(error) => (None, Some(error)),
    };
    // What is wrong with chosen tags stands where they are written.
    let error = error.map(|error| match error {
        ApiError::Invalid { field, message } if field == "tags" && form.selection == "chosen" => {
            ApiError::invalid("chosen", message)
        }
        other => other,
    });
    let there = if create {
        already_there(asked, &form, error.as_ref()).await
    } else {
        None
    };
    view! {
        {head}
        <ErrorSummary error=error.clone()/>
        {there}
        {fields(&form, create, error.as_ref(), shown.is_some())}
        {shown.map(|preview| preview::confirm(&form, &preview, create, back(&form, create), &asked.csrf))}
    }
    .into_any()
}

/// When the name is taken: the way to the stream that has it. Somebody who confirmed twice made it a moment ago.
async fn already_there(
    asked: &Asked,
    form: &ImportForm,
    error: Option<&ApiError>,
) -> Option<AnyView> {
    error.filter(|error| error.field() == Some("name"))?;
    let stream = form::stream(&form.namespace, &form.name).ok()?;
    let call = &asked.call;
    call.engine.stream(&call.actor, &stream).await.ok()?;
    let inner = view! {
        <p>
            <a href=routes::stream(&stream)>{format!("Open {stream}")}</a> " or "
            <a href=routes::import(&stream)>"import into it"</a>
        </p>
    };
    Some(alert("info", inner.into_any()))
}

fn fields(form: &ImportForm, create: bool, error: Option<&ApiError>, previewed: bool) -> AnyView {
    let cancel = back(form, create);
    let action = match form::stream(&form.namespace, &form.name) {
        Ok(stream) if !create => routes::import(&stream),
        _ => routes::NEW_STREAM.to_owned(),
    };
    // The refusal names one field; what else cannot be read is said with it.
    let unread = |field| {
        field_error(error, field).or_else(|| error.and_then(|_| form.unread(field, create)))
    };
    let names = create.then(|| {
        view! {
            <TextField name="namespace" label="Namespace" value=form.namespace.clone() hint="Who it belongs to: a team or project, as in shop" error=unread("namespace")/>
            <TextField name="name" label="Name" value=form.name.clone() hint="Lower-case letters and digits joined by . _ or -, as in my-ruby" error=unread("name")/>
        }
    });
    let choice = |value, label, hint: &str| Choice {
        value,
        label,
        hint: hint.to_owned(),
    };
    let none = if create {
        "Only make the stream"
    } else {
        "Nothing: there is no stream to make here"
    };
    let choices = vec![
        choice(
            "all",
            "All tags",
            "Newest versions first, up to the limit; the rest stays one click away",
        ),
        choice("chosen", "Chosen tags", "Only those written below"),
        choice("none", "None", none),
    ];
    // The answer is below the form: go there, if there is one.
    let action = format!("{action}#preview");
    view! {
        <form method="get" action=action class="sheet">
            <input type="hidden" name="preview" value="1"/>
            {names}
            <TextField name="source" label="Source repository" value=form.source.clone() hint="Registry and repository without a tag, as in quay.io/org/app or localhost:5000/ruby" error=beside_source(error).or_else(|| unread("source")) required=!create/>
            {echo(&form.source)}
            <RadioGroup name="tags" legend="Tags to import" choices=choices value=form.selection.clone() error=field_error(error, "tags")/>
            <TextField name="chosen" label="Tags" value=form.chosen.clone() hint="For Chosen tags: separated by commas or spaces, as in 2.0, 2.1" error=field_error(error, "chosen") required=false/>
            {narrowing(&form.narrow, error)}
            <CheckBox name="insecure" label="Insecure registry" checked=form.insecure hint="Allow unverified certificates and plain HTTP for this source. Anybody on the way can change what you get."/>
            <CheckBox name="scheduled" label="Scheduled" checked=form.scheduled hint="Import these tags again from time to time, at the server's period. Each tag can have its own later."/>
            {options(&form.options, error)}
            <PreviewButtons shown=previewed cancel=cancel/>
        </form>
    }
    .into_any()
}

/// The page one came from.
fn back(form: &ImportForm, create: bool) -> String {
    match form::stream(&form.namespace, &form.name) {
        Ok(stream) if !create => routes::stream(&stream),
        _ => routes::STREAMS.to_owned(),
    }
}

/// What narrows All tags; open when something is written there or wrong with it.
fn narrowing(narrow: &NarrowForm, error: Option<&ApiError>) -> AnyView {
    let of = |field| field_error(error, field);
    let wrong = ["include", "exclude", "range", "newest"]
        .into_iter()
        .any(|field| of(field).is_some());
    let open = wrong || !narrow.is_empty();
    view! {
        <details class="narrowing" open=open>
            <summary>"Narrow All tags"</summary>
            <TextField name="include" label="Only tags like" value=narrow.include.clone() hint="Patterns with * for any text and ? for one letter, separated by commas, as in 2.*, latest" error=of("include") required=false/>
            <TextField name="exclude" label="But no tags like" value=narrow.exclude.clone() hint="Patterns likewise, as in *-rc*, *-debug" error=of("exclude") required=false/>
            <TextField name="range" label="Versions" value=narrow.range.clone() hint="A range, as in >=2.0, <3. Tags that are no versions are left out; so are pre-releases the range does not name" error=of("range") required=false/>
            <TextField name="newest" label="Newest" value=narrow.newest.clone() hint="How many of the highest versions, as in 10. Tags that are no versions are left out" error=of("newest") required=false/>
        </details>
    }
    .into_any()
}

/// What is seldom needed; open when something of it is set or wrong.
fn options(written: &OptionsForm, error: Option<&ApiError>) -> AnyView {
    const USUAL: [(&str, &str); 2] = [("pull", "source"), ("platforms", "keep")];
    let set = |(name, value): &(&str, &str)| !value.is_empty() && !USUAL.contains(&(name, value));
    let wrong = |(name, _): &(&str, &str)| field_error(error, name).is_some();
    let open = written
        .fields()
        .iter()
        .any(|field| set(field) || wrong(field));
    let or = |text: &str, usual: &str| if text.is_empty() { usual } else { text }.to_owned();
    let pulls = edit::choices(&[
        (
            "source",
            "The source",
            "Consumers of new tags are sent to the registry the image came from",
        ),
        (
            "local",
            "This registry",
            "Consumers of new tags are sent to the integrated registry, which fetches what it does not have",
        ),
    ]);
    let mut platforms = tag_form::platforms();
    let keep = (
        "keep",
        "As it is",
        "What each tag has; all platforms for a new one",
    );
    platforms.splice(0..0, edit::choices(&[keep]));
    view! {
        <details class="options" open=open>
            <summary>"Options"</summary>
            <RadioGroup name="pull" legend="Consumers pull from" choices=pulls value=or(&written.pull, "source") error=field_error(error, "pull")/>
            <RadioGroup name="platforms" legend="Platforms" choices=platforms value=or(&written.platforms, "keep") error=field_error(error, "platforms")/>
            {tag_form::one_platform(&written.os, &written.architecture, error)}
        </details>
    }
    .into_any()
}

/// What is said beside the source: our own message, or where to read the registry's.
fn beside_source(error: Option<&ApiError>) -> Option<String> {
    match error {
        Some(ApiError::Upstream { hint, .. }) if !hint.is_empty() => Some(hint.clone()),
        other => field_error(other, "source"),
    }
}

/// How the source is understood.
fn echo(source: &str) -> Option<AnyView> {
    let source: Reference = source.trim().parse().ok()?;
    let text = format!(
        "registry {} · repository {}",
        source.host(),
        source.repository()
    );
    Some(view! { <p class="echo">{text}</p> }.into_any())
}
