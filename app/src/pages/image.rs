//! One image of a stream, and the sections the tag page shares with it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use model::{StreamRef, image::ImageView};

use super::{below, head, page, tag::tag_link};
use crate::{
    components::{Kv, digest, layers, reference, size, time},
    islands::CopyButton,
    routes,
};

/// An image's page.
#[component]
pub fn ImagePage() -> impl IntoView {
    page(|asked| async move {
        let (stream, wanted) = (asked.stream()?, asked.digest()?);
        let call = &asked.call;
        let image = call.engine.image(&call.actor, &stream, &wanted).await?;
        let tags = image
            .tags
            .iter()
            .map(|tag| tag_link(&stream, tag))
            .collect_view();
        let facts = view! {
            <span>{digest(&image.digest)}</span>
            {image.platform.clone().map(|platform| view! { <span>{platform}</span> })}
            {if image.tags.is_empty() { view! { <span>"no tag points here now"</span> }.into_any() } else { view! { <span>"tags: " {tags}</span> }.into_any() }}
        };
        let from = format!("{}@{}", stream.name, image.digest);
        let actions = view! { <a class="button primary" href=routes::tag_form_from(&stream, &from)>"Tag this"</a> };
        Ok(view! {
            {head(below(&stream), format!("{}@{}", stream.name, image.digest.short()), facts.into_any(), actions.into_any())}
            {image_sections(&stream, &image, asked.now)}
        }
        .into_any())
    })
}

/// Pull command, facts, platforms, configuration, labels, layers and build steps of an image.
pub(super) fn image_sections(stream: &StreamRef, image: &ImageView, now: DateTime<Utc>) -> AnyView {
    let pull = image.reference.to_string();
    let commands = [format!("docker pull {pull}"), format!("podman pull {pull}"), format!("skopeo inspect docker://{pull}")]
        .into_iter()
        .map(|command| view! { <p class="well command"><code>{command.clone()}</code><CopyButton text=command what="command".to_owned()/></p> })
        .collect_view();
    let words = |words: &[String]| words.join(" ");
    let config = &image.config;
    let run: Vec<(String, String)> = [
        ("Entrypoint", words(&config.entrypoint)),
        ("Command", words(&config.cmd)),
        ("Working directory", config.working_dir.clone()),
        ("User", config.user.clone()),
        ("Ports", config.exposed_ports.join(", ")),
        ("Volumes", config.volumes.join(", ")),
        ("Stop signal", config.stop_signal.clone()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let env: Vec<(String, String)> = config
        .env
        .iter()
        .map(|line| {
            line.split_once('=')
                .map_or((line.clone(), String::new()), |(name, value)| {
                    (name.to_owned(), value.to_owned())
                })
        })
        .collect();
    let labels: Vec<(String, String)> = config.labels.clone().into_iter().collect();
    let section = |title: &'static str, rows: Vec<(String, String)>| {
        (!rows.is_empty()).then(|| view! { <section><h2>{title}</h2><Kv rows=rows/></section> })
    };
    let steps = (!image.steps.is_empty()).then(|| {
        let rows = image
            .steps
            .iter()
            .map(|step| view! { <li class=step.empty_layer.then_some("muted")><code class="command">{step.created_by.clone()}</code></li> })
            .collect_view();
        view! { <section><h2>"Build steps"</h2><details><summary>{format!("{} steps", image.steps.len())}</summary><ol class="steps">{rows}</ol></details></section> }
    });
    view! {
        <section>
            <h2>"Image"</h2>
            <dl class="kv">
                <div><dt>"Found at"</dt><dd>{reference(&image.reference)}</dd></div>
                <div><dt>"Digest"</dt><dd><code class="whole">{image.digest.to_string()}</code></dd></div>
                <div><dt>"Kind"</dt><dd><code>{image.media_type.clone()}</code></dd></div>
                {image.platform.clone().map(|platform| view! { <div><dt>"Platform"</dt><dd>{platform}</dd></div> })}
                {(image.size > 0).then(|| view! { <div><dt>"Size"</dt><dd>{size(image.size)}</dd></div> })}
                {image.created_at.map(|at| view! { <div><dt>"Built"</dt><dd>{time(at, now)}</dd></div> })}
                {(!image.author.is_empty()).then(|| view! { <div><dt>"Author"</dt><dd>{image.author.clone()}</dd></div> })}
            </dl>
        </section>
        <section><h2>"Pull"</h2>{commands}</section>
        {platforms(stream, image)}
        {section("Runs with", run)}
        {section("Environment", env)}
        {section("Labels", labels)}
        {(!image.layers.is_empty()).then(|| view! { <section><h2>"Layers"</h2>{layers(&image.layers)}</section> })}
        {steps}
    }
    .into_any()
}

fn platforms(stream: &StreamRef, image: &ImageView) -> AnyView {
    if image.platforms.is_empty() {
        return ().into_any();
    }
    let rows = image
        .platforms
        .iter()
        .map(|child| {
            let href = routes::image(stream, &child.digest);
            let name = if child.is_attestation() {
                "attestation".to_owned()
            } else {
                child.platform()
            };
            view! {
                <tr>
                    <th scope="row"><a href=href>{name}</a></th>
                    <td data-label="Image">{digest(&child.digest)}</td>
                    <td data-label="Kind"><code>{child.media_type.clone()}</code></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section>
            <h2>"Platforms"</h2>
            <table class="data">
                <caption class="visually-hidden">"Platforms"</caption>
                <thead><tr><th scope="col">"Platform"</th><th scope="col">"Image"</th><th scope="col">"Kind"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}
