//! The pages: made on the server, one file each. They load through the engine and hold no rules.

mod bulk;
mod credentials;
mod definition;
mod delete;
mod describe;
mod diff;
mod edit;
mod error;
mod image;
mod import;
mod job;
mod login;
mod namespace;
mod naming;
mod overview;
mod policies;
pub mod shell;
mod storage;
mod stream;
mod streams;
mod tag;
mod tag_form;
mod tokens;

use std::future::Future;

use chrono::{DateTime, Utc};
use leptos::{prelude::*, server_fn::error::ServerFnUrlError};
use leptos_router::hooks::use_params_map;
use leptos_router::params::ParamsMap;
use model::{Digest, Namespace, PageRequest, StreamRef, TagName};

use crate::{
    api::{ApiError, form},
    components::{ErrorSummary, alert},
    context::{self, Call, Query, RequestContext, call},
    routes,
};

/// What every page is given: who asks, and where.
pub(crate) struct Asked {
    pub(crate) call: Call,
    pub(crate) csrf: String,
    pub(crate) now: DateTime<Utc>,
    params: ParamsMap,
    query: Query,
}

impl Asked {
    /// A query value, trimmed; empty if there is none.
    pub(crate) fn query(&self, key: &str) -> String {
        self.query.get(key).to_owned()
    }

    /// All values of a query key.
    pub(crate) fn queries(&self, key: &str) -> Vec<&str> {
        self.query.all(key)
    }

    fn param(&self, key: &str) -> String {
        self.params.get(key).unwrap_or_default()
    }

    /// The namespace in the path.
    pub(crate) fn namespace(&self) -> Result<Namespace, ApiError> {
        self.param("ns")
            .parse()
            .map_err(|error: model::name::NameError| ApiError::NotFound(error.to_string()))
    }

    /// The stream in the path.
    pub(crate) fn stream(&self) -> Result<StreamRef, ApiError> {
        form::stream(&self.param("ns"), &self.param("name"))
            .map_err(|error| ApiError::NotFound(error.message().to_owned()))
    }

    /// The tag in the path.
    pub(crate) fn tag(&self) -> Result<TagName, ApiError> {
        self.param("tag")
            .parse()
            .map_err(|error: model::name::NameError| ApiError::NotFound(error.to_string()))
    }

    /// The digest in the path.
    pub(crate) fn digest(&self) -> Result<Digest, ApiError> {
        self.param("digest")
            .parse()
            .map_err(|error: model::digest::DigestError| ApiError::NotFound(error.to_string()))
    }

    /// The digest in the path as it was written: maybe the beginning of one.
    pub(crate) fn raw_digest(&self) -> String {
        self.param("digest")
    }

    /// The id in the path.
    pub(crate) fn id(&self) -> String {
        self.param("id")
    }

    /// The page of a list.
    pub(crate) fn page(&self) -> Result<PageRequest, ApiError> {
        let cursor = match self.query("cursor").as_str() {
            "" => None,
            text => Some(text.parse().map_err(|error: model::page::CursorError| {
                ApiError::invalid("cursor", error.to_string())
            })?),
        };
        let size = self.query("size").parse().unwrap_or(PageRequest::DEFAULT);
        Ok(PageRequest {
            cursor,
            size: size.clamp(1, PageRequest::MAX),
        })
    }

    /// The refusal a form came back with, when scripts are off or not used.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        let error = self.query.get("__err");
        (!error.is_empty()).then(|| ServerFnUrlError::<ApiError>::decode_err(error))
    }
}

/// Renders a page that has to be loaded: waits for it, so that it is whole without scripts; an error is a page too.
pub(crate) fn page<F>(load: impl FnOnce(Asked) -> F + Send + 'static) -> impl IntoView
where
    F: Future<Output = Result<AnyView, ApiError>> + Send + 'static,
{
    let params = use_params_map().get_untracked();
    let query = context::query();
    let asked = use_context::<RequestContext>()
        .map(|context| (context.csrf.clone(), context.engine.clock().now()));
    let allowed = call();
    view! {
        <Suspense>
            {Suspend::new(async move {
                let loaded = match (allowed, asked) {
                    (Ok(call), Some((csrf, now))) => load(Asked { call, csrf, now, params, query }).await,
                    (Err(error), _) => Err(error),
                    (Ok(_), None) => Err(ApiError::Internal { request_id: String::new() }),
                };
                match loaded {
                    Ok(view) => view,
                    Err(error) => error::refused(&error),
                }
            })}
        </Suspense>
    }
}

/// Breadcrumbs of a page below a stream.
pub(crate) fn below(stream: &StreamRef) -> Vec<(String, String)> {
    vec![
        ("Streams".into(), routes::STREAMS.into()),
        (stream.namespace.to_string(), routes::namespace(stream)),
        (stream.name.to_string(), routes::stream(stream)),
    ]
}

/// The refusal a form came back with, as a banner.
pub(crate) fn banner(asked: &Asked) -> AnyView {
    view! { <ErrorSummary error=asked.refusal()/> }.into_any()
}

/// After a change of policies: that it was done, and the way to undo it.
pub(crate) fn done(asked: &Asked, stream: &StreamRef) -> AnyView {
    let number: i64 = asked.query("done").parse().unwrap_or(0);
    if number <= 0 {
        return ().into_any();
    }
    changed(routes::undo(stream, number))
}

/// That policies were changed, and where that is undone.
pub(crate) fn changed(undo: String) -> AnyView {
    alert(
        "ok",
        view! { <p>"The policies were changed. " <a href=undo>"Undo…"</a></p> }.into_any(),
    )
}

/// Who did it; nobody when a schedule did.
pub(crate) fn by(actor: &str) -> AnyView {
    match actor {
        "" => view! { <span class="muted">"schedule"</span> }.into_any(),
        name => name.to_owned().into_any(),
    }
}
