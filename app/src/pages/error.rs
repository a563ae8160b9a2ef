//! What a page shows instead of itself: what is wrong, and where to go on.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::use_params_map;
use model::StreamRef;

use crate::{
    api::ApiError,
    components::{Button, CopyButton, LinkButton, PageHead, sentence},
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

/// Links to what is near: the stream of the address, making it if it is that which is missing, the list.
fn ways_on(error: &ApiError) -> impl IntoView + use<> {
    let params = use_params_map().get_untracked();
    let part = |name| params.get(name).unwrap_or_default();
    let stream = StreamRef::parse(&part("ns"), &part("name")).ok();
    let here = context::here();
    let below = stream
        .as_ref()
        .is_some_and(|stream| here.split('?').next() != Some(routes::stream(stream).as_str()));
    let near = stream.map(|stream| {
        let page = routes::stream(&stream);
        if below {
            return view! { <LinkButton kind="primary" href=page>{format!("To {stream}")}</LinkButton> }
                .into_any();
        }
        let make = routes::with_query(
            routes::NEW_STREAM,
            &[
                ("namespace", stream.namespace.as_str()),
                ("name", stream.name.as_str()),
            ],
        );
        let may = |namespace| context::call().is_ok_and(|call| call.actor.may_write(namespace).is_ok());
        let missing = matches!(error, ApiError::NotFound(_)) && may(&stream.namespace);
        missing
            .then(|| view! { <LinkButton href=make>{format!("Make {stream}")}</LinkButton> })
            .into_any()
    });
    let (first, second) = if below { (near, None) } else { (None, near) };
    view! {
        <p class="buttons">
            {first}
            <LinkButton kind=if below { "" } else { "primary" } href=routes::STREAMS>"To the streams"</LinkButton>
            {second}
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
