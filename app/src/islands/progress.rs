//! The progress of an import, live. Without scripts the page reloads itself.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use gloo_timers::future::TimeoutFuture;

/// Between two looks, in milliseconds; longer while the server does not answer.
const EVERY: u32 = 1_000;
const AT_MOST: u32 = 15_000;
/// Looks between two announcements: more often would talk over everything else.
const ANNOUNCE: u32 = 5;
/// Looks between two takings-over of the page: its counts and lines.
const RENEW: u32 = 3;

/// What `GET /imports/{id}/progress` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The job's state.
    pub state: String,
    /// One line for people; ends in the state once that is final.
    pub text: String,
    /// Tags looked at.
    pub done: i64,
    /// Of those, failed.
    pub failed: i64,
    /// Tags to look at; 0 while that is not known.
    pub total: i64,
}

impl Snapshot {
    fn ended(&self) -> bool {
        matches!(self.state.as_str(), "succeeded" | "failed" | "cancelled")
    }

    /// Whether it got through for some tags only.
    fn partly(&self) -> bool {
        self.failed > 0 && self.failed < self.total
    }

    /// How the bar is coloured.
    fn class(&self) -> String {
        match self.state.as_str() {
            "failed" if self.partly() => "progress partly".to_owned(),
            state => format!("progress {state}"),
        }
    }

    /// The line for the eye: the state it ends in stands in the page's head.
    fn line(&self) -> String {
        let end = format!(" · {}", self.state);
        let whole = &self.text;
        whole.strip_suffix(&end).unwrap_or(whole).to_owned()
    }
}

/// A bar and a line of text, refreshed every second until the job ends; the rest of the page every few. The line is
/// announced every five seconds, from an element of its own with `role=status`.
#[island]
pub fn LiveProgress(
    /// The job.
    id: String,
    /// As the server knew it.
    start: Snapshot,
) -> impl IntoView {
    let running = !start.ended();
    let spoken = RwSignal::new(start.text.clone());
    let now = RwSignal::new(start);
    Effect::new(move |_| {
        if running {
            spawn_local(follow(id.clone(), now, spoken));
        }
    });
    view! {
        <div class=move || now.get().class()>
            <progress aria-label="Tags looked at" max=move || now.get().total.max(1).to_string()
                value=move || { let now = now.get(); (now.total > 0 || now.ended()).then(|| now.done.to_string()) }></progress>
            <progress class="failed-part" aria-hidden="true" max=move || now.get().total.max(1).to_string() value=move || now.get().failed.to_string()></progress>
            <p aria-hidden="true">{move || now.get().line()}</p>
            <p role="status" class="visually-hidden">{spoken}</p>
        </div>
    }
}

async fn follow(id: String, now: RwSignal<Snapshot>, spoken: RwSignal<String>) {
    let (mut pause, mut looks) = (EVERY, 0);
    loop {
        TimeoutFuture::new(pause).await;
        if document().hidden() {
            continue;
        }
        // A missed answer is asked for again: the server may be restarting.
        let Some(snapshot) = ask(&id).await else {
            pause = (pause * 2).min(AT_MOST);
            continue;
        };
        (pause, looks) = (EVERY, looks + 1);
        let ended = snapshot.ended();
        // The signals are gone when the page is.
        if now.try_set(snapshot.clone()).is_some() {
            return;
        }
        if ended || looks % ANNOUNCE == 0 {
            spoken.set(snapshot.text);
        }
        if ended || looks % RENEW == 0 {
            super::live::take_over().await;
        }
        if ended {
            return;
        }
    }
}

async fn ask(id: &str) -> Option<Snapshot> {
    let answer = window().fetch_with_str(&format!("/imports/{id}/progress"));
    let answer: web_sys::Response = JsFuture::from(answer).await.ok()?.dyn_into().ok()?;
    if !answer.ok() {
        return None;
    }
    let text = JsFuture::from(answer.text().ok()?)
        .await
        .ok()?
        .as_string()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_failures_are_a_part_of_the_bar_and_the_line_leaves_the_state_to_the_head() {
        let snapshot = |state: &str, failed| Snapshot {
            state: state.to_owned(),
            text: format!("50 of 50 tags · {failed} failed · {state}"),
            done: 50,
            failed,
            total: 50,
        };
        let partly = snapshot("failed", 2);
        assert_eq!(partly.class(), "progress partly");
        assert_eq!(partly.line(), "50 of 50 tags · 2 failed");
        assert_eq!(snapshot("failed", 50).class(), "progress failed");
        assert_eq!(snapshot("running", 0).class(), "progress running");
    }
}
