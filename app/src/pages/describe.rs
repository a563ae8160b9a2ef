//! Streams, tags and images as the text `oc describe` prints.

use engine::openshift::describe::Layout;
use leptos::prelude::*;
use model::StreamRef;

use super::{below, page};
use crate::{
    components::{CopyButton, LinkButton, PageHead},
    routes,
};

/// A stream described; `layout=legacy` is the table of old.
#[component]
pub fn DescribeStreamPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let here = routes::describe_stream(&stream);
        let (layout, other) = if asked.query("layout") == "legacy" {
            let other = view! { <LinkButton href=here>"Show the modern layout"</LinkButton> };
            (Layout::Legacy, other.into_any())
        } else {
            let there = routes::with_query(&here, &[("layout", "legacy")]);
            let other = view! { <LinkButton href=there>"Show the legacy layout"</LinkButton> };
            (Layout::Modern, other.into_any())
        };
        let call = &asked.call;
        let text = call
            .engine
            .describe_stream(&call.actor, &stream, layout)
            .await?;
        Ok(shown(&stream, stream.to_string(), text, Some(other)))
    })
}

/// The image of a tag described.
#[component]
pub fn DescribeTagPage() -> impl IntoView {
    page(|asked| async move {
        let (stream, tag) = (asked.stream()?, asked.tag()?);
        let call = &asked.call;
        let text = call.engine.describe_tag(&call.actor, &stream, &tag).await?;
        let title = format!("{}:{tag}", stream.name);
        Ok(shown(&stream, title, text, None))
    })
}

/// An image of a stream described.
#[component]
pub fn DescribeImagePage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        let id = asked.raw_digest();
        let call = &asked.call;
        let text = call
            .engine
            .describe_image(&call.actor, &stream, &id)
            .await?;
        let title = format!("{}@{id}", stream.name);
        Ok(shown(&stream, title, text, None))
    })
}

fn shown(stream: &StreamRef, title: String, text: String, other: Option<AnyView>) -> AnyView {
    view! {
        <PageHead title=format!("{title} described") mono=true crumbs=below(stream)>{other}</PageHead>
        <p class="muted">"As oc describe prints it. " <CopyButton text=text.clone() what="description"/></p>
        <pre class="well definition" tabindex="0" aria-label="Description"><code>{text}</code></pre>
    }
    .into_any()
}
