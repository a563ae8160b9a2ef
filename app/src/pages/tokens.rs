//! The user's own API tokens: what there is, the form that makes one, and the one time a new one is shown.

use chrono::{DateTime, Utc};
use leptos::{prelude::*, server_fn::ServerFn};
use model::token::{Lifetime, Scope, TokenView};

use super::{banner, page};
use crate::{
    api::{ApiError, CreateToken, NEW_TOKEN, RevokeToken},
    components::{
        Ask, Button, Choice, CopyButton, Csrf, Empty, PageHead, PullCommand, RadioGroup, TextField,
        alert, badge, field_error, time,
    },
    context::{self, Call},
    routes,
};

/// The page.
#[component]
pub fn TokensPage() -> impl IntoView {
    let carried = context::cookie(NEW_TOKEN);
    if carried.is_some() {
        context::set_cookie(NEW_TOKEN, "", routes::TOKENS, 0);
    }
    page(|asked| async move {
        let call = &asked.call;
        let all = call
            .engine
            .list_tokens(&call.actor, &call.actor.name)
            .await?;
        let new = new_token(call, carried).await?;
        let host = call.engine.config().registry_host.clone();
        let table = if all.is_empty() {
            view! {
                <Empty title="No API tokens yet" why="Programs show a token instead of your name and password: docker login, skopeo, scripts." icon_name="lock"/>
            }
            .into_any()
        } else {
            table(&all, &asked.csrf, asked.now)
        };
        let revoked = (asked.query("said") == "revoked")
            .then(|| alert("ok", view! { <p>"The token was revoked."</p> }.into_any()));
        let error = asked.refusal();
        let error_of = |field| field_error(error.as_ref(), field);
        let expires = match asked.query("expires") {
            text if text.is_empty() => Lifetime::default().to_string(),
            text => text,
        };
        let scope = Scope::from_word(&asked.query("scope")).unwrap_or_default();
        Ok(view! {
            <PageHead title="API tokens"/>
            {banner(&asked)}
            {revoked}
            {new}
            {table}
            <section>
                <h2>"New token"</h2>
                <form method="post" action=CreateToken::PATH class="sheet" autocomplete="off">
                    <Csrf token=asked.csrf.clone()/>
                    <TextField name="name" label="Name" value=asked.query("name") hint="What it is for, as in ci" error=error_of("name")/>
                    <TextField name="expires" label="Expires" value=expires hint="After so many hours or days, as in 12h or 30d, or never" error=error_of("expires")/>
                    <RadioGroup name="scope" legend="It may" choices=scopes() value=scope.as_str() error=error_of("scope")/>
                    <p class="buttons"><Button kind="primary">"Make the token"</Button></p>
                </form>
                <p class="muted">"Use a token as the password, with any user name."</p>
                {host.map(|host| view! { <PullCommand command=format!("docker login {host}")/> })}
            </section>
        }
        .into_any())
    })
}

/// The token that was just made, if the browser carries one and it is this user's: another site must not make us show
/// theirs.
async fn new_token(call: &Call, carried: Option<String>) -> Result<AnyView, ApiError> {
    let Some(token) = carried else {
        return Ok(().into_any());
    };
    if !call.engine.owns_token(&call.actor, &token).await? {
        return Ok(().into_any());
    }
    let shown = view! {
        <p><strong>"The new token, shown only now:"</strong></p>
        <p class="well"><code id="new-token">{token.clone()}</code> <CopyButton text=token what="token".to_owned()/></p>
    };
    Ok(alert("ok", shown.into_any()))
}

fn scopes() -> Vec<Choice> {
    let choice = |scope: Scope, label, hint: &str| Choice {
        value: scope.as_str(),
        label,
        hint: hint.to_owned(),
    };
    vec![
        choice(
            Scope::Full,
            "Do all that you may",
            "For programs that push or import",
        ),
        choice(
            Scope::Pull,
            "Look and pull only",
            "For clusters and builds that only pull",
        ),
    ]
}

fn table(all: &[TokenView], csrf: &str, now: DateTime<Utc>) -> AnyView {
    let rows = all.iter().map(|token| row(token, csrf, now)).collect_view();
    view! {
        <table class="data">
            <caption class="visually-hidden">"API tokens"</caption>
            <thead><tr>
                <th scope="col">"Name"</th><th scope="col">"Scope"</th><th scope="col">"Made"</th><th scope="col">"Expires"</th>
                <th scope="col">"Last used"</th>
                <th scope="col"><span class="visually-hidden">"Action"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(token: &TokenView, csrf: &str, now: DateTime<Utc>) -> AnyView {
    let never = || view! { <span class="muted">"never"</span> }.into_any();
    let expires = match token.expires_at {
        None => never(),
        Some(_) if token.expired(now) => badge("warn", "wait", "expired"),
        Some(at) => time(at, now).into_any(),
    };
    let used = token
        .last_used_at
        .map_or_else(never, |at| time(at, now).into_any());
    let label = format!("Revoke the token {}", token.name);
    let (csrf, id, name) = (csrf.to_owned(), token.id.clone(), token.name.clone());
    view! {
        <tr>
            <th scope="row">{token.name.clone()}</th>
            <td data-label="Scope">{token.scope.as_str()}</td>
            <td data-label="Made">{time(token.created_at, now)}</td>
            <td data-label="Expires">{expires}</td>
            <td data-label="Last used">{used}</td>
            <td class="row-menu">
                <Ask word="Revoke" label=label>
                    <p>"Programs that use it are refused from then on."</p>
                    <form method="post" action=RevokeToken::PATH class="inline">
                        <Csrf token=csrf/>
                        <input type="hidden" name="id" value=id/>
                        <Button kind="danger">{format!("Revoke {name}")}</Button>
                    </form>
                </Ask>
            </td>
        </tr>
    }
    .into_any()
}
