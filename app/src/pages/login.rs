//! Signing in, and the first set-up. Open to everybody; what they may say is limited to fixed texts.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Button, Csrf, Mark, TextField, alert},
    context::{self, RequestContext},
    routes,
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

/// What helps until somebody has signed in; later it would only help strangers.
const HINTS: [&str; 2] = [
    "The first user is admin",
    "From WEIR_ADMIN_PASSWORD or your set-up",
];

/// A refusal as a banner.
fn refusal(text: &'static str) -> AnyView {
    alert("bad", view! { <p>{text}</p> }.into_any())
}

fn csrf() -> String {
    use_context::<RequestContext>().map_or_else(String::new, |context| context.csrf)
}

/// The sign-in form.
#[component]
pub fn LoginPage() -> impl IntoView {
    let query = context::query();
    let signed_in = context::call().ok().map(|call| {
        let inner = view! {
            <p>{format!("You are signed in as {}. ", call.actor.name)} <a href=routes::OVERVIEW>"To the overview"</a></p>
        };
        alert("info", inner.into_any())
    });
    let engine = use_context::<RequestContext>().map(|context| context.engine);
    let (csrf, next) = (csrf(), query.get("next").to_owned());
    view! {
        <Title text="Sign in"/>
        <section class="sign-in">
            <Mark/>
            <h1>"Sign in to Weir"</h1>
            {signed_in}
            {said(query.get("error")).map(refusal)}
            <Suspense>
                {Suspend::new(async move {
                    let fresh = match engine {
                        Some(engine) => engine.is_unused().await.unwrap_or_default(),
                        None => false,
                    };
                    let hints = if fresh { HINTS } else { ["", ""] };
                    view! {
                        <form method="post" action=routes::LOGIN>
                            <Csrf token=csrf/>
                            <input type="hidden" name="next" value=next/>
                            <TextField name="name" label="User name" value=String::new() hint=hints[0] autocomplete="username"/>
                            <TextField name="password" label="Password" value=String::new() hint=hints[1] kind="password" autocomplete="current-password"/>
                            <Button kind="primary">"Sign in"</Button>
                        </form>
                    }
                })}
            </Suspense>
        </section>
    }
}

/// The first set-up: chooses the password of `admin`.
#[component]
pub fn SetupPage() -> impl IntoView {
    let query = context::query();
    let token = query.get("token").to_owned();
    let code = query.get("error");
    // What is wrong with the password stands beside it, the rest above the form.
    let (beside, above) = match said(code) {
        Some(text) if code == "weak" => (Some(text.to_owned()), None),
        other => (None, other.map(refusal)),
    };
    let form = if token.is_empty() {
        view! {
            <p>"Open the link that Weir printed when it started for the first time; it holds a token that works once."</p>
            <p>"If the first user is there already, " <a href=routes::LOGIN>"sign in"</a> "."</p>
        }
        .into_any()
    } else {
        view! {
            <p>"Choose the password of the first user, " <strong>"admin"</strong> "."</p>
            <form method="post" action=routes::SETUP>
                <Csrf token=csrf()/>
                <input type="hidden" name="token" value=token/>
                <TextField name="password" label="Password" value=String::new() hint="At least 12 characters" error=beside kind="password" autocomplete="new-password"/>
                <Button kind="primary">"Set password and sign in"</Button>
            </form>
        }
        .into_any()
    };
    view! {
        <Title text="Set up"/>
        <section class="sign-in">
            <Mark/>
            <h1>"Set up Weir"</h1>
            {above}
            {form}
        </section>
    }
}
