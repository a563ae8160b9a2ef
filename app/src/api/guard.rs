//! How every server function begins and ends: the right to act is a value, the outcome is an address.

use axum::http::{HeaderValue, StatusCode, header};
use leptos::{context::use_context, server_fn::{ServerFn, error::ServerFnUrlError}};
use leptos_axum::ResponseOptions;
use subtle::ConstantTimeEq;

use super::error::ApiError;
use crate::{
    context::{self, Call, RequestContext},
    routes,
};

/// The engine and the signed-in user, if the form's `csrf` is the session's.
///
/// # Errors
/// `Denied`. A browser without a session is sent to the sign-in form.
pub fn authorised(csrf: &str) -> Result<Call, ApiError> {
    let error = match context::request() {
        Some(RequestContext { actor: None, .. }) | None => {
            if context::wants_html() {
                go_to(&routes::login("/"));
            }
            ApiError::Denied { message: "Your session has ended: sign in again. Nothing was changed.".into() }
        }
        Some(request) if !same(&request.csrf, csrf) => ApiError::Denied {
            message: "This form is from another session: load the page again and repeat. Nothing was changed.".into(),
        },
        Some(RequestContext { engine, actor: Some(actor), .. }) => return Ok(Call { engine, actor }),
    };
    if !context::wants_html() {
        crate::pages::error::set_status(error.status());
    }
    Err(error)
}

fn same(expected: &str, given: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

/// Ends a server function: on to the page `done` names, or back to `form` (an address with the values given) with
/// the error in `__path` and `__err`. Scripts get the error as JSON with its status instead.
///
/// # Errors
/// The error given.
pub fn answer<F: ServerFn>(form: &str, done: Result<String, ApiError>) -> Result<(), ApiError> {
    match done {
        Ok(page) => {
            leptos_axum::redirect(&page);
            Ok(())
        }
        Err(error) => {
            if context::wants_html() {
                // The default is the Referer, which browsers may withhold.
                go_to(&with_error(F::PATH, form, &error));
            } else {
                crate::pages::error::set_status(error.status());
            }
            Err(error)
        }
    }
}

fn with_error(path: &str, form: &str, error: &ApiError) -> String {
    const ORIGIN: &str = "http://weir";
    ServerFnUrlError::new(path, error.clone())
        .to_url(&format!("{ORIGIN}{form}"))
        .ok()
        .and_then(|url| url.as_str().strip_prefix(ORIGIN).map(str::to_owned))
        .unwrap_or_else(|| form.to_owned())
}

fn go_to(address: &str) {
    if let (Some(response), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(address)) {
        response.insert_header(header::LOCATION, value);
        response.set_status(StatusCode::FOUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Query;

    #[test]
    fn an_empty_token_of_the_session_fits_nothing() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "") && !same("", ""));
    }

    #[test]
    fn the_form_comes_back_with_its_values_and_the_error() {
        let error = ApiError::invalid("source", "no such \"repository\"");
        let back = with_error("/api/fn/streams/create", "/streams/new?name=ruby&preview=1", &error);
        let (page, query) = back.split_once('?').unwrap_or_default();
        let query = Query::parse(query);
        assert_eq!((page, query.get("name"), query.get("__path")), ("/streams/new", "ruby", "/api/fn/streams/create"));
        assert_eq!(ServerFnUrlError::<ApiError>::decode_err(query.get("__err")), error);
    }
}
