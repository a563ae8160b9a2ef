//! Two images of a stream side by side: named by tag, by revision of a tag, or by digest.

use leptos::prelude::*;
use model::{
    Digest, StreamRef, TagName,
    diff::{ImageDiff, Row, diff},
    image::ImageView,
    tagging::{TagInput, parse_source},
};

use super::{Asked, below, page, stream::image_link};
use crate::{
    api::ApiError,
    components::{
        Button, ErrorSummary, LinkButton, PageHead, PreviewTable, TextField, field_error, size,
    },
    routes,
};

/// Rows of one aspect that are listed.
const MOST: usize = 200;

/// The comparison.
#[component]
pub fn DiffPage() -> impl IntoView {
    page(|asked| async move {
        let stream = asked.stream()?;
        asked.call.engine.stream(&asked.call.actor, &stream).await?;
        let (from, to) = (asked.query("from"), asked.query("to"));
        let compared = if from.is_empty() || to.is_empty() {
            Ok(None)
        } else {
            compare(&asked, &stream, &from, &to).await.map(Some)
        };
        let (shown, error) = match compared {
            Ok(shown) => (shown, None),
            Err(error) => (None, Some(error)),
        };
        let here = routes::diff(&stream);
        let name = &stream.name;
        let hint = format!(
            "A tag, as in {name}:2.0, one of its revisions, as in 2.0#3, or a whole digest"
        );
        let title = match shown {
            Some(_) => format!("{} → {}", short(&from), short(&to)),
            None => format!("Compare in {}", stream.name),
        };
        let compared = shown.is_some();
        let swap = compared.then(|| {
            let href = routes::with_query(&here, &[("from", &to), ("to", &from)]);
            view! { <LinkButton href=href>"Swap"</LinkButton> }
        });
        let form = view! {
            <form method="get" action=here class="sheet">
                <TextField name="from" label="From" value=from hint=hint.clone() error=field_error(error.as_ref(), "from")/>
                <TextField name="to" label="To" value=to hint=hint error=field_error(error.as_ref(), "to")/>
                <p class="buttons"><Button kind=if compared { "" } else { "primary" }>"Compare"</Button></p>
            </form>
        };
        let form = if compared {
            view! { <details><summary>"Compare others"</summary>{form}</details> }.into_any()
        } else {
            form.into_any()
        };
        Ok(view! {
            <PageHead title=title mono=compared crumbs=below(&stream)>{swap}</PageHead>
            <ErrorSummary error=error.clone()/>
            {form}
            {shown}
        }
        .into_any())
    })
}

/// A digest by its first digits, anything else as written.
fn short(text: &str) -> String {
    text.parse().map_or_else(
        |_| text.to_owned(),
        |digest: Digest| digest.short().to_owned(),
    )
}

async fn compare(
    asked: &Asked,
    stream: &StreamRef,
    from: &str,
    to: &str,
) -> Result<AnyView, ApiError> {
    let first = find(asked, stream, "from", from).await?;
    let second = find(asked, stream, "to", to).await?;
    if first.digest == second.digest {
        return Ok(view! {
            <h2>"No difference"</h2>
            <p>"Both are " {image_link(stream, &first.digest)}</p>
        }
        .into_any());
    }
    Ok(shown(stream, &first, &second))
}

/// The image a field names; what is wrong is said beside it.
async fn find(
    asked: &Asked,
    stream: &StreamRef,
    field: &str,
    text: &str,
) -> Result<ImageView, ApiError> {
    let refuse = |message: String| ApiError::invalid(field, message);
    let call = &asked.call;
    let digest: Digest = if let Some((tag, number)) = text.split_once('#') {
        let tag = tag_of(stream, tag).map_err(refuse)?;
        let number = number.trim().parse().map_err(|_| {
            refuse(format!(
                "\u{201c}{number}\u{201d} is no number of a revision"
            ))
        })?;
        let revision = call
            .engine
            .revision(&call.actor, stream, &tag, number)
            .await;
        revision
            .map_err(|error| beside(field, error.into()))?
            .digest
    } else {
        match parse_source(text, stream).map_err(refuse)? {
            TagInput::Image(of, _) if of != *stream => return Err(refuse(not_here())),
            TagInput::Image(_, id) => format!("sha256:{id}")
                .parse()
                .map_err(|_| refuse("write the whole digest: sha256: and 64 digits".to_owned()))?,
            TagInput::External(_) => return Err(refuse(not_here())),
            TagInput::Tag(at) if at.stream != *stream => return Err(refuse(not_here())),
            TagInput::Tag(at) => {
                let tag = at.tag;
                let view = call.engine.tag(&call.actor, stream, &tag).await;
                let view = view.map_err(|error| beside(field, error.into()))?;
                let head = view.row.head;
                head.ok_or_else(|| refuse(format!("{tag} has no image yet")))?
                    .digest
            }
        }
    };
    let image = call.engine.image(&call.actor, stream, &digest).await;
    image.map_err(|error| beside(field, error.into()))
}

