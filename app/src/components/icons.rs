//! The icons: drawn in the current colour, hidden from screen readers because a word stands beside each.

use leptos::prelude::*;

/// The mark: three stream lines falling over a step. Also the favicon.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
            <path d="M3 5h8c4 0 3 6 5 10 1 2 2 4 5 4"/>
            <path d="M3 9.5h6c3.500 0 3 4 4.500 6.500 1 2 2 3 4 3"/>
            <path d="M3 14h4c3 0 2.500 2 3.500 3.500 .8 1.100 1.500 1.500 3 1.500"/>
        </svg>
    }
}

/// An icon by name; a dot for an unknown one.
pub fn icon(name: &str) -> impl IntoView + use<> {
    let path = match name {
        "ok" => "M3.500 8.500l3 3 6-7",
        "fail" => "M4 4l8 8M12 4l-8 8",
        "warn" => "M8 2.500L14.500 13.500h-13zM8 6.500v3.200M8 11.600v.2",
        "wait" => "M8 2a6 6 0 1 0 .01 0M8 4.800V8l2.200 1.600",
        "run" => "M13 8a5 5 0 1 1-1.600-3.700M13 2.500v2.800h-2.800",
        "stop" => "M4 4h8v8H4z",
        "follow" => "M3 8h9M8.500 4.500L12 8l-3.500 3.500",
        "pin" => "M8 9.500V14M5 2.500h6l-1 4 1.500 3h-7L6 6.500z",
        "lock" => "M4 7.500h8v6H4zM5.500 7.500V5a2.500 2.500 0 0 1 5 0v2.500",
        "stream" => "M2 4h6c3 0 2 8 6 8M2 8h4c2.500 0 2 4 5 4M2 12h4",
        "import" => "M8 2v8M4.500 7L8 10.500 11.500 7M3 13.500h10",
        "home" => "M2.500 8L8 3l5.500 5M4 7v6.500h8V7",
        "more" => "M4 8h.01M8 8h.01M12 8h.01",
        _ => "M8 8h.01",
    };
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">
            <path d=path/>
        </svg>
    }
}
