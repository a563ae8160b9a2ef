//! The manifests an index is of: its entries, and those of the indexes among them.

use std::collections::{BTreeSet, VecDeque};

use model::{Digest, image::Child};

use super::manifest::{MAX_ENTRIES, is_manifest};

/// Levels of manifests below an index: its entries, and those of an index in it. What is asked of the database of an image
/// that lies in an index looks as far up (`store/within.rs`).
const LEVELS: usize = 2;

/// A walk through an index, level by level, each manifest once.
pub(crate) struct Walk {
    due: VecDeque<(usize, Digest)>,
    seen: BTreeSet<Digest>,
    level: usize,
}

impl Walk {
    /// Of an index with these entries.
    pub fn below(entries: &[Child]) -> Self {
        let mut walk = Self {
            due: VecDeque::new(),
            seen: BTreeSet::new(),
            level: 0,
        };
        walk.enter(entries);
        walk
    }

    /// The next manifest.
    ///
    /// # Errors
    /// When there are too many, or one lies too deep, in a sentence.
    pub fn next(&mut self) -> Result<Option<Digest>, String> {
        while let Some((level, digest)) = self.due.pop_front() {
            if level > LEVELS {
                return Err(format!(
                    "the manifest {digest} lies in an index in an index in an index, which is too deep"
                ));
            }
            if self.seen.insert(digest.clone()) {
                if self.seen.len() > MAX_ENTRIES {
                    return Err(format!(
                        "the index is of more than {MAX_ENTRIES} manifests with those of the indexes in it"
                    ));
                }
                self.level = level;
                return Ok(Some(digest));
            }
        }
        Ok(None)
    }

    /// The one that came last is an index with these entries. Blobs among them are no manifests.
    pub fn enter(&mut self, entries: &[Child]) {
        let below = entries.iter().filter(|entry| is_manifest(entry));
        self.due
            .extend(below.map(|entry| (self.level + 1, entry.digest.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(kind: &str, numbers: std::ops::Range<usize>) -> Vec<Child> {
        let child = |number| Child {
            digest: format!("sha256:{number:064x}").parse().unwrap(),
            media_type: kind.to_owned(),
            size: 1,
            os: String::new(),
            architecture: String::new(),
            variant: String::new(),
        };
        numbers.map(child).collect()
    }

    #[test]
    fn a_walk_is_bounded_in_depth_and_in_number() {
        let mut walk = Walk::below(&entries("", 0..2));
        walk.enter(&entries("application/vnd.oci.image.layer.v1.tar", 5..6));
        let mut order = Vec::new();
        while let Some(digest) = walk.next().unwrap() {
            // The first one is an index of the second and of two more.
            if order.is_empty() {
                walk.enter(&entries("", 1..4));
            }
            order.push(digest.hex().trim_start_matches('0').to_owned());
        }
        assert_eq!(order, ["", "1", "2", "3"]);

        let mut deep = Walk::below(&entries("", 0..1));
        deep.next().unwrap();
        deep.enter(&entries("", 1..2));
        deep.next().unwrap();
        deep.enter(&entries("", 2..3));
        assert!(deep.next().unwrap_err().contains("too deep"));

        let mut many = Walk::below(&entries("", 0..MAX_ENTRIES));
        many.next().unwrap();
        many.enter(&entries("", MAX_ENTRIES..MAX_ENTRIES + 1));
        let ended =
            std::iter::repeat_with(|| many.next()).find(|next| !matches!(next, Ok(Some(_))));
        assert!(ended.unwrap().unwrap_err().contains("more than"));
    }
}
