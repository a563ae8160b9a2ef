//! Rows per page, and the address of a list without its position.

use leptos::prelude::*;
use model::PageRequest;

use crate::components::{Button, escape};

/// The path with what narrows the list, ready for a cursor: ends in `?` or `&`. Empty and usual values are left out.
#[must_use]
pub(in crate::pages) fn base(path: &str, narrowed: &[(&str, &str)], size: usize) -> String {
    let size = (size != PageRequest::DEFAULT).then(|| size.to_string());
    let size = size.as_deref().map(|size| ("size", size));
    let mut base = format!("{path}?");
    for (key, value) in narrowed.iter().copied().chain(size) {
        if !value.is_empty() {
            base.push_str(&format!("{key}={}&", escape(value)));
        }
    }
    base
}

/// The first page of the whole list, at this size.
#[must_use]
pub(super) fn address(path: &str, size: usize) -> String {
    let base = base(path, &[], size);
    base.trim_end_matches(['?', '&']).to_owned()
}

/// The choice of rows per page, to stand in the form of a list.
pub(in crate::pages) fn rows_per_page(size: usize) -> AnyView {
    let mut sizes = vec![25, 50, 100, 250];
    if !sizes.contains(&size) {
        sizes.push(size);
        sizes.sort_unstable();
    }
    let options = sizes
        .into_iter()
        .map(|n| view! { <option value=n.to_string() selected={n == size}>{n}</option> })
        .collect_view();
    view! { <label>"Rows per page " <select name="size">{options}</select></label> }.into_any()
}

/// A form that only chooses the rows per page. Not shown on a list of one page at the usual size.
pub(in crate::pages) fn sized(
    path: &str,
    narrowed: Option<(&'static str, &str)>,
    size: usize,
    more: bool,
) -> AnyView {
    if !more && size == PageRequest::DEFAULT {
        return ().into_any();
    }
    let hidden = narrowed
        .map(|(key, value)| view! { <input type="hidden" name=key value=value.to_owned()/> });
    view! {
        <form class="filters" method="get" action=path.to_owned()>
            {hidden}
            {rows_per_page(size)}
            <Button>"Show"</Button>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_keeps_what_narrows_and_leaves_out_what_is_usual() {
        assert_eq!(base("/imports", &[], PageRequest::DEFAULT), "/imports?");
        assert_eq!(
            base("/s/a/b", &[("text", "2.0 &x"), ("state", "")], 100),
            "/s/a/b?text=2.0%20%26x&size=100&"
        );
        assert_eq!(address("/s/a/b", PageRequest::DEFAULT), "/s/a/b");
        assert_eq!(address("/s/a/b", 25), "/s/a/b?size=25");
    }
}
