//! What an import would do, and the form that confirms it: each tag has a box, so some can be left out.

use leptos::{prelude::*, server_fn::ServerFn};
use model::{
    import::{ImportPreview, PreviewTag, Selection},
    job::thousands,
};

use crate::{
    api::{CreateStream, StartImport, form::ImportForm},
    components::{ConfirmButtons, Csrf, alert, digest},
    islands::SelectAll,
};

/// Rows a preview shows. Beyond them tags have no boxes: what cannot be seen is not to be left out by accident.
const MOST_ROWS: usize = 250;

/// The preview and its form.
pub(super) fn confirm(
    form: &ImportForm,
    preview: &ImportPreview,
    create: bool,
    cancel: String,
    csrf: &str,
) -> AnyView {
    let action = if create {
        CreateStream::PATH
    } else {
        StartImport::PATH
    };
    let boxes = preview.tags.len() <= MOST_ROWS;
    let shown = boxes.then(|| preview.tags.len().to_string());
    let options = form
        .options
        .fields()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned()/> })
        .collect_view();
    let warnings = preview
        .warnings
        .iter()
        .map(|warning| alert("warn", view! { <p>{warning.0.clone()}</p> }.into_any()))
        .collect_view();
    view! {
        <section class="confirm" id="preview" tabindex="-1" aria-label="Preview">
            <h2>"What will happen"</h2>
            {warnings}
            <form id="confirm" method="post" action=action>
                <Csrf token=csrf.to_owned()/>
                <input type="hidden" name="namespace" value=form.namespace.clone()/>
                <input type="hidden" name="name" value=form.name.clone()/>
                <input type="hidden" name="source" value=form.source.clone()/>
                <input type="hidden" name="tags" value=form.selection.clone()/>
                <input type="hidden" name="chosen" value=form.chosen.clone()/>
                <input type="hidden" name="include" value=form.narrow.include.clone()/>
                <input type="hidden" name="exclude" value=form.narrow.exclude.clone()/>
                <input type="hidden" name="range" value=form.narrow.range.clone()/>
                <input type="hidden" name="newest" value=form.narrow.newest.clone()/>
                {form.insecure.then(|| view! { <input type="hidden" name="insecure" value="on"/> })}
                {form.scheduled.then(|| view! { <input type="hidden" name="scheduled" value="on"/> })}
                {options}
                {shown.map(|shown| view! { <input type="hidden" name="shown" value=shown/> })}
                <p class="sentence" role="status">{sentence(preview, create)}</p>
                <ConfirmButtons cancel=cancel/>
                {table(preview, boxes)}
            </form>
            {left_out(preview)}
        </section>
    }
    .into_any()
}

fn count(n: i64) -> String {
    format!("{} {}", thousands(n), if n == 1 { "tag" } else { "tags" })
}

/// What confirming does, in words.
fn sentence(preview: &ImportPreview, create: bool) -> String {
    let mut parts = Vec::new();
    if create {
        let empty = if preview.request.selection == Selection::None {
            ", without tags"
        } else {
            ""
        };
        parts.push(format!(
            "The stream {} will be made{empty}.",
            preview.request.stream
        ));
    }
    if preview.request.selection != Selection::None {
        let now = i64::try_from(preview.tags.len()).unwrap_or(i64::MAX);
        let waits = match preview.left_out_count {
            0 => String::new(),
            1 => ", 1 waits beyond the limit".to_owned(),
            n => format!(", {} wait beyond the limit", thousands(n)),
        };
        let fit = match &preview.request.selection {
            Selection::Matching(narrow) => format!(
                ", {} fit ({narrow}), {} do not",
                thousands(preview.selected),
                thousands(preview.found - preview.selected - preview.unusable)
            ),
            Selection::All | Selection::Chosen(_) | Selection::None => String::new(),
        };
        parts.push(format!(
            "Found {}{fit}: {} will be imported now{waits}. At most {} requests to {}.",
            count(preview.found),
            thousands(now),
            thousands(preview.requests),
            preview
                .request
                .source
                .as_ref()
                .map_or("the registry", |source| source.host()),
        ));
        let replaced = preview
            .tags
            .iter()
            .filter(|tag| tag.replaces.is_some())
            .count();
        if replaced > 0 {
            let replaced = i64::try_from(replaced).unwrap_or(i64::MAX);
            parts.push(format!(
                "{} will no longer do what the table says.",
                count(replaced)
            ));
        }
    }
    parts.join(" ")
}

