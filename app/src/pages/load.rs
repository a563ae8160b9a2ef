//! The frame of every page with data: who asks, what is loaded, what a refusal looks like.

use std::future::Future;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::StreamRef;

use super::error::error_view;
use crate::{
    api::error::ApiError,
    context::{self, Call},
};

/// Renders what `load` gives for the signed-in user, else a redirect to the sign-in form or the error's own page.
///
/// ```ignore
/// #[component]
/// pub fn StreamPage() -> impl IntoView {
///     data_page(|call| async move {
///         let stream = stream_param()?;
///         let view = call.engine.stream(&call.actor, &stream).await?;
///         Ok(view! { <Title text=view.row.stream.name.to_string()/> <h1>{view.row.stream.to_string()}</h1> })
///     })
/// }
/// ```
pub fn data_page<F, Fut, V>(load: F) -> AnyView
where
    F: FnOnce(Call) -> Fut + Send + 'static,
    Fut: Future<Output = Result<V, ApiError>> + Send + 'static,
    V: IntoView + 'static,
{
    match context::require_actor() {
        Ok(call) => Suspend::new(async move {
            match load(call).await {
                Ok(view) => view.into_any(),
                Err(error) => error_view(&error),
            }
        })
        .into_any(),
        Err(error) => error_view(&error),
    }
}

/// A named part of the path, empty if the route has none.
#[must_use]
pub fn param(name: &str) -> String {
    use_params_map().with_untracked(|params| params.get(name).unwrap_or_default())
}

/// The stream of a `/s/:ns/:name` path.
///
/// # Errors
/// `NotFound` if the path cannot name a stream.
pub fn stream_param() -> Result<StreamRef, ApiError> {
    StreamRef::parse(&param("ns"), &param("name")).map_err(no_such)
}

/// A part of the path as a model type: `tag_name(param("tag"))`.
///
/// # Errors
/// `NotFound` with the grammar's own words if it cannot be one.
pub fn typed_param<T>(name: &str) -> Result<T, ApiError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    param(name).parse().map_err(no_such)
}

fn no_such(error: impl std::fmt::Display) -> ApiError {
    ApiError::NotFound { message: error.to_string() }
}

