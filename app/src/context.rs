//! What a page or server function knows of its request.

use engine::{Actor, Engine};
use leptos::prelude::*;

use crate::api::ApiError;

/// Provided by the server for every page and server function.
#[derive(Clone)]
pub struct RequestContext {
    /// The engine behind every door.
    pub engine: Engine,
    /// Who asks; `None` on the few pages that are open to everybody.
    pub actor: Option<Actor>,
    /// The token every form must carry.
    pub csrf: String,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// Names the request in the log.
    pub request_id: String,
}

/// The request's context. The server provides it for every page; without it there is no page to render.
#[must_use]
pub fn request() -> RequestContext {
    expect_context()
}

/// A signed-in request: the engine and the right to ask it.
pub struct Call {
    /// The engine.
    pub engine: Engine,
    /// Who asks.
    pub actor: Actor,
}

/// The right to call the engine, or the refusal.
///
/// # Errors
/// `Denied` when nobody is signed in.
pub fn call() -> Result<Call, ApiError> {
    let Some(RequestContext {
        engine,
        actor: Some(actor),
        ..
    }) = use_context()
    else {
        return Err(ApiError::Denied("sign in first".into()));
    };
    Ok(Call { engine, actor })
}
