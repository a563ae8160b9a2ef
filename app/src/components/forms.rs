//! Parts of forms: label above, hint below it, error beside the field. The summary on top is [`super::ErrorSummary`].

use leptos::prelude::*;

use super::{icon, sentence};
use crate::api::ApiError;

/// The token every form that writes carries.
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

fn beside(error: Option<String>, id: String) -> Option<impl IntoView> {
    error.map(
        |text| view! { <p class="error" id=id>{icon("warn").into_any()}<span>{sentence(&text)}</span></p> },
    )
}

/// A field around any control that has the id and name `name`; the control must point to the hint and error by
/// `aria-describedby="{name}-error {name}-hint"`. [`TextField`] is the usual one.
#[component]
pub fn Field(
    /// Id of the control.
    name: &'static str,
    /// Visible label.
    label: &'static str,
    /// What to choose or write, with an example.
    #[prop(into)]
    hint: String,
    /// What is wrong with it.
    #[prop(optional_no_strip)]
    error: Option<String>,
    /// `required` or `optional`, said at the end of the label's line; empty says nothing.
    #[prop(default = "")]
    need: &'static str,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <div class="label"><label for=name>{label}</label>{(!need.is_empty()).then(|| view! { <span>{need}</span> })}</div>
            <p class="hint" id=format!("{name}-hint")>{hint}</p>
            {beside(error, format!("{name}-error"))}
            {children()}
        </div>
    }
}

/// A text field. Whether it is required is said in words, but for fields a browser fills.
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
    let described = format!("{name}-error {name}-hint");
    let invalid = error.is_some().then_some("true");
    let need = match (autocomplete, required) {
        ("off", true) => "required",
        ("off", false) => "optional",
        _ => "",
    };
    view! {
        <Field name=name label=label hint=hint error=error need=need>
            <input
                id=name name=name type=kind value=value autocomplete=autocomplete
                list=(!list.is_empty()).then_some(list)
                aria-describedby=described aria-invalid=invalid required=required
                spellcheck="false" autocapitalize="none"
            />
        </Field>
    }
}

/// One of a [`RadioGroup`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: &'static str,
    /// Visible label.
    pub label: &'static str,
    /// What choosing it means.
    pub hint: String,
}

/// A choice of one of a few, all visible. For more than seven use a `<select>` in a [`Field`].
#[component]
pub fn RadioGroup(
    /// Form field; the group's id too, so that an error summary can link to it.
    name: &'static str,
    /// What is chosen.
    legend: &'static str,
    /// The choices.
    choices: Vec<Choice>,
    /// Value of the one that is chosen now.
    #[prop(into)]
    value: String,
    /// What is wrong with it.
    #[prop(optional_no_strip)]
    error: Option<String>,
) -> impl IntoView {
    let rows = choices
        .into_iter()
        .map(|choice| {
            let id = format!("{name}-{}", choice.value);
            let hint = format!("{id}-hint");
            view! {
                <div class="check">
                    <input type="radio" name=name id=id.clone() value=choice.value checked={value == choice.value} aria-describedby=hint.clone()/>
                    <label for=id>{choice.label}</label>
                    <p class="hint" id=hint>{choice.hint}</p>
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field" id=name tabindex="-1">
            <legend>{legend}</legend>
            {beside(error, format!("{name}-error"))}
            {rows}
        </fieldset>
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

/// A button that sends the form around it. Its word is a verb with its object: "Import 42 tags".
#[component]
pub fn Button(
    /// `primary`, `quiet`, `danger`, or nothing for a plain one.
    #[prop(default = "")]
    kind: &'static str,
    /// Form field sent when this button is the one used; nothing if empty.
    #[prop(default = "")]
    name: &'static str,
    /// Its value.
    #[prop(optional, into)]
    value: String,
    /// Its word.
    children: Children,
) -> impl IntoView {
    let named = !name.is_empty();
    view! {
        <button class=format!("button {kind}") name=named.then_some(name) value=named.then_some(value)>{children()}</button>
    }
}

/// The buttons of a form that shows what it would do: the one primary button until the preview below has its own.
#[component]
pub fn PreviewButtons(
    /// Whether the preview is there.
    shown: bool,
    /// The page one came from.
    #[prop(into)]
    cancel: String,
) -> impl IntoView {
    view! {
        <p class="buttons">
            <Button kind=if shown { "" } else { "primary" }>"Preview"</Button>
            {(!shown).then(|| view! { <a href=cancel>"Cancel"</a> })}
        </p>
    }
}

/// The buttons that confirm what a preview shows.
#[component]
pub fn ConfirmButtons(
    /// The page one came from.
    #[prop(into)]
    cancel: String,
) -> impl IntoView {
    view! { <p class="buttons"><Button kind="primary">"Confirm"</Button> <a href=cancel>"Cancel"</a></p> }
}

/// A link that looks like a button: for going somewhere, never for changing anything.
#[component]
pub fn LinkButton(
    /// Where to.
    #[prop(into)]
    href: String,
    /// `primary`, `quiet`, `danger`, or nothing for a plain one.
    #[prop(default = "")]
    kind: &'static str,
    /// Its word.
    children: Children,
) -> impl IntoView {
    view! { <a class=format!("button {kind}") href=href>{children()}</a> }
}
