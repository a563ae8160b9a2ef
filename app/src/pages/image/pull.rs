//! Commands that get an image, for copying, and those that put another one in its place.

use leptos::prelude::*;
use model::{
    Digest, Reference, StreamRef, TagName, TagSource, policy::ReferencePolicy, tag::TagView,
};

use crate::{components::PullCommand, context::Call};

/// Where clients are sent for an image.
pub(in crate::pages) struct Place {
    /// By the tag, if there is a name that follows it.
    by_tag: Option<String>,
    /// By the digest: this image and no other.
    by_digest: String,
    /// Certificates are not verified there, or there are none.
    insecure: bool,
}

impl Place {
    /// The place a tag's reference policy advertises: where its image is found, or this registry.
    pub(in crate::pages) fn of_tag(
        call: &Call,
        stream: &StreamRef,
        view: &TagView,
        (digest, found): (&Digest, &Reference),
    ) -> Self {
        let spec = view.row.spec.as_ref();
        let local = spec.is_some_and(|spec| spec.reference_policy == ReferencePolicy::Local);
        if let Some(here) = Self::here(call, stream, digest, found, local) {
            let by_tag = here.by_tag.map(|name| format!("{name}:{}", view.row.name));
            return Self { by_tag, ..here };
        }
        let by_tag = spec.and_then(|spec| match &spec.source {
            TagSource::External { reference, .. } => reference.tag().map(|_| reference.to_string()),
            _ => None,
        });
        Self {
            by_tag,
            by_digest: found.to_string(),
            insecure: view.insecure.allowed(),
        }
    }

    /// The place of an image that no tag says anything of.
    pub(in crate::pages) fn of_image(
        call: &Call,
        stream: &StreamRef,
        (digest, found): (&Digest, &Reference),
        insecure: bool,
    ) -> Self {
        let here = Self::here(call, stream, digest, found, false);
        here.map(|here| Self {
            by_tag: None,
            ..here
        })
        .unwrap_or_else(|| Self {
            by_tag: None,
            by_digest: found.to_string(),
            insecure,
        })
    }

    /// In this registry: where the policy says so, or the image was pushed here. `by_tag` lacks the tag.
    fn here(
        call: &Call,
        stream: &StreamRef,
        digest: &Digest,
        found: &Reference,
        local: bool,
    ) -> Option<Self> {
        let here = call.engine.local_reference(stream, digest)?;
        (local || here.host() == found.host()).then(|| Self {
            by_tag: Some(here.name()),
            by_digest: here.to_string(),
            insecure: !call.engine.config().registry_secure,
        })
    }
}

/// One block of commands: by the tag first, which moves on with it, then by the digest.
pub(super) fn commands(place: &Place) -> AnyView {
    let block = |from: &str| {
        lines(from, place.insecure)
            .map(|command| view! { <PullCommand command=command/> })
            .collect_view()
    };
    let by_tag = place.by_tag.as_deref().map(|from| {
        view! { <p class="hint">"By the tag: what it points at when you pull"</p> {block(from)} }
    });
    let note = place.insecure.then(|| {
        view! { <p class="muted">"Docker needs the registry among the insecure-registries of its daemon, unless it is on the same machine."</p> }
    });
    view! {
        <section>
            <h2>"Pull"</h2>
            {by_tag}
            <p class="hint">"By the digest: this image and no other"</p>
            {block(&place.by_digest)}
            {note}
        </section>
    }
    .into_any()
}

/// Commands that push to a tag of this registry, folded away.
pub(in crate::pages) fn push(call: &Call, stream: &StreamRef, tag: &TagName) -> Option<AnyView> {
    let config = call.engine.config();
    let host = config.registry_host.as_deref()?;
    let to = format!("{host}/{stream}:{tag}");
    let verify = verify("tls-verify", !config.registry_secure);
    let rows = [
        format!("docker push {to}"),
        format!("podman push {verify}{to}"),
    ]
    .map(|command| view! { <PullCommand command=command/> })
    .collect_view();
    Some(
        view! { <details class="commands"><summary>"Push to this tag"</summary>{rows}</details> }
            .into_any(),
    )
}

fn verify(word: &str, insecure: bool) -> String {
    if insecure {
        format!("--{word}=false ")
    } else {
        String::new()
    }
}

fn lines(from: &str, insecure: bool) -> [String; 3] {
    let (pull, copy) = (
        verify("tls-verify", insecure),
        verify("src-tls-verify", insecure),
    );
    [
        format!("docker pull {from}"),
        format!("podman pull {pull}{from}"),
        format!("skopeo copy --all {copy}docker://{from} dir:image"),
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
            "skopeo copy --all --src-tls-verify=false docker://h.io/a@sha256:1 dir:image"
        );
        assert!(!lines("h.io/a", false).concat().contains("tls-verify"));
    }
}
