//! Finds out, for every page and form, who is asking and which token their forms carry.

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use engine::Actor;
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use subtle::ConstantTimeEq;
use tower_sessions::{
    Session,
    cookie::{SameSite, time::Duration},
};

use super::{cookies, next, session};
use crate::{answer, state::AppState};

/// Who is asking, as of this request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The signed-in user; `None` for everybody else.
    pub actor: Option<Actor>,
    /// The token their forms must carry.
    pub csrf: String,
    /// Whether the browser brought that token; if not, no form can carry it yet.
    pub known: bool,
    /// What the `theme` cookie says: `system`, `light` or `dark`.
    pub theme: &'static str,
}

impl Visitor {
    /// Whether `token` is the one this visitor's forms carry.
    #[must_use]
    pub fn owns(&self, token: &str) -> bool {
        self.known && bool::from(self.csrf.as_bytes().ct_eq(token.as_bytes()))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        // Missing only if a route was put outside the layer below: a fault of ours.
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Themes there are; the first holds when nothing was chosen.
pub const THEMES: [&str; 3] = ["system", "light", "dark"];

/// Puts the [`Visitor`] into the request. Somebody not signed in gets a cookie, never a row in the database.
pub async fn attach(
    State(state): State<AppState>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let visitor = match recognise(&state, &session, request.headers()).await {
        Ok(visitor) => visitor,
        Err(error) => {
            tracing::error!(%error, "could not find out who is asking");
            return answer::unavailable();
        }
    };
    let new_token = (!visitor.known).then(|| visitor.csrf.clone());
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    if let Some(token) = new_token {
        let name = state.site.csrf_cookie();
        cookies::set(
            response.headers_mut(),
            name,
            token,
            SameSite::Strict,
            state.site.secure,
            Duration::hours(12),
        );
    }
    response
}

async fn recognise(
    state: &AppState,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Visitor, String> {
    let theme = cookies::read(headers, "theme")
        .and_then(|chosen| THEMES.into_iter().find(|theme| *theme == chosen))
        .unwrap_or(THEMES[0]);
    let now = state.engine.clock().now();
    let signed_in = session::current(session, now)
        .await
        .map_err(|error| error.to_string())?;
    if let Some(signed_in) = signed_in {
        let actor = state
            .engine
            .actor(&signed_in.user)
            .await
            .map_err(|error| error.to_string())?;
        if actor.is_some() {
            return Ok(Visitor {
                actor,
                csrf: signed_in.csrf,
                known: true,
                theme,
            });
        }
        // The user is gone, so is the session.
        session.flush().await.map_err(|error| error.to_string())?;
    }
    let token = cookies::read(headers, state.site.csrf_cookie())
        .filter(|token| token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()));
    Ok(Visitor {
        actor: None,
        known: token.is_some(),
        csrf: token.unwrap_or_else(engine::clock::secret::<32>),
        theme,
    })
}

/// Lets only signed-in users pass: a page leads to the sign-in page and back, anything else is refused.
pub async fn require(visitor: Visitor, request: Request, next: Next) -> Response {
    if visitor.actor.is_some() {
        return next.run(request).await;
    }
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_none_or(|accept| accept.contains("text/html") || accept.contains("*/*"));
    if *request.method() == Method::GET || *request.method() == Method::HEAD {
        let from = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        return Redirect::to(&next::sign_in(from, None)).into_response();
    }
    if wants_page {
        // What was typed is lost; the sign-in page says why.
        return Redirect::to(&next::sign_in("/", Some("expired"))).into_response();
    }
    StatusCode::UNAUTHORIZED.into_response()
}