fn table(preview: &ImportPreview, boxes: bool) -> Option<AnyView> {
    if preview.tags.is_empty() {
        return None;
    }
    let fresh = preview
        .tags
        .iter()
        .all(|tag| tag.current.is_none() && tag.replaces.is_none());
    let rows = preview
        .tags
        .iter()
        .take(MOST_ROWS)
        .map(|tag| row(tag, boxes, fresh))
        .collect_view();
    let rest = preview.tags.len().saturating_sub(MOST_ROWS);
    let rest = (rest > 0).then(|| {
        let text = format!(
            "and {} more. To leave some out, choose Chosen tags above and name those you want.",
            thousands(i64::try_from(rest).unwrap_or(i64::MAX))
        );
        view! { <p class="muted">{text}</p> }
    });
    let hint = boxes.then(|| view! { <p class="hint">"Untick what you do not want; only ticked tags are imported."</p> });
    Some(
        view! {
            {hint}
            <table class="data plan">
                <caption class="visually-hidden">"Preview"</caption>
                <thead><tr>
                    {boxes.then(|| view! { <th scope="col" class="tick"><span class="visually-hidden">"Import"</span><SelectAll form="confirm".to_owned() name="pick[]".to_owned()/></th> })}
                    <th scope="col">"Tag"</th><th scope="col">"Now"</th><th scope="col">"Then"</th>
                    {(!fresh).then(|| view! { <th scope="col">"Replaces"</th> })}
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
            {rest}
        }
        .into_any(),
    )
}

fn row(tag: &PreviewTag, boxes: bool, fresh: bool) -> AnyView {
    let name = tag.tag.to_string();
    let tick = boxes.then(|| {
        view! { <td class="tick"><input type="checkbox" name="pick[]" value=name.clone() checked=true aria-label=format!("Import {name}")/></td> }
    });
    let (now, then) = match &tag.current {
        Some(current) => (digest(current).into_any(), "what the registry has then"),
        None => (
            view! { <span class="muted">"not here yet"</span> }.into_any(),
            "new",
        ),
    };
    let replaces =
        (!fresh).then(|| view! { <td data-label="Replaces">{tag.replaces.clone()}</td> });
    view! {
        <tr>
            {tick}
            <th scope="row"><code>{name.clone()}</code></th>
            <td data-label="Now">{now}</td>
            <td data-label="Then">{then}</td>
            {replaces}
        </tr>
    }
    .into_any()
}

/// Tags that wait, and names that cannot be tags.
fn left_out(preview: &ImportPreview) -> AnyView {
    let waiting = (preview.left_out_count > 0).then(|| {
        let names: Vec<_> = preview.left_out.iter().map(ToString::to_string).collect();
        let unnamed = usize::try_from(preview.left_out_count).unwrap_or(usize::MAX).saturating_sub(names.len());
        let more = (unnamed > 0).then(|| format!(" and {} more", thousands(i64::try_from(unnamed).unwrap_or(i64::MAX))));
        view! {
            <details>
                <summary>{format!("{} left out by the limit", count(preview.left_out_count))}</summary>
                <p><code>{names.join(", ")}</code>{more}</p>
                <p class="muted">"After this import, the stream's page offers to import them."</p>
            </details>
        }
    });
    let unusable = (preview.unusable > 0).then(|| {
        let (names, verb) = if preview.unusable == 1 { ("name", "is no valid tag and is") } else { ("names", "are no valid tags and are") };
        view! { <p class="muted">{format!("{} {names} upstream {verb} passed over.", thousands(preview.unusable))}</p> }
    });
    view! { {waiting} {unusable} }.into_any()
}
