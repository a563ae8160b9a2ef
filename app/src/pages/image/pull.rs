//! Commands that get an image, for copying.

use leptos::prelude::*;
use model::Reference;

use crate::components::PullCommand;

/// One command for each common client. The reference names the digest, so it gets this image and no other.
pub(super) fn commands(from: &Reference, insecure: bool) -> AnyView {
    let rows = lines(&from.to_string(), insecure)
        .into_iter()
        .map(|command| view! { <PullCommand command=command/> })
        .collect_view();
    let note = insecure.then(|| {
        view! { <p class="muted">"Docker needs the registry among the insecure-registries of its daemon."</p> }
    });
    view! { <section><h2>"Pull"</h2>{rows}{note}</section> }.into_any()
}

fn lines(from: &str, insecure: bool) -> [String; 3] {
    let verify = if insecure { "--tls-verify=false " } else { "" };
    [
        format!("docker pull {from}"),
        format!("podman pull {verify}{from}"),
        format!("skopeo inspect {verify}docker://{from}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn commands_carry_the_policy() {
        let [docker, podman, skopeo] = lines("h.io/a@sha256:1", true);
        assert_eq!(docker, "docker pull h.io/a@sha256:1");
        assert_eq!(podman, "podman pull --tls-verify=false h.io/a@sha256:1");
        assert_eq!(
            skopeo,
            "skopeo inspect --tls-verify=false docker://h.io/a@sha256:1"
        );
        assert!(!lines("h.io/a", false)[1].contains("tls-verify"));
    }
}
