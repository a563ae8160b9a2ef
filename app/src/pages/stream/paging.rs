//! The address of a list without its position.

use model::PageRequest;

use crate::components::escape;

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

/// The first page of the list, at this size.
#[must_use]
pub(super) fn address(path: &str, narrowed: &[(&str, &str)], size: usize) -> String {
    let base = base(path, narrowed, size);
    base.trim_end_matches(['?', '&']).to_owned()
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
        assert_eq!(address("/s/a/b", &[], PageRequest::DEFAULT), "/s/a/b");
        assert_eq!(address("/s/a/b", &[], 25), "/s/a/b?size=25");
    }
}
