//! What a browser remembers of its user's choices.

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use web_sys::HtmlDocument;

/// A year.
const MAX_AGE: u32 = 31_536_000;

/// The value of a cookie.
pub(super) fn read(name: &str) -> Option<String> {
    let all = document().dyn_ref::<HtmlDocument>()?.cookie().ok()?;
    let mut pairs = all.split("; ").filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    Some(value.to_owned())
}

/// Keeps a value for a year; nothing if that fails.
pub(super) fn keep(name: &str, value: &str) -> Option<()> {
    let secure = match window().location().protocol().as_deref() {
        Ok("https:") => "; secure",
        _ => "",
    };
    let cookie = format!("{name}={value}; path=/; max-age={MAX_AGE}; samesite=lax{secure}");
    let document = document();
    document.dyn_ref::<HtmlDocument>()?.set_cookie(&cookie).ok()
}
