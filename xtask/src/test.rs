//! `cargo xtask test`: every check and test in the order that finds mistakes soonest, ending at the first failure.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::counts::{self, Counts};
use crate::postgres::{self, Postgres};
use crate::{serve, site, sys, tools};

#[derive(clap::Args)]
pub struct Args {
    /// Only this step; may be given more than once
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// What the runner of steps `tests` and `end2end` gets, e.g. `--only tests -- held_tag`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    runner: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting
    Fmt,
    /// Clippy on everything native
    Clippy,
    /// The browser's half compiles (natively: soon known)
    Hydrate,
    /// Documentation has no broken link
    Docs,
    /// Licences, bans and sources of the dependencies
    Deny,
    /// Unit, store (on both databases), story, web and wire tests
    Tests,
    /// The browser's half for real, and the style
    Site,
    /// Browser and registry clients against the built program
    End2end,
}

enum Outcome {
    Passed,
    /// Not a failure, and the reason why.
    NotRun(&'static str),
}

/// What steps share.
struct Run<'a> {
    runner: &'a [OsString],
    database: Option<Postgres>,
    counts: Counts,
}

/// Runs the steps, then tells what each took and how many tests there were.
pub fn run(args: &Args) -> Result<()> {
    let chosen = |step: &&Step| args.only.is_empty() || args.only.contains(step);
    let steps: Vec<&Step> = Step::value_variants().iter().filter(chosen).collect();
    site::ensure_dir()?;
    install(&steps)?;
    let mut run = Run {
        runner: &args.runner,
        database: None,
        counts: Counts::default(),
    };
    let mut table = Vec::new();
    let mut failure = None;
    for step in steps {
        let name = name(*step);
        eprintln!("\nxtask: ---- {name}");
        let start = Instant::now();
        let outcome = run.step(*step);
        let took = start.elapsed();
        match outcome {
            Ok(Outcome::Passed) => table.push((name, took, "")),
            Ok(Outcome::NotRun(why)) => table.push((name, took, why)),
            Err(error) => {
                table.push((name, took, "FAILED"));
                failure = Some(error.context(format!("step {} failed", table[table.len() - 1].0)));
                break;
            }
        }
    }
    drop(run.database.take());
    print(&table, run.counts);
    failure.map_or(Ok(()), Err)
}

fn print(table: &[(String, Duration, &str)], counts: Counts) {
    println!();
    for (name, took, remark) in table {
        println!("{name:<8} {:>7.1} s  {remark}", took.as_secs_f64());
    }
    if counts != Counts::default() {
        println!("{} passed, {} failed", counts.passed, counts.failed);
    }
}

