//! The shape of the code, kept true: who may import whom, and how long a file may be.
#![expect(
    clippy::unwrap_used,
    reason = "a check that cannot read its files has failed"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

const LONGEST: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Rust file below a folder, as (path from the root, text).
fn files(below: &str) -> Vec<(String, String)> {
    fn walk(at: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !["target", "node_modules", ".git"].contains(&name.as_str()) {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root.join(below), &mut found);
    found
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (name, text)
        })
        .collect()
}

/// Everything imported, as whole paths, and the lines of code that are no imports; comments aside.
fn read(text: &str) -> (Vec<String>, Vec<&str>) {
    let (mut imported, mut lines) = (Vec::new(), Vec::new());
    let mut import = String::new();
    for line in text.lines().map(str::trim) {
        let bare = line.strip_prefix("pub ").unwrap_or(line);
        let bare = bare.strip_prefix("pub(crate) ").unwrap_or(bare);
        let bare = bare.strip_prefix("pub(super) ").unwrap_or(bare);
        if line.starts_with("//") {
            continue;
        }
        match (import.is_empty(), bare.strip_prefix("use ")) {
            (true, None) => {
                lines.push(line);
                continue;
            }
            (true, Some(tree)) => import.push_str(tree),
            (false, _) => import.push_str(line),
        }
        if let Some(tree) = import.strip_suffix(';') {
            unfold("", tree, &mut imported);
            import.clear();
        }
    }
    (imported, lines)
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn unfold(before: &str, tree: &str, all: &mut Vec<String>) {
    let Some((head, branches)) = tree.trim().split_once('{') else {
        all.push(format!("{before}{}", tree.trim()));
        return;
    };
    let (mut depth, mut branch) = (0, String::new());
    for c in branches.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 || (depth == 0 && c == ',') {
            if !branch.trim().is_empty() {
                unfold(&format!("{before}{head}"), &branch, all);
            }
            branch.clear();
        } else {
            branch.push(c);
        }
    }
}

/// What names `word` as a path: imports, however nested, and lines of code.
fn names(text: &str, word: &str) -> Vec<String> {
    let path = format!("{word}::");
    let (imported, lines) = read(text);
    let imported = imported
        .into_iter()
        .filter(|import| *import == word || import.starts_with(&path));
    let lines = lines.into_iter().filter(|line| {
        line.match_indices(&path).any(|(at, _)| {
            let before = &line[..at];
            let part_of_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            !part_of_a_word && !before.ends_with("crate::")
        })
    });
    imported.chain(lines.map(str::to_owned)).collect()
}

/// No file of `below` (but those that begin with one of `except`) names any of `words`.
fn assert_silent(below: &str, except: &[&str], words: &[&str]) {
    let files = files(below);
    assert!(!files.is_empty(), "{below} has files");
    let found: Vec<_> = files
        .iter()
        .filter(|(name, _)| !except.iter().any(|prefix| name.starts_with(prefix)))
        .flat_map(|(name, text)| {
            words.iter().flat_map(move |word| {
                names(text, word)
                    .into_iter()
                    .map(move |line| format!("{name}: {line}"))
            })
        })
        .collect();
    assert!(
        found.is_empty(),
        "{below} may not name {words:?}:\n{}",
        found.join("\n")
    );
}

#[test]
fn imports_are_seen_however_they_are_nested() {
    let text =
        "use crate::{\n    Error,\n    ops::{deep::{Thing}, Other},\n    store,\n};\nuse sqlx;\n";
    for word in ["crate::ops", "crate::ops::deep", "crate::store", "sqlx"] {
        assert!(!names(text, word).is_empty(), "{word}");
    }
    for word in ["crate::sto", "ops", "store", "crate::upstream"] {
        assert!(names(text, word).is_empty(), "{word}");
    }
}

#[test]
fn the_model_knows_nobody() {
    assert_silent(
        "crates/model",
        &[],
        &[
            "engine", "app", "server", "sqlx", "leptos", "axum", "tokio", "reqwest",
        ],
    );
}

#[test]
fn the_engine_knows_neither_pages_nor_serving() {
    assert_silent(
        "crates/engine/src",
        &["crates/engine/src/testing"],
        &["app", "server", "leptos", "axum"],
    );
}

#[test]
fn rules_import_only_the_model() {
    assert_silent(
        "crates/engine/src/rules",
        &[],
        &[
            "sqlx",
            "tokio",
            "reqwest",
            "crate::store",
            "crate::ops",
            "crate::upstream",
            "crate::clock",
            "std::fs",
            "std::time",
        ],
    );
}

#[test]
fn openshift_objects_are_read_and_written_by_nothing_that_waits() {
    let words = [
        "sqlx",
        "tokio",
        "reqwest",
        "crate::ops",
        "crate::upstream",
        "crate::clock",
        "std::fs",
        "std::time",
    ];
    assert_silent("crates/engine/src/openshift", &[], &words);
    // An image is shown as it is stored: the plain row of it, nothing else.
    let images = [
        "crates/engine/src/openshift/image.rs",
        "crates/engine/src/openshift/tests/image.rs",
    ];
    assert_silent("crates/engine/src/openshift", &images, &["crate::store"]);
}

#[test]
fn only_the_store_names_sqlx() {
    let store = ["crates/engine/src/store", "crates/engine/src/testing"];
    assert_silent("crates/engine/src", &store, &["sqlx"]);
    assert_silent("app", &[], &["sqlx"]);
    assert_silent("server", &[], &["sqlx"]);
}

#[test]
fn only_the_upstream_client_names_reqwest() {
    assert_silent(
        "crates/engine/src",
        &["crates/engine/src/upstream"],
        &["reqwest"],
    );
    assert_silent("app", &[], &["reqwest"]);
    assert_silent("server", &[], &["reqwest"]);
}

#[test]
fn pages_hold_no_paths_to_the_store() {
    assert_silent(
        "app/src",
        &[],
        &["engine::store", "engine::rules", "engine::upstream"],
    );
}

#[test]
fn no_file_is_longer_than_can_be_read() {
    let long: Vec<_> = files(".")
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    assert!(long.is_empty(), "over {LONGEST} lines: {long:?}");
}

#[test]
fn every_file_says_what_it_owns() {
    let silent: Vec<_> = files(".")
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "no //! at the top: {silent:?}");
}

#[test]
fn paths_named_in_the_documents_exist() {
    let root = root();
    let mut checked = 0;
    for document in [
        "README.md",
        "docs/ARCHITECTURE.md",
        "docs/ADDING-A-FEATURE.md",
        "docs/COVERAGE.md",
        "docs/PERFORMANCE.md",
    ] {
        let text = fs::read_to_string(root.join(document)).unwrap();
        // What stands in backquotes or in a link, and has a folder of ours in front.
        for word in text.split(['`', '(', ')']) {
            let path = word.split("::").next().unwrap_or(word);
            let ours = [
                "crates/",
                "app/",
                "server/",
                "docs/",
                "migrations/",
                "end2end/",
                "xtask/",
                "bench/",
            ];
            let plain = path
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
            if plain && ours.iter().any(|folder| path.starts_with(folder)) {
                assert!(root.join(path).exists(), "{document} names {path}");
                checked += 1;
            }
        }
    }
    assert!(checked > 10, "{checked} paths");
}
