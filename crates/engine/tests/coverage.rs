//! `docs/COVERAGE.md` names only tests that exist, and all the statements.
#![expect(
    clippy::unwrap_used,
    reason = "a check that cannot read its files has failed"
)]

use std::{collections::BTreeSet, fs, path::Path};

/// Tests in every Rust file below a folder: functions under `#[test]` and the like or in `db_test!`, and names before a
/// colon of a list of tests.
fn names(below: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                names(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            tests(&fs::read_to_string(&path).unwrap(), found);
        }
    }
}

fn tests(text: &str, found: &mut BTreeSet<String>) {
    let mut marked = false;
    for line in text.lines().map(str::trim) {
        let marks = line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        marked |= marks || line.ends_with("db_test!(");
        let function = line
            .split_once("fn ")
            .and_then(|(_, rest)| rest.split_once('('));
        if let Some((name, _)) = function {
            found.extend(marked.then(|| name.to_owned()));
            marked = false;
        }
        let listed = line.split_once(": \"").filter(|_| line.ends_with("\";"));
        found.extend(listed.map(|(name, _)| name.to_owned()));
    }
}

#[test]
fn a_helper_is_no_test() {
    let mut found = BTreeSet::new();
    tests(
        "#[test]\n#[cfg(unix)]\nfn one() {\n}\nfn helper() {}\ndb_test!(\n  async fn two(db) {\n  }\n);\n#[tokio::test(start_paused = true)]\nasync fn three() {}\nasync fn other(x: u8) {}\n  four: \"file\";\n",
        &mut found,
    );
    assert_eq!(Vec::from_iter(found), ["four", "one", "three", "two"]);
}

#[test]
fn every_statement_is_listed_and_every_test_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut known = BTreeSet::new();
    for folder in ["crates", "server", "app"] {
        names(&root.join(folder), &mut known);
    }
    let text = fs::read_to_string(root.join("docs/COVERAGE.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| #"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let numbers: Vec<u32> = rows.iter().map(|row| row[1].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=41).chain([44]).collect::<Vec<_>>());
    for row in rows {
        let tests: Vec<&str> = row[3].split('`').skip(1).step_by(2).collect();
        assert!(
            !tests.is_empty() || row[3] == "not yet",
            "{}: no test",
            row[1]
        );
        for test in tests {
            assert!(known.contains(test), "{}: there is no test {test}", row[1]);
        }
    }
}
