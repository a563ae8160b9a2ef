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
        let swap = shown.is_some().then(|| {
            let href = routes::with_query(&here, &[("from", &to), ("to", &from)]);
            view! { <LinkButton kind="quiet" href=href>"Swap"</LinkButton> }
        });
        let name = &stream.name;
        let hint = format!(
            "A tag, as in {name}:2.0, one of its revisions, as in 2.0#3, or a whole digest"
        );
        Ok(view! {
            <PageHead title=format!("Compare in {}", stream.name) crumbs=below(&stream)/>
            <ErrorSummary error=error.clone()/>
            <form method="get" action=here class="sheet">
                <TextField name="from" label="From" value=from hint=hint.clone() error=field_error(error.as_ref(), "from")/>
                <TextField name="to" label="To" value=to hint=hint error=field_error(error.as_ref(), "to")/>
                <p class="buttons"><Button kind="primary">"Compare"</Button> {swap}</p>
            </form>
            {shown}
        }
        .into_any())
    })
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
    view! {
        <section>
            <h2>"Differences"</h2>
            <p>"From " {image_link(stream, &first.digest)} " to " {image_link(stream, &second.digest)}</p>
            <p>{sentence(&found)}</p>
        </section>
        {aspect("Layers", layers)}
        {aspect("Configuration", found.config)}
        {aspect("Environment", found.env)}
        {aspect("Labels", found.labels)}
        {aspect("Build steps", found.steps)}
        {aspect("Platforms", found.platforms)}
    }
    .into_any()
}

fn sentence(found: &ImageDiff) -> String {
    let added = found.layers.iter().filter(|row| row.added).count();
    let removed = found.layers.len() - added;
    let base = match found.base {
        0 => "No layer at the base is the same".to_owned(),
        1 => "The layer at the base is the same".to_owned(),
        n => format!("The first {n} layers are the same"),
    };
    format!(
        "{base}; {} in common. {removed} only in the first ({}), {added} only in the second: whoever has the first fetches {} for it.",
        size(found.shared),
        size(found.removed),
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
