//! What a page shows instead of itself when it could not be made.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{api::error::ApiError, routes};

/// Sets the status of the page being rendered.
pub fn set_status(status: u16) {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = axum::http::StatusCode::from_u16(status)
    {
        response.set_status(status);
    }
}

/// An error as a page of its own, with its status and a way to go on.
#[must_use]
pub fn error_view(error: &ApiError) -> AnyView {
    let signed_in = crate::context::request().is_some_and(|request| request.actor.is_some());
    // Without a user the response is a redirect to the sign-in form: leave its status alone.
    if signed_in {
        set_status(error.status());
    }
    let message = error.message();
    view! {
        <Title text="Error"/>
        <h1>"Error"</h1>
        <p>{message}</p>
        <p><a href=routes::streams()>"All streams"</a></p>
    }
    .into_any()
}
