//! The import form: for a new stream, or into one that is there. Preview looks at the registry, Confirm starts the job.

use leptos::prelude::*;
use model::{
    import::{ImportPreview, Selection},
    job::thousands,
};

use super::{Asked, below, head, page};
use crate::{
    api::{ApiError, form::ImportForm},
    components::{CheckBox, Csrf, ErrorSummary, TextField, alert, digest, field_error},
    routes,
};

/// The form for a new stream.
#[component]
pub fn NewStreamPage() -> impl IntoView {
    page(|asked| async move { Ok(form_page(asked, true).await?) })
}

/// The form that imports into a stream.
#[component]
pub fn ImportPage() -> impl IntoView {
    page(|asked| async move { Ok(form_page(asked, false).await?) })
}

async fn form_page(asked: Asked, create: bool) -> Result<AnyView, ApiError> {
    let preview = !asked.query("preview").is_empty();
    let mut form = ImportForm {
        namespace: asked.query("namespace"),
        name: asked.query("name"),
        source: asked.query("source"),
        selection: asked.query("tags"),
        chosen: asked.query.get_all("chosen").unwrap_or_default().join(","),
        insecure: !asked.query("insecure").is_empty(),
    };
    let (crumbs, title) = if create {
        (
            vec![("Streams".to_owned(), routes::STREAMS.to_owned())],
            "New stream".to_owned(),
        )
    } else {
        let stream = asked.stream()?;
        let view = asked.call.engine.stream(&asked.call.actor, &stream).await?;
        form.namespace = stream.namespace.to_string();
        form.name = stream.name.to_string();
        if !preview && form.source.is_empty() {
            form.source = view
                .row
                .source
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
        }
        (below(&stream), format!("Import into {stream}"))
    };
    if form.selection.is_empty() {
        form.selection = "all".to_owned();
    }
    let looked = if preview {
        match form.request(create) {
            Ok(request) => asked
                .call
                .engine
                .preview_import(&asked.call.actor, &request)
                .await
                .map(Some)
                .map_err(ApiError::from),
            Err(error) => Err(error),
        }
    } else {
        Ok(None)
    };
    let (shown, error) = match looked {
        Ok(shown) => (shown, asked.refusal()),
        Err(error) => (None, Some(error)),
    };
    let action = if create {
        routes::NEW_STREAM.to_owned()
    } else {
        routes::import(&asked.stream()?)
    };
    Ok(view! {
        {head(crumbs, title, ().into_any(), ().into_any())}
        <ErrorSummary error=error.clone()/>
        {fields(&form, action, create, error.as_ref())}
        {shown.map(|preview| confirm(&form, &preview, create, &asked.csrf))}
    }
    .into_any())
}

fn fields(form: &ImportForm, action: String, create: bool, error: Option<&ApiError>) -> AnyView {
    let radio = |value: &'static str, label: &'static str, hint: &'static str| {
        let id = format!("tags-{value}");
        view! {
            <div class="check">
                <input type="radio" name="tags" value=value id=id.clone() checked={form.selection == value}/>
                <label for=id>{label}</label>
                <p class="hint">{hint}</p>
            </div>
        }
    };
    let names = create.then(|| {
        view! {
            <TextField name="namespace" label="Namespace" value=form.namespace.clone() hint="Who it belongs to: a team or project, as in shop" error=field_error(error, "namespace")/>
            <TextField name="name" label="Name" value=form.name.clone() hint="Lower-case letters and digits joined by . _ or -, as in my-ruby" error=field_error(error, "name")/>
        }
    });
    let echo = form.source.trim().parse::<model::Reference>().ok().map(|source| {
        view! { <p class="echo">{format!("registry {} · repository {}", source.host(), source.repository())}</p> }
    });
    view! {
        <form method="get" action=action class="sheet">
            <input type="hidden" name="preview" value="1"/>
            {names}
            <TextField name="source" label="Source repository" value=form.source.clone() hint="Registry and repository without a tag, as in quay.io/org/app or localhost:5000/ruby" error=field_error(error, "source") required=false/>
            {echo}
            <fieldset class="field">
                <legend>"Tags to import"</legend>
                {radio("all", "All tags", "Newest versions first, up to the limit; the rest stays one click away")}
                {radio("chosen", "Chosen tags", "Only those written below")}
                {radio("none", "None", "Only make the stream")}
            </fieldset>
            <TextField name="chosen" label="Tags" value=form.chosen.clone() hint="For Chosen tags: separated by commas or spaces, as in 2.0, 2.1" error=field_error(error, "tags") required=false/>
            <CheckBox name="insecure" label="Insecure registry" checked=form.insecure hint="Allow unverified certificates and plain HTTP for this source. Anybody on the way can change what you get."/>
            <p class="buttons"><button class="button primary">"Preview"</button></p>
        </form>
    }
    .into_any()
}

