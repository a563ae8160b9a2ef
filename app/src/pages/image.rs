//! One image of a stream, and the sections the tag page shares with it.

mod parts;
mod pull;
mod steps;

pub(super) use self::pull::{Place, push};

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{
    Reference, StreamRef,
    image::{ImageView, Signature},
};

use super::{banner, below, page, storage::stored_layers, stream::may_write, tag::tag_link};
use crate::{
    components::{Kebab, LinkButton, PageHead, digest, layers, reference, size, time},
    routes,
};

/// An image's page.
#[component]
pub fn ImagePage() -> impl IntoView {
    page(|asked| async move {
        let (stream, wanted) = (asked.stream()?, asked.digest()?);
        let call = &asked.call;
        let image = call.engine.image(&call.actor, &stream, &wanted).await?;
        let found = (&image.digest, &image.reference);
        // The policy of a tag that points here holds; else the stream's.
        let place = match image.tags.first() {
            Some(tag) => {
                let view = call.engine.tag(&call.actor, &stream, tag).await?;
                Place::of_tag(call, &stream, &view, found)
            }
            None => {
                let view = call.engine.stream(&call.actor, &stream).await?;
                Place::of_image(call, &stream, found, view.insecure)
            }
        };
        let storage = call
            .engine
            .image_storage(&call.actor, &stream, &image.digest)
            .await?;
        let signed = call
            .engine
            .signatures(&call.actor, &stream, &image.digest)
            .await?;
        let kept = view! {
            <section>
                <h2>"In this registry"</h2>
                <dl class="kv">
                    <div><dt>"Stored here"</dt><dd>{stored_layers(&storage)}</dd></div>
                    {signatures(&signed)}
                </dl>
            </section>
        };
        let facts = view! {
            <span>{digest(&image.digest)}</span>
            {image.platform.clone().map(|platform| view! { <span>{platform}</span> })}
            {(image.size > 0).then(|| view! { <span>{size(image.size)}</span> })}
        };
        let from = format!("{}@{}", stream.name, image.digest);
        let actions = may_write(&asked, &stream).then(|| {
            view! { <LinkButton kind="primary" href=routes::tag_form_from(&stream, &from)>"Tag this"</LinkButton> }
        });
        let title = format!("{}@{}", stream.name, image.digest.short());
        let more = format!("More actions for {title}");
        let (definition, described) = (
            routes::image_definition(&stream, image.digest.as_str()),
            routes::describe_image(&stream, image.digest.as_str()),
        );
        Ok(view! {
            <PageHead title=title mono=true crumbs=below(&stream) facts=facts.into_any()>
                {actions}
                <Kebab label=more>
                    <a href=definition>"Export"</a>
                    <a href=described>"Describe"</a>
                </Kebab>
            </PageHead>
            {banner(&asked)}
            {pointing(&stream, &image)}
            {kept}
            {image_sections(&stream, &image, Some(&image.reference), &place, asked.now)}
        }
        .into_any())
    })
}

/// Signatures clients put to the image in this stream, by name. Nobody here knows the keys they would be verified with.
fn signatures(signed: &[Signature]) -> AnyView {
    if signed.is_empty() {
        return ().into_any();
    }
    let names = signed
        .iter()
        .map(|one| {
            view! { <br/> <code class="whole">{one.name.clone()}</code> " by " {one.added_by.clone()} }
        })
        .collect_view();
    view! { <div><dt>"Signatures"</dt><dd>{signed.len()} ", not verified here: clients do when they pull" {names}</dd></div> }
        .into_any()
}

/// The tags of the stream that point here now.
fn pointing(stream: &StreamRef, image: &ImageView) -> AnyView {
    let tags = if image.tags.is_empty() {
        view! { <p class="muted">"No tag of the stream points here now."</p> }.into_any()
    } else {
        let links = image
            .tags
            .iter()
            .map(|tag| tag_link(stream, tag))
            .collect_view();
        view! { <p>{links}</p> }.into_any()
    };
    view! { <section><h2>"Tags that point here"</h2>{tags}</section> }.into_any()
}

/// Facts, pull commands, platforms, configuration, labels, layers and build steps of an image. `from` is where it is
/// found, if that is not said above; `place` where clients are sent.
pub(super) fn image_sections(
    stream: &StreamRef,
    image: &ImageView,
    from: Option<&Reference>,
    place: &Place,
    now: DateTime<Utc>,
) -> AnyView {
    view! {
        {facts(image, from, now)}
        {pull::commands(place)}
        {parts::platforms(stream, image)}
        {parts::runs_with(&image.config)}
        {parts::environment(&image.config)}
        {parts::labels(&image.config)}
        {(!image.layers.is_empty()).then(|| view! { <section><h2>"Layers"</h2>{layers(&image.layers)}</section> })}
        {steps::steps(&image.steps)}
    }
    .into_any()
}

fn facts(image: &ImageView, from: Option<&Reference>, now: DateTime<Utc>) -> AnyView {
    let whole = |digest: &model::Digest| view! { <code class="whole">{digest.to_string()}</code> };
    view! {
        <section>
            <h2>"Image"</h2>
            <dl class="kv">
                {from.map(|from| view! { <div><dt>"Found at"</dt><dd>{reference(from)}</dd></div> })}
                <div><dt>"Digest"</dt><dd>{whole(&image.digest)}</dd></div>
                {image.platform.clone().map(|platform| view! { <div><dt>"Platform"</dt><dd>{platform}</dd></div> })}
                {(image.size > 0).then(|| view! { <div><dt>"Size"</dt><dd>{size(image.size)} " compressed"</dd></div> })}
                {image.created_at.map(|at| view! { <div><dt>"Created"</dt><dd>{time(at, now)}</dd></div> })}
                {(!image.author.is_empty()).then(|| view! { <div><dt>"Author"</dt><dd>{parts::cut(&image.author)}</dd></div> })}
                <div><dt>"Manifest"</dt><dd><code>{image.media_type.clone()}</code></dd></div>
                {image.config_digest.as_ref().map(|config| view! { <div><dt>"Config"</dt><dd>{whole(config)}</dd></div> })}
            </dl>
        </section>
    }
    .into_any()
}
