//! The one router: `main` serves it, tests call it.

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{compression::CompressionLayer, limit::RequestBodyLimitLayer};

use crate::{
    assets,
    auth::{self, session, visitor},
    events, health, metrics,
    middleware::{headers, limits, linger, origin, request},
    progress,
    state::AppState,
    upload, v2, web,
};

/// Builds the router.
///
/// # Errors
/// When the public URL is no origin.
pub fn build_router(state: AppState) -> Result<Router, tower_http::csrf::ConfigError> {
    // What is measured before there is a recorder is lost.
    metrics::fold();
    let secure = state.site.secure;
    // Everything that depends on who asks; the layers reach the page for unknown addresses too.
    let known = |routes: Router<AppState>| {
        routes
            .layer(from_fn_with_state(state.clone(), visitor::attach))
            .layer(session::layer(state.engine.clone(), &state.site))
    };
    let people = known(
        web::routes()
            .merge(auth::handlers::routes())
            .merge(progress::routes())
            .merge(events::routes()),
    );
    // Files have a limit of their own.
    let files = known(upload::routes()).with_state(state.clone());
    let origin = origin::layer(&state.site.public_url)?;
    let places = Arc::clone(&state.places);
    let registry = v2::routes(state.clone());
    // The last layer is the first to see a request.
    Ok(people
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(assets::routes())
        .with_state(state)
        .layer(CompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(limits::BODY))
        .merge(files)
        .layer(origin)
        .layer(from_fn(limits::deadline))
        // Clients of the registry are no browsers: no cookies, no forms, and bodies of any size that are streamed.
        .merge(registry)
        .layer(from_fn_with_state(places, limits::load))
        .layer(from_fn(metrics::measure))
        .layer(from_fn(limits::catch_panic))
        .layer(from_fn(move |request, next| {
            headers::protect(secure, request, next)
        }))
        .layer(from_fn(request::identify))
        .layer(from_fn(linger::linger)))
}
