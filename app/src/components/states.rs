//! States and policies as badges: always a word with an icon and a colour.

use leptos::prelude::*;
use model::{
    job::{JobState, JobView, thousands},
    tag::TagRow,
};

use super::icon;

/// A badge: icon, word and colour. `kind` is `ok`, `warn`, `bad`, `info` or `quiet`.
/// For the states and policies of the product use [`state_badge`] and [`policy_badge`].
pub fn badge(kind: &'static str, icon_name: &'static str, word: impl Into<String>) -> AnyView {
    let word = word.into();
    view! { <span class=format!("badge {kind}")>{icon(icon_name).into_any()}{word}</span> }
        .into_any()
}

/// How a tag or stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The image is the one the source has.
    UpToDate,
    /// An import is waiting or running.
    Importing,
    /// The latest import failed; what was there is kept.
    Failed,
    /// An import waits for its turn.
    Pending,
    /// Somebody stopped it from moving.
    Held,
    /// The source has moved on; by how many tags, 0 if that is not known.
    Drifted(i64),
    /// The image was pushed here.
    Pushed,
    /// There is a spec and no image yet.
    NotImported,
}

/// The badge of a state.
pub fn state_badge(state: State) -> AnyView {
    match state {
        State::UpToDate => badge("ok", "ok", "Up to date"),
        State::Importing => badge("info", "run", "Importing"),
        State::Failed => badge("bad", "fail", "Failed"),
        State::Pending => badge("info", "wait", "Pending"),
        State::Held => badge("warn", "hold", "Held"),
        State::Drifted(0) => badge("warn", "drift", "Drifted"),
        State::Drifted(n) => badge(
            "warn",
            "drift",
            format!("Drifted ({} behind)", thousands(n)),
        ),
        State::Pushed => badge("ok", "push", "Pushed"),
        State::NotImported => badge("quiet", "wait", "Not imported"),
    }
}

/// How an import stands.
pub fn job_badge(state: JobState) -> AnyView {
    match state {
        JobState::Queued => state_badge(State::Pending),
        JobState::Running => state_badge(State::Importing),
        JobState::Succeeded => badge("ok", "ok", "Succeeded"),
        JobState::Failed => state_badge(State::Failed),
        JobState::Cancelled => badge("quiet", "stop", "Cancelled"),
    }
}

/// How an import stands; one that failed on some of its tags only says on how many.
pub fn outcome_badge(job: &JobView) -> AnyView {
    let progress = job.progress;
    if job.state == JobState::Failed && progress.failed > 0 && progress.failed < progress.total {
        let (failed, total) = (thousands(progress.failed), thousands(progress.total));
        return badge("warn", "warn", format!("{failed} of {total} failed"));
    }
    job_badge(job.state)
}

/// How a tag stands: what is under way comes first, then what is wrong.
pub fn tag_badge(tag: &TagRow) -> AnyView {
    state_badge(if tag.importing {
        State::Importing
    } else if tag.condition.is_some() {
        State::Failed
    } else if tag.hold.is_some() {
        State::Held
    } else if tag.head.is_some() {
        State::UpToDate
    } else {
        State::NotImported
    })
}

/// What a tag or stream is allowed or made to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// Clients pull through here.
    Local,
    /// Clients are sent to the source.
    Source,
    /// Unverified TLS and plain HTTP are allowed.
    Insecure {
        /// Where it is said who allowed this and what it means.
        why: String,
    },
    /// Imported again from time to time.
    Scheduled {
        /// When next, in words: "in 12 minutes".
        due: String,
    },
    /// Does not move until released.
    Held,
    /// Moves with another tag.
    Follows {
        /// The other tag.
        tag: String,
        /// Its page.
        href: String,
    },
}

/// The badge of a policy. Only what a person should know about is coloured.
pub fn policy_badge(policy: Policy) -> AnyView {
    match policy {
        Policy::Local => badge("quiet", "image", "Local"),
        Policy::Source => badge("quiet", "link", "Source"),
        Policy::Insecure { why } => {
            view! { <span class="badge warn">{icon("open").into_any()}"Insecure "<a href=why>"why"</a></span> }
                .into_any()
        }
        Policy::Scheduled { due } => badge("quiet", "wait", format!("Scheduled, {due}")),
        Policy::Held => state_badge(State::Held),
        Policy::Follows { tag, href } => {
            view! { <span class="badge quiet">{icon("follow").into_any()}"Follows "<a href=href>{tag}</a></span> }
                .into_any()
        }
    }
}
