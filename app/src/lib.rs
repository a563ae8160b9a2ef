//! The pages of Weir and their islands.
//!
//! Pages are made on the server and work without scripts. The browser's half holds only the islands: small leaves
//! that add life to what is there already. This is the only file with `cfg` lines but for the error's conversion.
#![recursion_limit = "256"]

pub mod api;
pub mod components;
#[cfg(feature = "ssr")]
pub mod context;
pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod routes;

/// Starts the islands of a page. Called by the script the page loads.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
