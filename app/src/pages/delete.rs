//! Deleting: what goes is shown first; a stream's name is typed, because that cannot be undone.

use leptos::prelude::*;

use super::{banner, below, head, page};
use crate::{
    api::form,
    components::{Csrf, Preview, TextField, field_error},
    routes,
};

/// The preview of deleting a stream.
#[component]
pub fn DeleteStreamPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let planned = asked
            .call
            .engine
            .plan_delete_stream(&asked.call.actor, &stream)
            .await?;
        let error = field_error(asked.refusal().as_ref(), "typed");
        Ok(view! {
            {head(below(&stream), format!("Delete {stream}"), ().into_any(), ().into_any())}
            {banner(&asked)}
            <Preview plan=planned.plan/>
            <form method="post" action="/api/fn/streams/delete" class="sheet">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="token" value=planned.token/>
                <TextField name="typed" label="Type the stream's name" value=String::new() hint=format!("{stream}, as a proof that you mean it") error=error/>
                <p class="buttons"><button class="button danger">"Delete the stream"</button> <a href=routes::stream(&stream)>"Keep it"</a></p>
            </form>
        }
        .into_any())
    })
}

/// The preview of deleting tags.
#[component]
pub fn DeleteTagsPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        // One tag by a link, or many by check boxes.
        let named = ["tag", "tag[]"]
            .into_iter()
            .filter_map(|key| asked.query.get_all(key))
            .flatten();
        let tags = form::tags(&named.collect::<Vec<_>>().join(","))?;
        let planned = asked
            .call
            .engine
            .plan_delete_tags(&asked.call.actor, &stream, &tags)
            .await?;
        let names: Vec<_> = tags.iter().map(ToString::to_string).collect();
        Ok(view! {
            {head(below(&stream), "Delete tags".into(), ().into_any(), ().into_any())}
            {banner(&asked)}
            <Preview plan=planned.plan/>
            <form method="post" action="/api/fn/tags/delete" class="sheet">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="tags" value=names.join(",")/>
                <input type="hidden" name="token" value=planned.token/>
                <p class="buttons"><button class="button danger">"Confirm"</button> <a href=routes::stream(&stream)>"Keep them"</a></p>
            </form>
        }
        .into_any())
    })
}
