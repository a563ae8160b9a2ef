//! The pages of Weir and their islands.
//!
//! Pages are rendered on the server only and work without scripts; the browser's half of this crate holds the
//! islands and nothing else. All `cfg` lines of the crate are here, but for `api/error.rs` and `api.rs`.
#![recursion_limit = "256"]

pub mod api;
pub mod components;
#[cfg(feature = "ssr")]
pub mod context;
pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod routes;

/// Starts the islands of a page the server rendered.
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
