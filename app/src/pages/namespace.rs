//! The settings of a namespace.

use leptos::{prelude::*, server_fn::ServerFn};

use super::{banner, page};
use crate::{
    api::SetAnonymousPull,
    components::{Button, CheckBox, Csrf, PageHead, alert},
    routes,
};

/// The page.
#[component]
pub fn NamespacePage() -> impl IntoView {
    page(|asked| async move {
        let call = &asked.call;
        let namespace = asked.namespace()?;
        call.actor.may_administer()?;
        let open = call.engine.anonymous_pull(&call.actor, &namespace).await?;
        let name = namespace.to_string();
        let above = vec![
            ("Streams".into(), routes::STREAMS.into()),
            (
                name.clone(),
                routes::with_query(routes::STREAMS, &[("namespace", &name)]),
            ),
        ];
        let done = (!asked.query("done").is_empty()).then(|| {
            let text = if open {
                "Saved: everybody may pull."
            } else {
                "Saved: pulling needs an API token."
            };
            alert("ok", view! { <p>{text}</p> }.into_any())
        });
        Ok(view! {
            <PageHead title=format!("Settings of {name}") crumbs=above/>
            {banner(&asked)}
            {done}
            <form method="post" action=SetAnonymousPull::PATH class="sheet">
                <Csrf token=asked.csrf.clone()/>
                <input type="hidden" name="namespace" value=name/>
                <CheckBox name="open" label="Everybody may pull" checked=open hint="Clients without a token may pull every image of this namespace from the registry. The pages, the catalog and pushing stay closed to them"/>
                <p class="buttons"><Button kind="primary">"Save the settings"</Button></p>
            </form>
        }
        .into_any())
    })
}
