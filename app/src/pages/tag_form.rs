//! The form that sets a tag: preview says in words what will happen, Confirm does exactly that.

use leptos::prelude::*;
use model::PageRequest;

use super::{below, head, page};
use crate::{
    api::{ApiError, form},
    components::{Csrf, ErrorSummary, Preview, TextField, field_error},
    routes,
};

/// The tag form.
#[component]
pub fn TagFormPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let call = &asked.call;
        let tags = call
            .engine
            .list_tags(
                &call.actor,
                &stream,
                "",
                &PageRequest {
                    cursor: None,
                    size: 250,
                },
            )
            .await?;
        let (source, destination) = (asked.query("source"), asked.query("destination"));
        let mode = if asked.query("mode") == "follow" {
            "follow"
        } else {
            "fixed"
        };
        let planned = if asked.query("preview").is_empty() {
            Ok(None)
        } else {
            match form::tag_request(stream.clone(), &source, &destination, mode) {
                Ok(request) => call
                    .engine
                    .plan_tag(&call.actor, &request)
                    .await
                    .map(Some)
                    .map_err(ApiError::from),
                Err(error) => Err(error),
            }
        };
        let (planned, error) = match planned {
            Ok(planned) => (planned, asked.refusal()),
            Err(error) => (None, Some(error)),
        };
        let radio = |value: &'static str, label: &'static str, hint: &'static str| {
            view! {
                <div class="check">
                    <input type="radio" name="mode" id=value value=value checked={mode == value}/>
                    <label for=value>{label}</label>
                    <p class="hint">{hint}</p>
                </div>
            }
        };
        let names = tags
            .items
            .iter()
            .map(|tag| view! { <option value=format!("{}:{}", stream.name, tag.name)></option> })
            .collect_view();
        let mode_error = field_error(error.as_ref(), "mode");
        let confirm = planned.map(|planned| {
            let empty = planned.plan.is_empty();
            view! {
                <section class="confirm" aria-label="Preview">
                    <h2>"What will happen"</h2>
                    <Preview plan=planned.plan/>
                    {(!empty).then(|| view! {
                        <form method="post" action="/api/fn/tags/set">
                            <Csrf token=asked.csrf.clone()/>
                            <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                            <input type="hidden" name="name" value=stream.name.to_string()/>
                            <input type="hidden" name="source" value=source.clone()/>
                            <input type="hidden" name="destination" value=destination.clone()/>
                            <input type="hidden" name="mode" value=mode/>
                            <input type="hidden" name="token" value=planned.token.clone()/>
                            <p class="buttons"><button class="button primary">"Confirm"</button></p>
                        </form>
                    })}
                </section>
            }
        });
        Ok(view! {
            {head(below(&stream), format!("Tag in {}", stream.name), ().into_any(), ().into_any())}
            <ErrorSummary error=error.clone()/>
            <form method="get" action=routes::tag_form(&stream) class="sheet">
                <input type="hidden" name="preview" value="1"/>
                <TextField name="source" label="Source" value=source.clone() hint=format!("What to point at: a tag as in {}:2.0, or an image as in {}@3a335d7", stream.name, stream.name) error=field_error(error.as_ref(), "source") list="tags-here"/>
                <datalist id="tags-here">{names}</datalist>
                <TextField name="destination" label="Destination" value=destination.clone() hint=format!("The tag to set, as in {}:latest", stream.name) error=field_error(error.as_ref(), "destination")/>
                <fieldset class="field">
                    <legend>"How"</legend>
                    {mode_error.map(|text| view! { <p class="error">{text}</p> })}
                    {radio("fixed", "Fixed", "Points at the source's image of this moment and stays there")}
                    {radio("follow", "Follow", "Moves whenever the source tag moves")}
                </fieldset>
                <p class="buttons"><button class="button primary">"Preview"</button></p>
            </form>
            {confirm}
        }
        .into_any())
    })
}
