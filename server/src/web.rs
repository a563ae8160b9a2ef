//! Pages and server functions: hands Leptos the engine, the visitor and the content policy of the page.

use axum::Router;

use crate::state::AppState;

/// The routes of this file.
pub fn routes(_state: &AppState) -> Router<AppState> {
    Router::new()
}
