//! Runs a test runner, passes its output on, and counts what its closing lines say.

use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stderr, stdout};
use std::ops::AddAssign;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::sys;

/// Tests that were run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Like `sys::run`, and adds up what was run, also when it fails.
pub fn run(command: &mut Command, counts: &mut Counts) -> Result<()> {
    if stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let shown = sys::shown(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let readers = [
        thread::spawn(move || pass_on(out, stdout())),
        thread::spawn(move || pass_on(err, stderr())),
    ];
    let mut found = Found::default();
    for reader in readers {
        if let Ok(part) = reader.join() {
            found.lines += part.lines;
            found.total = found.total.or(part.total);
        }
    }
    *counts += found.total.unwrap_or(found.lines);
    let status = child.wait()?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// What one stream said.
#[derive(Default)]
struct Found {
    /// The sum of what runners said.
    lines: Counts,
    /// A plain `N passed, N failed`: the total of a script that may have shown its runner's lines as well.
    total: Option<Counts>,
}

fn pass_on(from: Option<impl Read>, mut to: impl Write) -> Found {
    let mut found = Found::default();
    let Some(from) = from else { return found };
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader
        .read_until(b'\n', &mut line)
        .is_ok_and(|length| length > 0)
    {
        // When nobody reads any more the tests still run to their end.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        let text = without_colour(&String::from_utf8_lossy(&line));
        if is_total(&text) {
            found.total = Some(closing_line(&text));
        } else {
            found.lines += closing_line(&text);
        }
        line.clear();
    }
    found
}

/// Words between spaces and marks.
fn words(line: &str) -> Vec<&str> {
    line.split([' ', ',', ';', '\n'])
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_total(line: &str) -> bool {
    let words = words(line);
    let number = |word: &str| word.parse::<u64>().is_ok();
    match words[..] {
        [passed, "passed", failed, "failed"] => number(passed) && number(failed),
        [passed, "passed", failed, "failed", skipped, "skipped"] => {
            number(passed) && number(failed) && number(skipped)
        }
        _ => false,
    }
}

/// The counts in a closing line of nextest, `cargo test`, node's runner, or our own; nothing in any other line.
fn closing_line(line: &str) -> Counts {
    let line = line.trim();
    let words = words(line);
    let before = |name: &str| {
        words
            .windows(2)
            .find(|pair| pair[1] == name)
            .and_then(|pair| pair[0].parse().ok())
    };
    if let ["#" | "ℹ", kind @ ("pass" | "fail"), number] = words[..] {
        let number = number.parse().unwrap_or(0);
        return if kind == "pass" {
            Counts {
                passed: number,
                failed: 0,
            }
        } else {
            Counts {
                passed: 0,
                failed: number,
            }
        };
    }
    let nextest = line.starts_with("Summary [")
        && (line.contains("tests run:") || line.contains("test run:"));
    let libtest = line.starts_with("test result:");
    if nextest || libtest || is_total(line) {
        return Counts {
            passed: before("passed").unwrap_or(0),
            failed: before("failed").unwrap_or(0),
        };
    }
    Counts::default()
}

fn without_colour(line: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for character in line.chars() {
        match (inside, character) {
            (false, '\u{1b}') => inside = true,
            (false, other) => plain.push(other),
            (true, 'a'..='z' | 'A'..='Z') => inside = false,
            (true, _) => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_every_runner_count() {
        let cases = [
            (
                "     Summary [   0.005s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped",
                2,
                1,
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.005s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m passed, 0 skipped",
                1,
                0,
            ),
            (
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                12,
                0,
            ),
            ("# pass 7", 7, 0),
            ("ℹ fail 2", 0, 2),
            ("9 passed, 1 failed", 9, 1),
            ("9 passed, 1 failed, 2 skipped", 9, 1),
        ];
        for (line, passed, failed) in cases {
            assert_eq!(
                closing_line(&without_colour(line)),
                Counts { passed, failed },
                "{line}"
            );
        }
    }

    #[test]
    fn the_total_of_a_script_is_not_added_to_what_its_runner_said() {
        let script = "echo '# pass 2'; echo '2 passed, 0 failed'";
        let mut counts = Counts::default();
        run(Command::new("sh").args(["-c", script]), &mut counts).unwrap();
        assert_eq!(
            counts,
            Counts {
                passed: 2,
                failed: 0
            }
        );
    }

    #[test]
    fn other_lines_do_not_count() {
        for line in [
            "",
            "PASS [ 0.1s] model name::tests::a",
            "3 of 4 passed",
            "# tests 9",
            "error: 2 failed",
        ] {
            assert_eq!(closing_line(line), Counts::default(), "{line}");
        }
    }
}
