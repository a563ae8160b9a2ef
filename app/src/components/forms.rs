//! Parts of forms: label above, hint below it, error beside the field and in a summary on top.

use leptos::prelude::*;
use model::Plan;

use super::{alert, icon};
use crate::api::ApiError;

/// The token every form carries.
#[component]
pub fn Csrf(
    /// The session's token.
    token: String,
) -> impl IntoView {
    view! { <input type="hidden" name="csrf" value=token/> }
}

/// The message of an error that is about this field.
#[must_use]
pub fn field_error(error: Option<&ApiError>, field: &str) -> Option<String> {
    error
        .filter(|error| error.field() == Some(field))
        .map(|error| error.message().to_owned())
}

/// A text field.
#[component]
pub fn TextField(
    /// Form field and id.
    name: &'static str,
    /// Visible label.
    label: &'static str,
    /// What is there already.
    value: String,
    /// What to write, with an example.
    #[prop(into)]
    hint: String,
    /// What is wrong with it.
    #[prop(optional_no_strip)]
    error: Option<String>,
    /// Must be filled in.
    #[prop(default = true)]
    required: bool,
    /// Kind of input.
    #[prop(default = "text")]
    kind: &'static str,
    /// For the browser's memory.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Id of a list of suggestions.
    #[prop(default = "")]
    list: &'static str,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    let error_id = format!("{name}-error");
    let described = if error.is_some() {
        format!("{error_id} {hint_id}")
    } else {
        hint_id.clone()
    };
    let invalid = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <p class="hint" id=hint_id>{hint}{(!required).then_some(" (optional)")}</p>
            {error.map(|text| view! { <p class="error" id=error_id>{icon("fail").into_any()}{text}</p> })}
            <input
                id=name name=name type=kind value=value autocomplete=autocomplete
                list=(!list.is_empty()).then_some(list)
                aria-describedby=described aria-invalid=invalid required=required
                spellcheck="false" autocapitalize="none"
            />
        </div>
    }
}

/// A check box with its hint.
#[component]
pub fn CheckBox(
    /// Form field and id.
    name: &'static str,
    /// Visible label.
    label: &'static str,
    /// Whether it is ticked.
    checked: bool,
    /// What ticking it means.
    #[prop(into)]
    hint: String,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    view! {
        <div class="field check">
            <input id=name name=name type="checkbox" value="on" checked=checked aria-describedby=hint_id.clone()/>
            <label for=name>{label}</label>
            <p class="hint" id=hint_id>{hint}</p>
        </div>
    }
}

/// What was wrong, on top of a form, with the other side's words set apart and a link to the field.
#[component]
pub fn ErrorSummary(
    /// The refusal; nothing is shown without one.
    error: Option<ApiError>,
) -> impl IntoView {
    error.map(|error| {
        let field = error.field().unwrap_or_default().to_owned();
        let upstream = matches!(error, ApiError::Upstream { .. });
        let title = match &error {
            ApiError::Upstream { .. } => {
                "The registry did not give what was needed. Nothing was changed."
            }
            ApiError::Conflict(_) => "Something changed in between. Nothing was changed by you.",
            ApiError::Denied(_) => "You may not do this.",
            ApiError::NotFound(_) => "There is no such thing.",
            ApiError::Invalid { .. } => "This cannot be done as written. Nothing was changed.",
            ApiError::Internal { .. } => "Something went wrong. Nothing was changed.",
        };
        let hint = error.hint().to_owned();
        let message = error.message().to_owned();
        let text = if upstream {
            view! { <pre class="well">{message}</pre> }.into_any()
        } else if field.is_empty() {
            view! { <p>{message}</p> }.into_any()
        } else {
            view! { <p><a href=format!("#{field}")>{message}</a></p> }.into_any()
        };
        let inner = view! {
            <p><strong>{title}</strong></p>
            {text}
            {(!hint.is_empty()).then(|| view! { <p>{hint}</p> })}
        };
        alert("bad", inner.into_any())
    })
}

/// What a plan would change: sentence, warnings, and a table of before and after.
#[component]
pub fn Preview(
    /// The plan.
    plan: Plan,
) -> impl IntoView {
    let rows = plan
        .changes
        .iter()
        .flat_map(model::Change::rows)
        .map(|[what, before, after]| {
            view! {
                <tr>
                    <th scope="row">{what}</th>
                    <td data-label="Now"><code>{before}</code></td>
                    <td data-label="Then"><code class="added">{after}</code></td>
                </tr>
            }
        })
        .collect_view();
    let warnings = plan
        .warnings
        .into_iter()
        .map(|warning| alert("warn", view! { <p>{warning.0}</p> }.into_any()))
        .collect_view();
    let empty = plan.changes.is_empty();
    view! {
        <p class="sentence">{plan.sentence}</p>
        {warnings}
        {(!empty).then(|| view! {
            <table class="data plan">
                <caption>"Preview"</caption>
                <thead><tr><th scope="col">"What"</th><th scope="col">"Now"</th><th scope="col">"Then"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        })}
    }
}
