//! Credentials for registries: what there is, and the form that gives one. Secrets are never shown.

use chrono::{DateTime, Utc};
use leptos::{prelude::*, server_fn::ServerFn};
use model::{credential::CredentialView, job::thousands};

use super::{banner, page};
use crate::{
    api::{DeleteCredential, SetCredential},
    components::{Ask, Button, Csrf, Empty, PageHead, TextField, alert, field_error, time},
};

/// The page.
#[component]
pub fn CredentialsPage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let all = call.engine.list_credentials(&call.actor).await?;
        let everywhere = call.actor.may_administer().is_ok();
        let table = if all.is_empty() {
            view! {
                <Empty title="No credentials yet" why="Private repositories are imported with a user name and a password or token of their registry." icon_name="lock"/>
            }
            .into_any()
        } else {
            table(&all, &asked.csrf, asked.now)
        };
        let listed = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let cut = (listed >= CredentialView::LISTED).then(|| {
            let text = format!(
                "Only the first {} are listed. All are used.",
                thousands(CredentialView::LISTED)
            );
            alert("info", view! { <p>{text}</p> }.into_any())
        });
        let error = asked.refusal();
        let error_of = |field| field_error(error.as_ref(), field);
        let namespaces = if everywhere {
            "Whose imports may use it, as in shop; empty for all namespaces"
        } else {
            "Whose imports may use it, as in shop"
        };
        Ok(view! {
            <PageHead title="Credentials"/>
            {banner(&asked)}
            {cut}
            {said(&asked.query("said"))}
            {table}
            <section>
                <h2>"Add or replace"</h2>
                <form method="post" action=SetCredential::PATH class="sheet" autocomplete="off">
                    <Csrf token=asked.csrf.clone()/>
                    <TextField name="namespace" label="Namespace" value=asked.query("namespace") hint=namespaces error=error_of("namespace") required=!everywhere/>
                    <TextField name="registry" label="Registry" value=asked.query("registry") hint="Host, with port or path where needed, as in quay.io, registry.example:5000, *.example.com or quay.io/team; the longest that fits is used" error=error_of("registry")/>
                    <TextField name="user" label="User name" value=asked.query("user") hint="At the registry, as in team+robot" error=error_of("user")/>
                    <TextField name="password" label="Password or token" value=String::new() hint="Kept encrypted, never shown again" error=error_of("password") kind="password" autocomplete="new-password"/>
                    <p class="buttons"><Button kind="primary">"Save the credential"</Button></p>
                </form>
            </section>
        }
        .into_any())
    })
}

/// What was just done.
fn said(word: &str) -> Option<AnyView> {
    let text = match word {
        "saved" => "The credential was saved. What failed for want of it is tried again.",
        "removed" => "The credential was removed.",
        _ => return None,
    };
    Some(alert("ok", view! { <p>{text}</p> }.into_any()))
}

fn table(all: &[CredentialView], csrf: &str, now: DateTime<Utc>) -> AnyView {
    let rows = all
        .iter()
        .map(|credential| row(credential, csrf, now))
        .collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"Credentials"</caption>
            <thead><tr>
                <th scope="col">"Registry"</th><th scope="col">"Namespace"</th><th scope="col">"User name"</th>
                <th scope="col">"Set"</th><th scope="col">"By"</th>
                <th scope="col"><span class="visually-hidden">"Action"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(credential: &CredentialView, csrf: &str, now: DateTime<Utc>) -> AnyView {
    let registry = credential.pattern.to_string();
    let namespace = credential
        .namespace
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let shown_registry = registry.clone();
    let shown = match namespace.as_str() {
        "" => view! { <span class="muted">"all"</span> }.into_any(),
        name => name.to_owned().into_any(),
    };
    let label = format!("Remove the credential for {registry}");
    let csrf = csrf.to_owned();
    view! {
        <tr>
            <th scope="row"><code>{shown_registry}</code></th>
            <td data-label="Namespace">{shown}</td>
            <td data-label="User name">{credential.user.clone()}</td>
            <td data-label="Set">{time(credential.created_at, now)}</td>
            <td data-label="By">{credential.created_by.clone()}</td>
            <td class="row-menu">
                <Ask word="Remove" label=label>
                    <p>"Imports that need it will fail. The password cannot be shown again."</p>
                    <form method="post" action=DeleteCredential::PATH class="inline">
                        <Csrf token=csrf/>
                        <input type="hidden" name="namespace" value=namespace/>
                        <input type="hidden" name="registry" value=registry.clone()/>
                        <Button kind="danger">{format!("Remove {registry}")}</Button>
                    </form>
                </Ask>
            </td>
        </tr>
    }
    .into_any()
}
