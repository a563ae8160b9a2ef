//! Signing in, and the first set-up. Open to everybody; what they may say is limited to fixed texts.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    components::{Csrf, Mark, TextField, alert},
    context::RequestContext,
};

fn said(code: &str) -> Option<&'static str> {
    Some(match code {
        "wrong" => "The user name or the password is not right.",
        "wait" => "Too many failed sign-ins. Wait a moment, then try again.",
        "expired" => "You were signed out. Sign in again; what you sent was not carried out.",
        "csrf" => "This form was out of date. Send it again.",
        "weak" => "Use at least 12 characters.",
        "token" => {
            "This set-up link was used already or is not the newest. Restart Weir to have a new one printed."
        }
        _ => return None,
    })
}

/// The sign-in form.
#[component]
pub fn LoginPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let csrf = use_context::<RequestContext>()
        .map(|context| context.csrf)
        .unwrap_or_default();
    let error = query.get("error").and_then(|code| said(&code));
    view! {
        <Title text="Sign in"/>
        <section class="sign-in">
            <Mark/>
            <h1>"Sign in to Weir"</h1>
            {error.map(|text| alert("bad", view! { <p>{text}</p> }.into_any()))}
            <form method="post" action="/login">
                <Csrf token=csrf/>
                <input type="hidden" name="next" value=query.get("next").unwrap_or_default()/>
                <TextField name="name" label="User name" value=String::new() hint="The first user is admin" autocomplete="username"/>
                <TextField name="password" label="Password" value=String::new() hint="From WEIR_ADMIN_PASSWORD or your set-up" kind="password" autocomplete="current-password"/>
                <button class="button primary">"Sign in"</button>
            </form>
        </section>
    }
}

/// The first set-up: chooses the password of `admin`.
#[component]
pub fn SetupPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let csrf = use_context::<RequestContext>()
        .map(|context| context.csrf)
        .unwrap_or_default();
    let error = query
        .get("error")
        .and_then(|code| said(&code))
        .map(str::to_owned);
    view! {
        <Title text="Set up"/>
        <section class="sign-in">
            <Mark/>
            <h1>"Set up Weir"</h1>
            <p>"Choose the password of the first user, " <strong>"admin"</strong> "."</p>
            <form method="post" action="/setup">
                <Csrf token=csrf/>
                <input type="hidden" name="token" value=query.get("token").unwrap_or_default()/>
                <TextField name="password" label="Password" value=String::new() hint="At least 12 characters" error=error kind="password" autocomplete="new-password"/>
                <button class="button primary">"Set password and sign in"</button>
            </form>
        </section>
    }
}
