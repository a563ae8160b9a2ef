//! Commands that pull from and push to a stream through this registry, for copying.

use leptos::prelude::*;
use model::StreamRef;

use crate::{components::PullCommand, context::Call, routes};

/// Folded away below the tags; nothing when this process serves no registry.
pub(super) fn commands(call: &Call, stream: &StreamRef, may: bool) -> Option<AnyView> {
    let config = call.engine.config();
    let host = config.registry_host.as_deref()?;
    let group = |title: &'static str, lines: Vec<String>| {
        let lines = lines
            .into_iter()
            .map(|command| view! { <PullCommand command=command/> })
            .collect_view();
        view! { <h3>{title}</h3>{lines} }
    };
    let push = may.then(|| group("Push", push(host, stream, config.registry_secure)));
    let plain = (!config.registry_secure).then(|| {
        view! {
            <p class="muted">
                "This registry is served without TLS: docker needs it among the insecure-registries of its daemon, unless it is on the same machine."
            </p>
        }
    });
    let tokens = routes::TOKENS;
    Some(
        view! {
            <details class="commands">
                <summary>{if may { "Pull and push commands" } else { "Pull commands" }}</summary>
                <p class="muted">
                    "The password is an " <a href=tokens>"API token"</a> ", with any user name. Put a tag in the place of TAG."
                </p>
                {group("Sign in", login(host, config.registry_secure))}
                {group("Pull", pull(host, stream, config.registry_secure))}
                {push}
                {plain}
            </details>
        }
        .into_any(),
    )
}

fn verify(secure: bool) -> &'static str {
    if secure { "" } else { "--tls-verify=false " }
}

fn login(host: &str, secure: bool) -> Vec<String> {
    let verify = verify(secure);
    vec![
        format!("docker login {host}"),
        format!("podman login {verify}{host}"),
        format!("skopeo login {verify}{host}"),
    ]
}

fn pull(host: &str, stream: &StreamRef, secure: bool) -> Vec<String> {
    let verify = verify(secure);
    vec![
        format!("docker pull {host}/{stream}:TAG"),
        format!("podman pull {verify}{host}/{stream}:TAG"),
        format!(
            "skopeo copy --all {}docker://{host}/{stream}:TAG dir:{}",
            if secure {
                ""
            } else {
                "--src-tls-verify=false "
            },
            stream.name
        ),
    ]
}

fn push(host: &str, stream: &StreamRef, secure: bool) -> Vec<String> {
    let verify = verify(secure);
    vec![
        format!("docker push {host}/{stream}:TAG"),
        format!("podman push {verify}{host}/{stream}:TAG"),
        format!(
            "skopeo copy --all {}dir:{} docker://{host}/{stream}:TAG",
            if secure {
                ""
            } else {
                "--dest-tls-verify=false "
            },
            stream.name
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_registry_and_skip_checks_only_where_there_is_no_tls() {
        let stream = StreamRef::parse("shop", "app").unwrap();
        let all = |secure| {
            [
                login("h.io", secure),
                pull("h.io", &stream, secure),
                push("h.io", &stream, secure),
            ]
            .concat()
            .join("\n")
        };
        assert!(!all(true).contains("tls-verify"));
        let plain = all(false);
        for line in [
            "docker login h.io",
            "podman pull --tls-verify=false h.io/shop/app:TAG",
            "docker push h.io/shop/app:TAG",
            "skopeo copy --all --dest-tls-verify=false dir:app docker://h.io/shop/app:TAG",
        ] {
            assert!(plain.lines().any(|one| one == line), "{line}\n{plain}");
        }
    }
}
