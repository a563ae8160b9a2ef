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
}

/// A bar and a line of text, refreshed every second until the job ends; then the page is taken over as it is now. The line is
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
        <div class=move || format!("progress {}", now.get().state)>
            <progress aria-label="Tags looked at" max=move || now.get().total.max(1).to_string()
                value=move || { let now = now.get(); (now.total > 0 || now.ended()).then(|| now.done.to_string()) }></progress>
            <p aria-hidden="true">{move || now.get().text}</p>
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
        if ended {
            super::live::take_over().await;
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
