//! How every server function ends: on to the page that shows the effect, or back to its form.

use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use leptos::{
    context::use_context,
    server_fn::{ServerFn, error::ServerFnUrlError},
};
use leptos_axum::ResponseOptions;

use super::ApiError;

/// On to the page `done` names, or back to `form`, an address that holds the values given, with the refusal in
/// `__path` and `__err`. Scripts get the refusal as JSON instead.
///
/// # Errors
/// The refusal.
pub fn answer<F: ServerFn>(form: &str, done: Result<String, ApiError>) -> Result<(), ApiError> {
    let page = done.inspect_err(|error| {
        // Left alone it would be the Referer, which a browser may withhold and which knows no unticked boxes.
        if wants_page() {
            go_to(&with_refusal(F::PATH, form, error));
        }
    })?;
    leptos_axum::redirect(&page);
    Ok(())
}

/// Whether a browser waits for a page, and not a script for an answer: as the framework decides it.
fn wants_page() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accept = parts.headers.get(header::ACCEPT);
        accept
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
    })
}

/// The address of a form with a refusal of what was sent to `path`.
#[must_use]
pub fn with_refusal(path: &str, form: &str, error: &ApiError) -> String {
    const ORIGIN: &str = "http://weir";
    ServerFnUrlError::new(path, error.clone())
        .to_url(&format!("{ORIGIN}{form}"))
        .ok()
        .and_then(|url| url.as_str().strip_prefix(ORIGIN).map(str::to_owned))
        .unwrap_or_else(|| form.to_owned())
}

fn go_to(address: &str) {
    if let Some(response) = use_context::<ResponseOptions>()
        && let Ok(value) = HeaderValue::from_str(address)
    {
        response.insert_header(header::LOCATION, value);
        response.set_status(StatusCode::FOUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Query;

    #[test]
    fn the_form_comes_back_with_its_values_and_the_refusal() {
        let error = ApiError::invalid("source", "no such \"repository\"");
        let back = with_refusal(
            "/api/fn/streams/create",
            "/streams/new?name=ruby&preview=1",
            &error,
        );
        let (page, query) = back.split_once('?').unwrap();
        let query = Query::parse(query);
        assert_eq!(
            (page, query.get("name"), query.get("__path")),
            ("/streams/new", "ruby", "/api/fn/streams/create")
        );
        assert_eq!(
            ServerFnUrlError::<ApiError>::decode_err(query.get("__err")),
            error
        );
    }
}
