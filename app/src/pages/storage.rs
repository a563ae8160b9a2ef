//! What images take: all together, and stream by stream.

use leptos::prelude::*;
use model::{
    Page,
    job::thousands,
    storage::{ImageStorage, NamespaceStorage, StorageTotal, StreamStorage},
};

use super::{Asked, page, stream};
use crate::{
    components::{Empty, FilterChips, Filters, PageHead, pager, size, time},
    routes,
};

/// The page.
#[component]
pub fn StoragePage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let namespace = asked.query("namespace");
        let request = asked.page()?;
        let (total, rows) = call
            .engine
            .storage(&call.actor, &namespace, &request)
            .await?;
        let namespaces = call.engine.storage_of_namespaces(&call.actor).await?;
        let base = stream::base(routes::STORAGE, &[("namespace", &namespace)], request.size);
        let list = if rows.items.is_empty() {
            let why = match (total.measured_at, namespace.is_empty()) {
                (None, _) => "What is stored is measured within a minute after a start.".to_owned(),
                (_, true) => "There are no streams yet.".to_owned(),
                (_, false) => format!("No stream of {namespace} was measured yet."),
            };
            view! { <Empty title="Nothing was measured yet" why=why/> }.into_any()
        } else {
            view! {
                {table(&rows, &asked)}
                {pager(&base, rows.previous.as_ref(), rows.next.as_ref(), ["Previous", "Next"])}
            }
            .into_any()
        };
        let chips = if namespace.is_empty() {
            Vec::new()
        } else {
            let all = routes::STORAGE.to_owned();
            vec![(format!("Namespace {namespace}"), all)]
        };
        Ok(view! {
            <PageHead title="Storage"/>
            <section>
                <h2>"All together"</h2>
                {together(&total, &asked)}
            </section>
            {by_namespace(&namespaces)}
            <section>
                <h2>"By stream"</h2>
                <p class="hint">
                    "All images the tags of a stream have or had; what they share counts once a stream. What is not stored is fetched when it is pulled."
                </p>
                <Filters action=routes::STORAGE active=!namespace.is_empty() size=request.size>
                    <label>"Namespace " <input type="search" name="namespace" value=namespace.clone()/></label>
                </Filters>
                <FilterChips chips=chips clear=routes::STORAGE.to_owned()/>
                {list}
            </section>
        }
        .into_any())
    })
}

fn together(total: &StorageTotal, asked: &Asked) -> AnyView {
    let config = asked.call.engine.config();
    let place = match &config.blobs_url {
        Some(url) => url.clone(),
        None => "A folder of this server".to_owned(),
    };
    let mirror = if config.mirror {
        "What is pulled through is stored"
    } else {
        "Off: what is pulled through is not stored"
    };
    let figures = match total.measured_at {
        None => view! { <div><dt>"Stored"</dt><dd class="muted">"not measured yet"</dd></div> }
            .into_any(),
        Some(at) => {
            let saved = total.unshared_bytes.saturating_sub(total.bytes).max(0);
            view! {
                <div><dt>"Stored"</dt><dd>{size(total.bytes)} " in " {thousands(total.blobs)} " blobs"</dd></div>
                <div><dt>"Saved by sharing"</dt><dd>{size(saved)} <span class="muted">" that streams have in common"</span></dd></div>
                <div><dt>"Measured"</dt><dd>{time(at, asked.now)}", every ten minutes"</dd></div>
            }
            .into_any()
        }
    };
    view! {
        <dl class="kv">
            {figures}
            <div><dt>"Place"</dt><dd>{place}</dd></div>
            <div><dt>"Mirroring"</dt><dd>{mirror}</dd></div>
        </dl>
    }
    .into_any()
}

/// Each namespace, as a link that narrows the streams to it; one alone says nothing new.
fn by_namespace(all: &[NamespaceStorage]) -> Option<AnyView> {
    if all.len() < 2 {
        return None;
    }
    let lines = all
        .iter()
        .map(|of| {
            let name = of.namespace.to_string();
            let href = routes::with_query(routes::STORAGE, &[("namespace", &name)]);
            view! {
                <tr>
                    <th scope="row"><a href=href>{name}</a></th>
                    <td class="number" data-label="Size">{size(of.bytes)}</td>
                    <td data-label="Stored here">{stored(of.stored_bytes, of.bytes)}</td>
                    <td class="number" data-label="Pulls">{thousands(of.pulls)}</td>
                </tr>
            }
        })
        .collect_view();
    Some(
        view! {
            <section>
                <h2>"By namespace"</h2>
                <table class="data">
                    <caption class="visually-hidden">"Storage by namespace"</caption>
                    <thead><tr>
                        <th scope="col">"Namespace"</th><th scope="col" class="number">"Size"</th>
                        <th scope="col">"Stored here"</th><th scope="col" class="number">"Pulls"</th>
                    </tr></thead>
                    <tbody>{lines}</tbody>
                </table>
            </section>
        }
        .into_any(),
    )
}

fn table(rows: &Page<StreamStorage>, asked: &Asked) -> AnyView {
    let lines = rows.items.iter().map(|row| line(row, asked)).collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Storage by stream"</caption>
            <thead><tr>
                <th scope="col">"Stream"</th><th scope="col" class="number">"Images"</th>
                <th scope="col" class="number">"Size"</th><th scope="col">"Stored here"</th>
                <th scope="col" class="number">"Pulls"</th><th scope="col">"Last pulled"</th><th scope="col" class="middle">"Measured"</th>
            </tr></thead>
            <tbody>{lines}</tbody>
        </table>
    }
    .into_any()
}

fn line(row: &StreamStorage, asked: &Asked) -> AnyView {
    let pulled = match row.pulled_at {
        Some(at) => time(at, asked.now).into_any(),
        None => view! { <span class="muted">"never"</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><a href=routes::stream(&row.stream)>{row.stream.to_string()}</a></th>
            <td class="number" data-label="Images">{thousands(row.images)}</td>
            <td class="number" data-label="Size">{size(row.bytes)}</td>
            <td data-label="Stored here">{stored(row.stored_bytes, row.bytes)}</td>
            <td class="number" data-label="Pulls">{thousands(row.pulls)}</td>
            <td data-label="Last pulled">{pulled}</td>
            <td data-label="Measured" class="middle">{time(row.measured_at, asked.now)}</td>
        </tr>
    }
    .into_any()
}

/// How much of an image is here, and of how many layers.
pub(super) fn stored_layers(storage: &ImageStorage) -> AnyView {
    let layers = format!(
        " · {} of {} layers",
        thousands(storage.stored_layers),
        thousands(storage.layers)
    );
    view! { {stored(storage.stored_bytes, storage.bytes)} <span class="muted">{layers}</span> }
        .into_any()
}

/// How much of so many bytes is here, as a bar and in words.
fn stored(stored: i64, all: i64) -> AnyView {
    let label = format!("{stored} of {all} bytes are stored here");
    let text = match (stored, all) {
        (_, 0) => return view! { <span class="muted">"nothing"</span> }.into_any(),
        (stored, all) if stored >= all => format!("all {}", size(all)),
        (stored, all) => format!("{} of {}", size(stored), size(all)),
    };
    view! {
        <span class="share"><progress max=all.to_string() value=stored.to_string() aria-label=label></progress> {text}</span>
    }
    .into_any()
}
