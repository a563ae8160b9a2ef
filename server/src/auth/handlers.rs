//! The forms around a session: sign in, sign out, first set-up, theme. They work without scripts and answer by redirect.

use axum::{
    Form, Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use engine::{Actor, Error};
use serde::Deserialize;
use tower_sessions::{
    Session,
    cookie::{SameSite, time::Duration},
};

use super::{
    cookies,
    next::{local_path, sign_in},
    session,
    visitor::{THEMES, Visitor},
};
use crate::{answer, state::AppState};

/// The routes of this file.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/setup", post(setup))
        .route("/theme", post(theme))
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    next: String,
}

async fn login(
    State(state): State<AppState>,
    session: Session,
    visitor: Visitor,
    Form(form): Form<Login>,
) -> Response {
    let next = local_path(&form.next);
    if !visitor.owns(&form.csrf) {
        return Redirect::to(&sign_in(&next, Some(stale(&visitor)))).into_response();
    }
    match state.engine.sign_in(form.name.trim(), &form.password).await {
        Ok(actor) => enter(&state, &session, &actor, &next).await,
        Err(error) => match sign_in_code(&error) {
            Some(code) => Redirect::to(&sign_in(&next, Some(code))).into_response(),
            None => answer::page(&error),
        },
    }
}

async fn logout(
    State(state): State<AppState>,
    session: Session,
    visitor: Visitor,
    Form(form): Form<Token>,
) -> Response {
    if visitor.actor.is_some() && !visitor.owns(&form.csrf) {
        return answer::stale_form();
    }
    if let Err(error) = session.flush().await {
        tracing::error!(%error, "could not end a session");
        return answer::unavailable();
    }
    let mut response = Redirect::to("/login").into_response();
    if state.site.secure {
        // The session layer's own removal is not `Secure`, and browsers ignore it for a name bound to the host.
        let name = state.site.session_cookie();
        cookies::set(
            response.headers_mut(),
            name,
            String::new(),
            SameSite::Lax,
            true,
            Duration::ZERO,
        );
    }
    response
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

#[derive(Deserialize)]
struct Setup {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    csrf: String,
}

async fn setup(
    State(state): State<AppState>,
    session: Session,
    visitor: Visitor,
    Form(form): Form<Setup>,
) -> Response {
    let again = |code: &str| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("error", code)
            .append_pair("token", &form.token)
            .finish();
        Redirect::to(&format!("/setup?{query}")).into_response()
    };
    if !visitor.owns(&form.csrf) {
        return again(stale(&visitor));
    }
    match state.engine.setup(&form.token, &form.password).await {
        Ok(actor) => enter(&state, &session, &actor, "/").await,
        Err(Error::Invalid {
            field: "password", ..
        }) => again("weak"),
        Err(Error::Internal { doing, source }) => answer::page(&Error::Internal { doing, source }),
        Err(_) => again("token"),
    }
}

#[derive(Deserialize)]
struct Theme {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    next: String,
}

async fn theme(
    State(state): State<AppState>,
    visitor: Visitor,
    Form(form): Form<Theme>,
) -> Response {
    if !visitor.owns(&form.csrf) {
        return answer::stale_form();
    }
    let mut response = Redirect::to(&local_path(&form.next)).into_response();
    let chosen = THEMES
        .into_iter()
        .find(|theme| *theme == form.theme)
        .unwrap_or(THEMES[0]);
    cookies::set(
        response.headers_mut(),
        "theme",
        chosen.to_owned(),
        SameSite::Lax,
        state.site.secure,
        Duration::days(365),
    );
    response
}

/// Begins the session and goes on to `next`.
async fn enter(state: &AppState, session: &Session, actor: &Actor, next: &str) -> Response {
    if let Err(error) = session::begin(session, actor, state.engine.clock().now()).await {
        tracing::error!(%error, "could not begin a session");
        return answer::unavailable();
    }
    tracing::info!(user.id = actor.id, "signed in");
    Redirect::to(next).into_response()
}

/// Why a token does not fit: the form is older than its cookie, or it never was ours.
fn stale(visitor: &Visitor) -> &'static str {
    if visitor.known { "csrf" } else { "expired" }
}

/// The code the sign-in page explains; `None` when it is our fault.
fn sign_in_code(error: &Error) -> Option<&'static str> {
    match error {
        Error::Conflict(_) => Some("wait"),
        Error::Denied(_) | Error::NotFound(_) | Error::Invalid { .. } => Some("wrong"),
        Error::Upstream { .. } | Error::Internal { .. } => None,
    }
}
