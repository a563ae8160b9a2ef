//! What a page shows instead of itself: what is wrong, and where to go on.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::use_params_map;
use model::StreamRef;

use crate::{
    api::ApiError,
    components::{Button, CopyButton, LinkButton, PageHead},
    context, routes,
};

/// An error as a page, with its status and a way on.
pub(super) fn refused(error: &ApiError) -> AnyView {
    if let Some(response) = use_context::<ResponseOptions>()
        && let Ok(status) = StatusCode::from_u16(error.status())
    {
        response.set_status(status);
    }
    let title = match error {
        ApiError::NotFound(_) => "Not found",
        ApiError::Invalid { .. } => "This address cannot be read",
        ApiError::Denied(_) => "Not allowed",
        ApiError::Conflict(_) => "Something changed in between",
        ApiError::Upstream { .. } => "The registry did not answer as needed",
        ApiError::Internal { .. } => "Something went wrong",
    };
    let message = match error {
        // The other side's own words.
        ApiError::Upstream { message, .. } => {
            view! { <pre class="well">{message.clone()}</pre> }.into_any()
        }
        _ => view! { <p>{sentence(error.message())}</p> }.into_any(),
    };
    let hint = (!error.hint().is_empty()).then(|| view! { <p>{error.hint().to_owned()}</p> });
    let id = match error {
        ApiError::Internal { .. } => Some(context::request_id()),
        _ => None,
    };
    let id = id.filter(|id| !id.is_empty()).map(|id| {
        view! { <p class="muted">"Request " <code>{id.clone()}</code> " " <CopyButton text=id what="request id".to_owned()/></p> }
    });
    view! {
        <PageHead title=title/>
        {message}
        {hint}
        {id}
        {ways_on(error)}
    }
    .into_any()
}

/// A message as a sentence: a capital first, a full stop last.
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    let end = if message.ends_with(['.', '!', '?', ':']) {
        ""
    } else {
        "."
    };
    format!("{}{}{end}", first.unwrap_or_default(), chars.as_str())
}

/// Links to what is near: the stream of the address, making it if it is that which is missing, the list.
fn ways_on(error: &ApiError) -> impl IntoView + use<> {
    let params = use_params_map().get_untracked();
    let part = |name| params.get(name).unwrap_or_default();
    let stream = StreamRef::parse(&part("ns"), &part("name")).ok();
    let near = stream.map(|stream| {
        let page = routes::stream(&stream);
        let here = context::here();
        if here.split('?').next() != Some(page.as_str()) {
            return view! { <LinkButton href=page>{format!("To {stream}")}</LinkButton> }
                .into_any();
        }
        let make = routes::with_query(
            routes::NEW_STREAM,
            &[
                ("namespace", stream.namespace.as_str()),
                ("name", stream.name.as_str()),
            ],
        );
        let missing = matches!(error, ApiError::NotFound(_));
        missing
            .then(|| view! { <LinkButton href=make>{format!("Make {stream}")}</LinkButton> })
            .into_any()
    });
    view! {
        <p class="buttons">
            <LinkButton kind="primary" href=routes::STREAMS>"To the streams"</LinkButton>
            {near}
        </p>
    }
}

/// The page for an address nobody has.
#[component]
pub(super) fn NotFoundPage() -> impl IntoView {
    let signed_in = context::call().is_ok();
    let on = if signed_in {
        view! {
            <form class="filters" method="get" action=routes::STREAMS>
                <label>"Find a stream " <input type="search" name="text"/></label>
                <Button>"Find"</Button>
            </form>
            <p class="buttons">
                <LinkButton kind="primary" href=routes::STREAMS>"To the streams"</LinkButton>
                <LinkButton href=routes::OVERVIEW>"To the overview"</LinkButton>
            </p>
        }
        .into_any()
    } else {
        view! { <p class="buttons"><LinkButton kind="primary" href=routes::LOGIN>"Sign in"</LinkButton></p> }
            .into_any()
    };
    view! {
        <PageHead title="There is no such page"/>
        <p>"The address may be mistyped, or what it showed was deleted."</p>
        {on}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(
            sentence("there is no stream x/y"),
            "There is no stream x/y."
        );
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence("ß is odd"), "SS is odd.");
        assert_eq!(sentence(""), ".");
    }
}
