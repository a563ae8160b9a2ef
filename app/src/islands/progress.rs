//! The progress of an import, live. Without scripts the page reloads itself.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

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
    /// Tags to look at.
    pub total: i64,
}

/// A bar and a line of text, refreshed every second until the job ends; then the page is loaded anew.
#[island]
pub fn LiveProgress(
    /// The job.
    id: String,
    /// As the server knew it.
    start: Snapshot,
) -> impl IntoView {
    let now = RwSignal::new(start.clone());
    follow(id, &start, now);
    view! {
        <div class="progress">
            <progress max=move || now.get().total.max(1).to_string() value=move || now.get().done.to_string()
                aria-label="Tags looked at"></progress>
            <p role="status">{move || now.get().text}</p>
        </div>
    }
}

#[cfg(target_arch = "wasm32")]
fn follow(id: String, start: &Snapshot, now: RwSignal<Snapshot>) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::JsFuture;

    let ended = |state: &str| matches!(state, "succeeded" | "failed" | "cancelled");
    if ended(&start.state) {
        return;
    }
    async fn ask(id: &str) -> Option<Snapshot> {
        let window = web_sys::window()?;
        let answer = JsFuture::from(window.fetch_with_str(&format!("/imports/{id}/progress")))
            .await
            .ok()?;
        let answer: web_sys::Response = answer.dyn_into().ok()?;
        if !answer.ok() {
            return None;
        }
        let text = JsFuture::from(answer.text().ok()?)
            .await
            .ok()?
            .as_string()?;
        serde_json::from_str(&text).ok()
    }
    wasm_bindgen_futures::spawn_local(async move {
        loop {
            gloo_timers::future::TimeoutFuture::new(1_000).await;
            // A missed answer is asked for again: the server may be restarting.
            let Some(snapshot) = ask(&id).await else {
                continue;
            };
            let over = ended(&snapshot.state);
            now.set(snapshot);
            if over {
                if let Some(window) = web_sys::window() {
                    // Shows what was found; nothing to do if the browser refuses.
                    let _ = window.location().reload();
                }
                return;
            }
        }
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn follow(_id: String, _start: &Snapshot, _now: RwSignal<Snapshot>) {}
