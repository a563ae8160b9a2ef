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

/// Lines of code that name `word` as a path, comments aside.
fn names(text: &str, word: &str) -> Vec<String> {
    let path = format!("{word}::");
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter(|line| {
            line.match_indices(&path).any(|(at, _)| {
                let before = &line[..at];
                let part_of_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                !part_of_a_word && !before.ends_with("crate::")
            })
        })
        .map(|line| line.trim().to_owned())
        .collect()
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