fn tag_of(stream: &StreamRef, text: &str) -> Result<TagName, String> {
    match parse_source(text, stream)? {
        TagInput::Tag(at) if at.stream == *stream => Ok(at.tag),
        TagInput::Image(_, _) => Err("revisions are of tags, as in 2.0#3".to_owned()),
        TagInput::Tag(_) | TagInput::External(_) => Err(not_here()),
    }
}

fn not_here() -> String {
    "only images of this stream are compared here: name one of its tags or digests".to_owned()
}

/// What is not there is said beside the field that names it.
fn beside(field: &str, error: ApiError) -> ApiError {
    match error {
        ApiError::NotFound(message) => ApiError::invalid(field, message),
        other => other,
    }
}

fn shown(stream: &StreamRef, first: &ImageView, second: &ImageView) -> AnyView {
    let found = diff(first, second);
    let layers = found.layers.iter().map(|row| {
        let what = format!("{} {}", row.layer.digest.short(), row.layer.created_by);
        let bytes = size(row.layer.size);
        let none = "—".to_owned();
        if row.added {
            [what, none, bytes]
        } else {
            [what, bytes, none]
        }
    });
    let layers = layers.collect();
    let index = |image: &ImageView| !image.platforms.is_empty();
    let of_two_kinds = index(first) != index(second);
    let indexes = index(first) && index(second);
    let sentence = if indexes {
        match found.platforms.len() {
            0 => "Both have the same images for all platforms; what differs is beside them, as attestations are.".to_owned(),
            1 => "Both are for several platforms, and one of these differs.".to_owned(),
            n => format!("Both are for several platforms, and {n} of these differ."),
        }
    } else if of_two_kinds {
        "One is an image for several platforms, which has no layers of its own: compare one of its platforms to see what differs inside.".to_owned()
    } else {
        sentence(&found)
    };
    let platforms = match indexes {
        true => platforms(stream, found.platforms),
        false => aspect("Platforms", found.platforms),
    };
    // What only one of the kinds has was neither removed nor added.
    let inside = (!of_two_kinds && !indexes).then(|| {
        view! {
            {aspect("Layers", layers)}
            {aspect("Configuration", found.config)}
            {aspect("Environment", found.env)}
            {aspect("Labels", found.labels)}
            {aspect("Build steps", found.steps)}
        }
    });
    view! {
        <section>
            <h2>"Differences"</h2>
            <p>"From " {image_link(stream, &first.digest)} " to " {image_link(stream, &second.digest)}</p>
            <p class="sentence">{sentence}</p>
        </section>
        {inside}
        {platforms}
    }
    .into_any()
}

/// The platforms whose images differ, each with the way to what differs in it.
fn platforms(stream: &StreamRef, rows: Vec<Row>) -> AnyView {
    if rows.is_empty() {
        return aspect("Platforms", rows);
    }
    let rows = rows
        .into_iter()
        .map(|[platform, from, to]| {
            let sides = [&from, &to].map(|side| side.parse::<Digest>().ok());
            let inside = sides.iter().all(Option::is_some).then(|| {
                let pairs = [("from", from.as_str()), ("to", to.as_str())];
                let href = routes::with_query(&routes::diff(stream), &pairs);
                let label = format!("Compare {platform}");
                view! { <a href=href aria-label=label>"Compare"</a> }
            });
            let [from, to] = sides.map(|side| match side {
                Some(digest) => image_link(stream, &digest),
                None => view! { <span class="muted">"—"</span> }.into_any(),
            });
            view! { <tr><th scope="row">{platform}</th><td>{from}</td><td>{to}</td><td>{inside}</td></tr> }
        })
        .collect_view();
    view! {
        <section>
            <h2>"Platforms"</h2>
            <table class="data">
                <caption class="visually-hidden">"Platforms whose images differ"</caption>
                <thead><tr>
                    <th scope="col">"Platform"</th><th scope="col">"From"</th><th scope="col">"To"</th>
                    <th scope="col"><span class="visually-hidden">"What differs"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn sentence(found: &ImageDiff) -> String {
    let added = found.layers.iter().filter(|row| row.added).count();
    let removed = found.layers.len() - added;
    let layers = |n: usize| match n {
        1 => "1 layer".to_owned(),
        n => format!("{n} layers"),
    };
    if found.layers.is_empty() {
        return format!("All layers are the same, {} in all.", size(found.shared));
    }
    format!(
        "{} gone ({}), {} new ({}); {} are the same. Whoever has the first image fetches {} more.",
        layers(removed),
        size(found.removed),
        layers(added),
        size(found.added),
        size(found.shared),
        size(found.added)
    )
}

fn aspect(name: &'static str, mut rows: Vec<Row>) -> AnyView {
    if rows.is_empty() {
        return view! { <section><h2>{name}</h2><p class="muted">"No difference."</p></section> }
            .into_any();
    }
    let more = rows.len().saturating_sub(MOST);
    rows.truncate(MOST);
    let more = (more > 0).then(|| view! { <p class="muted">{format!("And {more} more.")}</p> });
    view! { <section><h2>{name}</h2> <PreviewTable rows=rows caption=name sides=["From", "To"]/> {more}</section> }
        .into_any()
}