fn name(step: Step) -> String {
    step.to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// All at once and first, so that nobody waits half an hour to be asked for a password.
fn install(steps: &[&Step]) -> Result<()> {
    let mut needed = Vec::new();
    if steps.contains(&&Step::Tests) || steps.contains(&&Step::End2end) {
        needed.extend([tools::DOCKER_REGISTRY, tools::SKOPEO]);
        if env::var_os(postgres::URL_VARIABLE).is_none() {
            needed.push(tools::POSTGRES);
        }
    }
    if steps.contains(&&Step::End2end) {
        needed.extend([
            tools::CHROMIUM,
            tools::NODE,
            tools::NPM,
            tools::PODMAN,
            tools::GPG,
        ]);
    }
    tools::ensure(&needed)
}

impl Run<'_> {
    fn step(&mut self, step: Step) -> Result<Outcome> {
        // Never --all-features: `ssr` and `hydrate` together compile, and then no page works.
        match step {
            Step::Fmt => sys::run(sys::cargo().args(["fmt", "--all", "--check"]))?,
            Step::Clippy => {
                sys::run(sys::cargo().args([
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--features",
                    "engine/testing",
                    "--",
                    "-D",
                    "warnings",
                ]))?;
            }
            Step::Hydrate => {
                sys::run(sys::cargo().args([
                    "clippy",
                    "--package",
                    "app",
                    "--no-default-features",
                    "--features",
                    "hydrate",
                    "--",
                    "-D",
                    "warnings",
                ]))?;
            }
            Step::Docs => {
                let mut cargo = sys::cargo();
                cargo.args([
                    "doc",
                    "--workspace",
                    "--no-deps",
                    "--features",
                    "engine/testing",
                ]);
                sys::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))?;
            }
            Step::Deny => return deny(),
            Step::Tests => self.tests()?,
            Step::Site => site::build(&site::Args::default())?,
            Step::End2end => return self.end2end(),
        }
        Ok(Outcome::Passed)
    }

    fn database_url(&mut self) -> Result<String> {
        if self.database.is_none() {
            self.database = Some(postgres::start()?);
        }
        Ok(self
            .database
            .as_ref()
            .map(|server| server.url().to_owned())
            .unwrap_or_default())
    }

    fn tests(&mut self) -> Result<()> {
        let url = self.database_url()?;
        let workspace = ["--workspace", "--features", "engine/testing"];
        let before = self.counts.passed;
        let mut tests = sys::cargo();
        if sys::find("cargo-nextest").is_some() {
            tests
                .args(["nextest", "run"])
                .args(workspace)
                .args(self.runner);
        } else {
            tests
                .args(["test", "--all-targets"])
                .args(workspace)
                .arg("--")
                .args(self.runner);
        }
        counts::run(tests.env(postgres::URL_VARIABLE, &url), &mut self.counts)?;
        ensure!(self.counts.passed > before, "no test was run");
        if self.runner.is_empty() {
            // The registry's wire once more, on what Weir grows onto; but for the walk over all rights, which asks thousands of
            // questions that do not depend on it.
            let mut again = sys::cargo();
            if sys::find("cargo-nextest").is_some() {
                let registry = "test(v2_) and not test(everybody_gets_exactly)";
                again.args(["nextest", "run", "--package", "server", "-E", registry]);
            } else {
                again.args(["test", "--package", "server", "--test", "all", "v2_"]);
                again.args(["--", "--skip", "everybody_gets_exactly"]);
            }
            again.env("WEIR_TEST_SERVER", "postgres");
            counts::run(again.env(postgres::URL_VARIABLE, &url), &mut self.counts)?;
        }
        if self.runner.is_empty() {
            // nextest does not know the examples in the documentation
            let mut examples = sys::cargo();
            examples.args(["test", "--doc"]).args(workspace);
            counts::run(examples.env(postgres::URL_VARIABLE, &url), &mut self.counts)?;
        }
        Ok(())
    }

    fn end2end(&mut self) -> Result<Outcome> {
        let folder = sys::root().join("end2end");
        let script = folder.join("run.mjs");
        ensure!(
            script.exists(),
            "end2end/run.mjs is missing: the story in the browser cannot be checked"
        );
        site::build(&site::Args::default())?;
        serve::build_server(&[])?;
        // With the features of the step `tests`, so that nothing is built twice.
        let mut bucket = sys::cargo();
        bucket.args(["build", "--workspace", "--features", "engine/testing"]);
        sys::run(bucket.args(["--example", "bucket"]))?;
        npm(&folder)?;
        let url = self.database_url()?;
        let chromium = env::var_os("CHROMIUM")
            .or_else(|| tools::CHROMIUM.find().map(Into::into))
            .context("no Chromium")?;
        let mut node = Command::new("node");
        sys::clean(&mut node);
        node.arg(&script)
            .args(self.runner)
            .current_dir(sys::root())
            .env("WEIR_BIN", sys::target().join("debug/weir"))
            .env(
                "WEIR_TEST_BUCKET",
                sys::target().join("debug/examples/bucket"),
            )
            .env(postgres::URL_VARIABLE, url)
            .env("CHROMIUM", chromium);
        counts::run(&mut node, &mut self.counts)?;
        Ok(Outcome::Passed)
    }
}

/// The packages of the browser tests. Browsers come from the system: nothing is downloaded here.
fn npm(folder: &Path) -> Result<()> {
    let time = |name: &str| {
        fs::metadata(folder.join(name))
            .and_then(|data| data.modified())
            .ok()
    };
    let installed = time("node_modules/.package-lock.json");
    if installed.is_some()
        && installed >= time("package.json")
        && installed >= time("package-lock.json")
    {
        return Ok(());
    }
    let verb = if folder.join("package-lock.json").exists() {
        "ci"
    } else {
        "install"
    };
    let mut npm = Command::new("npm");
    npm.args([verb, "--no-audit", "--no-fund"])
        .current_dir(folder);
    sys::run(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}

/// Advisories are left out: their database is on a server that closed networks do not reach (see deny.toml).
fn deny() -> Result<Outcome> {
    const INSTALL: &str = "cargo install cargo-deny --locked";
    if sys::find("cargo-deny").is_none() {
        if env::var_os("CI").is_some() {
            bail!("cargo-deny is missing: `{INSTALL}`");
        }
        return Ok(Outcome::NotRun(
            "NOT RUN: `cargo install cargo-deny --locked` brings it; CI has it",
        ));
    }
    sys::run(sys::cargo().args([
        "deny",
        "--workspace",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))?;
    Ok(Outcome::Passed)
}
