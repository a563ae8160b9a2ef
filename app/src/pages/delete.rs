//! Deleting: what goes is shown first; a stream's name is typed, because that cannot be undone.

use leptos::{prelude::*, server_fn::ServerFn};
use model::StreamRef;

use super::{banner, below, page};
use crate::{
    api::{DeleteStream, DeleteTags, form},
    components::{Button, Csrf, Empty, LinkButton, PageHead, Preview, TextField, field_error},
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
        let keep = routes::stream(&stream);
        Ok(view! {
            <PageHead title=format!("Delete {stream}") crumbs=below(&stream)/>
            {banner(&asked)}
            <Preview plans=vec![planned.plan]>
            <form method="post" action=DeleteStream::PATH class="sheet">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="token" value=planned.token/>
                <TextField name="typed" label="Type the stream's name" value=String::new() hint=format!("{stream}, as a proof that you mean it") error=error/>
                <p class="buttons"><Button kind="danger">"Delete the stream"</Button> <a href=keep>"Cancel"</a></p>
            </form>
            </Preview>
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
        let named = [asked.queries("tag"), asked.queries("tag[]")].concat();
        let tags = form::tags(&named.join(","))?;
        if tags.is_empty() {
            return Ok(nothing_ticked(&stream));
        }
        let planned = asked
            .call
            .engine
            .plan_delete_tags(&asked.call.actor, &stream, &tags)
            .await?;
        let names: Vec<_> = tags.iter().map(ToString::to_string).collect();
        let keep = routes::stream(&stream);
        Ok(view! {
            <PageHead title="Delete tags" crumbs=below(&stream)/>
            {banner(&asked)}
            <Preview plans=vec![planned.plan]>
            <form method="post" action=DeleteTags::PATH class="sheet">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=stream.namespace.to_string()/>
                <input type="hidden" name="name" value=stream.name.to_string()/>
                <input type="hidden" name="tags" value=names.join(",")/>
                <input type="hidden" name="token" value=planned.token/>
                <p class="buttons"><Button kind="danger">"Confirm"</Button> <a href=keep>"Cancel"</a></p>
            </form>
            </Preview>
        }
        .into_any())
    })
}

/// The tags to delete are ticked on the stream's page; here came none.
fn nothing_ticked(stream: &StreamRef) -> AnyView {
    let tags = routes::stream(stream);
    view! {
        <PageHead title="Delete tags" crumbs=below(stream)/>
        <Empty title="No tag was selected" why="Tick the tags to delete, then choose Delete." icon_name="tag">
            <LinkButton kind="primary" href=tags>"Back to the tags"</LinkButton>
        </Empty>
    }
    .into_any()
}
