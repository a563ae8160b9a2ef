//! The icons: drawn in the current colour, hidden from screen readers because a word stands beside each.

use leptos::prelude::*;

/// The mark: three stream lines falling over a step. Also the favicon.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
            <path d="M3 6h9c4.5 0 3.5 10 9 10"/>
            <path d="M3 11h5c4.5 0 3.5 7 9 7.5"/>
            <path d="M3 16h2c4 0 4 4.5 8 5"/>
        </svg>
    }
}

/// An icon by name, 16 by 16; a dot for an unknown one. A word must stand beside it, or a label on its button.
///
/// States: `ok fail warn info wait run stop hold drift push`. Things: `stream tag image import upstream policy
/// prune watch audit admin user home history`. Actions: `copy search menu more close follow pin lock open link`.
pub fn icon(name: &str) -> impl IntoView + use<> {
    view! { <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=path(name)/></svg> }
}

fn path(name: &str) -> &'static str {
    match name {
        "ok" => "M3 8.5l3.2 3.2L13 5",
        "fail" => "M4 4l8 8M12 4l-8 8",
        "warn" => "M8 2.5l6 11H2zM8 6.5v3.2M8 11.7v.1",
        "info" => "M8 2a6 6 0 1 0 .01 0M8 7.5v3.5M8 5v.1",
        "wait" => "M8 2a6 6 0 1 0 .01 0M8 5v3.2l2.2 1.3",
        "run" => {
            "M13.3 7A5.5 5.5 0 0 0 3.5 5M2.7 9a5.5 5.5 0 0 0 9.8 2M3.3 2.3V5H6M12.7 13.7V11H10"
        }
        "stop" => "M4 4h8v8H4z",
        "hold" => "M5.5 3.5v9M10.5 3.5v9",
        "drift" => "M8 3v7M5 7.5l3 3 3-3M3 13h10",
        "push" => "M8 10V3M5 5.5l3-3 3 3M3 13h10",
        "stream" => "M2 4h5c4 0 3 6 7 6M2 8h2.5C8 8 7 12.5 11 13",
        "tag" => "M2.5 2.5h5l6 6-5 5-6-6zM5.3 5.3v.1",
        "image" => "M8 2.5l5.5 3L8 8.5l-5.5-3zM2.5 8L8 11l5.5-3M2.5 10.7l5.5 3 5.5-3",
        "import" => "M8 2.5v7.5M5 7l3 3 3-3M2.5 11v2.5h11V11",
        "upstream" => "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5v.1M5 11v.1",
        "policy" => "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 11.5h2M7.5 11.5h6M6 10v3",
        "prune" => "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
        "watch" => "M3.5 11.5c1-1 1-2 1-4.5a3.5 3.5 0 0 1 7 0c0 2.5 0 3.5 1 4.5zM6.8 13.8h2.4",
        "audit" => "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2",
        "admin" => "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z",
        "user" => "M8 2.5a2.5 2.5 0 1 0 .01 0M3 13.5c.5-3 2.5-4 5-4s4.5 1 5 4",
        "home" => "M2.5 7.5L8 3l5.5 4.5M4 6.5v7h8v-7",
        "history" => "M3 4.5A6 6 0 1 1 2 8M2.5 2v3h3M8 5v3.2l2 1.3",
        "copy" => "M6 6h7.5v7.5H6zM10 6V2.5H2.5V10H6",
        "search" => "M7 2.5a4.5 4.5 0 1 0 .01 0M10.3 10.3l3.2 3.2",
        "menu" => "M2.5 4h11M2.5 8h11M2.5 12h11",
        "more" => "M3.5 8h.01M8 8h.01M12.5 8h.01",
        "close" => "M4.5 4.5l7 7M11.5 4.5l-7 7",
        "follow" => "M3 8h9.5M8.5 4L12.5 8l-4 4",
        "pin" => "M8 9.5V14M5 2.5h6l-1 4 1.5 3h-7L6 6.5z",
        "lock" => "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
        "open" => "M3.5 7.5h9v6h-9zM5.5 7.5V4.5a2.5 2.5 0 0 1 4.8-1",
        "link" => "M9 2.5h4.5V7M13.5 2.5L7.5 8.5M11.5 9.5v4h-9v-9h4",
        _ => "M8 8h.01",
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn every_documented_icon_is_drawn() {
        for name in "ok fail warn info wait run stop hold drift push stream tag image import upstream policy prune watch \
                     audit admin user home history copy search menu more close follow pin lock open link"
            .split_whitespace()
        {
            assert_ne!(path(name), path(""), "{name}");
        }
    }
}
