//! Definitions: streams, tags and images as text, and text that becomes streams.

use leptos::{prelude::*, server_fn::ServerFn};
use model::{Plan, StreamRef};

use super::{Asked, below, page};
use crate::{
    api::{ApiError, ApplyDefinitions, PreviewDefinitions},
    components::{
        ConfirmButtons, CopyButton, Csrf, ErrorSummary, Field, LinkButton, PageHead, Preview,
        PreviewButtons, TextField, field_error,
    },
    routes,
};

/// What an empty form shows how to write.
const EXAMPLE: &str = "kind: ImageStream
apiVersion: image.openshift.io/v1
metadata:
  name: ruby
spec:
  tags:
  - name: \"2.7\"
    from:
      kind: DockerImage
      name: quay.io/org/ruby:2.7
    importPolicy:
      scheduled: true
";

/// The form that takes definitions, with the preview of what they would do.
#[component]
pub fn ApplyPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        call.actor.may_write_anywhere()?;
        let id = asked.query("draft");
        let (draft, planned) = if id.is_empty() {
            (None, Ok(None))
        } else {
            let draft = call.engine.draft(&call.actor, &id).await?;
            let planned = call.engine.plan_definitions(&call.actor, &draft).await;
            (Some(draft), planned.map(Some).map_err(ApiError::from))
        };
        let (planned, error) = match planned {
            Ok(planned) => (planned, asked.refusal()),
            Err(error) => (None, Some(error)),
        };
        let (namespace, text) = draft.map_or_else(
            || (asked.query("namespace"), String::new()),
            |draft| (draft.namespace, draft.text),
        );
        let problems = field_error(error.as_ref(), "text");
        // A text has many problems at once: all are listed, and the summary says where.
        let summary = match &problems {
            Some(_) => Some(ApiError::invalid(
                "text",
                "The definition cannot be applied as written",
            )),
            None => error.clone(),
        };
        // The words of what reads the text, which may point at a place in it.
        let listed = problems.map(|problems| {
            let lines: Vec<_> = problems.lines().take(100).collect();
            view! { <pre class="well problems" id="text-error">{lines.join("\n")}</pre> }
        });
        let field = error.as_ref().and_then(ApiError::field);
        let [text_invalid, file_invalid] =
            ["text", "file"].map(|name| (field == Some(name)).then_some("true"));
        let confirm = planned.map(|planned| {
            let nothing = planned.plans.iter().all(Plan::is_empty);
            let button = (!nothing).then(|| {
                view! {
                    <form method="post" action=ApplyDefinitions::PATH>
                        <Csrf token=asked.csrf.clone()/>
                        <input type="hidden" name="draft" value=id.clone()/>
                        <input type="hidden" name="token" value=planned.token/>
                        <ConfirmButtons cancel=routes::STREAMS/>
                    </form>
                }
            });
            view! {
                <section class="confirm" id="preview" tabindex="-1">
                    <h2>"What will happen"</h2>
                    <Preview plans=planned.plans>{button}</Preview>
                </section>
            }
        });
        Ok(view! {
            <PageHead title="Apply definitions" crumbs=vec![("Streams".to_owned(), routes::STREAMS.to_owned())]/>
            <ErrorSummary error=summary/>
            <form method="post" action=PreviewDefinitions::PATH class="sheet wide-sheet">
                <Csrf token=asked.csrf.clone()/>
                <TextField name="namespace" label="Namespace" value=namespace hint="For streams that name none, as in shop" error=field_error(error.as_ref(), "namespace") required=false/>
                <Field name="text" label="Definition" hint="One or several ImageStreams, YAML or JSON, as oc get -o yaml and Export write them. Tags that are not written stay as they are; labels, annotations and policies become what is written." need="required">
                    {listed}
                    <textarea id="text" name="text" rows="18" spellcheck="false" autocapitalize="none" autocomplete="off" placeholder=EXAMPLE
                        aria-describedby="text-error text-hint" aria-invalid=text_invalid required=true>{text}</textarea>
                </Field>
                <PreviewButtons shown=confirm.is_some() cancel=routes::STREAMS/>
                <Field name="file" label="File" hint="Instead of the field above: a file of YAML or JSON, in UTF-8, of 1 MB at most." error=field_error(error.as_ref(), "file") need="optional">
                    <input id="file" name="file" type="file" accept=".yaml,.yml,.json,text/plain" aria-describedby="file-error file-hint" aria-invalid=file_invalid/>
                </Field>
                <p class="buttons">
                    <button class="button" formaction=routes::APPLY_FILE formenctype="multipart/form-data" formnovalidate=true>"Read the file"</button>
                </p>
            </form>
            {confirm}
        }
        .into_any())
    })
}

/// A stream as text.
#[component]
pub fn StreamDefinitionPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let object = call.engine.export_stream(&call.actor, &stream).await?;
        let here = routes::stream_definition(&stream);
        shown(&asked, &stream, stream.to_string(), here, &object)
    })
}

/// A tag as text.
#[component]
pub fn TagDefinitionPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        let call = &asked.call;
        let object = call.engine.export_tag(&call.actor, &stream, &tag).await?;
        let here = routes::tag_definition(&stream, &tag);
        shown(
            &asked,
            &stream,
            format!("{}:{tag}", stream.name),
            here,
            &object,
        )
    })
}

/// An image of a stream as text.
#[component]
pub fn ImageDefinitionPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let id = asked.raw_digest();
        let call = &asked.call;
        let object = call.engine.export_image(&call.actor, &stream, &id).await?;
        let here = routes::image_definition(&stream, &id);
        shown(
            &asked,
            &stream,
            format!("{}@{id}", stream.name),
            here,
            &object,
        )
    })
}

fn shown(
    asked: &Asked,
    stream: &StreamRef,
    title: String,
    here: String,
    object: &serde_json::Value,
) -> Result<AnyView, ApiError> {
    let json = asked.query("format") == "json";
    let text = if json {
        engine::openshift::text::json(object)?
    } else {
        engine::openshift::text::yaml(object)?
    };
    let other = if json {
        view! { <LinkButton href=here>"Show as YAML"</LinkButton> }.into_any()
    } else {
        view! { <LinkButton href=format!("{here}?format=json")>"Show as JSON"</LinkButton> }
            .into_any()
    };
    let what = if json { "JSON" } else { "YAML" };
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    Ok(view! {
        <PageHead title=format!("{title} as {what}") mono=true crumbs=below(stream)>{other}</PageHead>
        <p class="muted">{kind} ", as OpenShift writes it. " <CopyButton text=text.clone() what=what/></p>
        <pre class="well definition" tabindex="0" aria-label="Definition"><code>{text}</code></pre>
    }
    .into_any())
}
