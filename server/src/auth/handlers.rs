//! The forms around a session: sign in, sign out, first set-up, theme. They work without scripts and answer by redirect.

use axum::{
    Extension, Form, Router,
    extract::{ConnectInfo, State},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use engine::{Actor, Error};
use serde::Deserialize;
use tokio::sync::SemaphorePermit;
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
use crate::{answer, listener::Peer, state::AppState};

/// How long a sign-in waits for its turn. Others who flood the form must not make it hold a request for ever.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

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
    peer: Option<Extension<ConnectInfo<Peer>>>,
    Form(form): Form<Login>,
) -> Response {
    let next = local_path(&form.next);
    let again = |code: &str| Redirect::to(&sign_in(&next, Some(code))).into_response();
    if !visitor.owns(&form.csrf) {
        return again(stale(&visitor));
    }
    let Some(_turn) = turn(&state).await else {
        return again("wait");
    };
    let address = peer.map_or_else(
        || "unknown".to_owned(),
        |Extension(ConnectInfo(peer))| peer.client.to_string(),
    );
    let name = form.name.trim();
    match state.engine.sign_in(name, &form.password, &address).await {
        Ok(actor) => enter(&state, &session, &actor, &next).await,
        Err(Error::Internal { doing, source }) => answer::page(&Error::Internal { doing, source }),
        Err(refusal) => {
            // Not the name: people type passwords into the wrong field.
            tracing::warn!(client.address = address, "refused a sign-in");
            again(if matches!(refusal, Error::Conflict(_)) {
                "wait"
            } else {
                "wrong"
            })
        }
    }
}

/// A turn at hashing a password; `None` when too many wait for one.
async fn turn(state: &AppState) -> Option<SemaphorePermit<'_>> {
    tokio::time::timeout(PATIENCE, state.hashing.acquire())
        .await
        .ok()?
        .ok()
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
    let Some(_turn) = turn(&state).await else {
        return again("wait");
    };
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