fn confirm(form: &ImportForm, preview: &ImportPreview, create: bool, csrf: &str) -> AnyView {
    let stream = &preview.request.stream;
    let n = i64::try_from(preview.tags.len()).unwrap_or(i64::MAX);
    let count = |n: i64| format!("{} {}", thousands(n), if n == 1 { "tag" } else { "tags" });
    let mut sentence = if create {
        format!("The stream {stream} will be made.")
    } else {
        String::new()
    };
    if preview.request.selection != Selection::None {
        sentence.push_str(&format!(
            " Found {}: {} will be imported now",
            count(preview.found),
            thousands(n)
        ));
        if preview.left_out_count > 0 {
            sentence.push_str(&format!(
                ", {} wait beyond the limit",
                thousands(preview.left_out_count)
            ));
        }
        sentence.push_str(&format!(
            ". About {} requests to the registry.",
            thousands(preview.requests)
        ));
    }
    let rows = preview
        .tags
        .iter()
        .take(250)
        .map(|tag| {
            view! {
                <tr>
                    <th scope="row"><code>{tag.tag.to_string()}</code></th>
                    <td data-label="Now">{tag.current.as_ref().map(|current| digest(current).into_any())}</td>
                    <td data-label="Replaces">{tag.replaces.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    let more = preview.tags.len().saturating_sub(250);
    let left_out = (!preview.left_out.is_empty()).then(|| {
        let names: Vec<_> = preview.left_out.iter().map(ToString::to_string).collect();
        view! { <details><summary>{format!("{} left out", count(preview.left_out_count))}</summary><p><code>{names.join(", ")}</code></p></details> }
    });
    let warnings = preview
        .warnings
        .iter()
        .map(|warning| alert("warn", view! { <p>{warning.0.clone()}</p> }.into_any()))
        .collect_view();
    let unusable = (preview.unusable > 0).then(|| view! { <p class="muted">{format!("{} names upstream are no valid tags and are passed over.", preview.unusable)}</p> });
    let action = if create {
        "/api/fn/streams/create"
    } else {
        "/api/fn/imports/start"
    };
    let table = (n > 0).then(|| {
        view! {
            <table class="data plan">
                <caption>"Preview"</caption>
                <thead><tr><th scope="col">"Tag"</th><th scope="col">"Now"</th><th scope="col">"Replaces"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
            {(more > 0).then(|| view! { <p class="muted">{format!("and {more} more")}</p> })}
        }
    });
    view! {
        <section class="confirm" aria-label="Preview">
            <h2>"What will happen"</h2>
            <p class="sentence" role="status">{sentence}</p>
            {warnings}
            <form method="post" action=action>
                <Csrf token=csrf.to_owned()/>
                <input type="hidden" name="namespace" value=form.namespace.clone()/>
                <input type="hidden" name="name" value=form.name.clone()/>
                <input type="hidden" name="source" value=form.source.clone()/>
                <input type="hidden" name="tags" value=form.selection.clone()/>
                <input type="hidden" name="chosen" value=form.chosen.clone()/>
                {form.insecure.then(|| view! { <input type="hidden" name="insecure" value="on"/> })}
                <p class="buttons"><button class="button primary">"Confirm"</button></p>
            </form>
            {table} {left_out} {unusable}
        </section>
    }
    .into_any()
}
