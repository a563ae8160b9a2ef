//! `run` serves the release build; `dev` serves the debug build, again after each change.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::{site, sys};

/// What `dev` watches, below the workspace.
const WATCHED: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "app",
    "crates",
    "server",
    "migrations",
    "style",
    "public",
    "xtask/Cargo.toml",
    ".cargo",
];

/// Becomes the server, so that signals reach it and its exit code is ours.
pub fn run(args: &[OsString]) -> Result<()> {
    site::build(&site::Args::default())?;
    build_server(&["--release"])?;
    let mut weir = Command::new(sys::target().join("release/weir"));
    sys::clean(&mut weir);
    Err(weir.args(args).exec()).with_context(|| format!("cannot start {}", sys::shown(&weir)))
}

/// Builds the program alone, with exactly the features it is shipped with.
pub fn build_server(options: &[&str]) -> Result<()> {
    sys::run(
        sys::cargo()
            .args(["build", "--package", "server", "--bin", "weir"])
            .args(options),
    )
}

/// Ends with Ctrl-C only. A build that fails leaves the last server running.
pub fn dev(args: &[OsString]) -> Result<()> {
    let mut running: Option<Child> = None;
    loop {
        let seen = fingerprint()?;
        match site::build(&site::Args::default()).and_then(|()| build_server(&[])) {
            Ok(()) => {
                if let Some(child) = running.take() {
                    stop(child)?;
                }
                let mut weir = Command::new(sys::target().join("debug/weir"));
                sys::clean(&mut weir);
                running = Some(weir.args(args).spawn().context("cannot start weir")?);
            }
            Err(error) => eprintln!("xtask: {error:#}"),
        }
        eprintln!("xtask: waiting for a change (Ctrl-C ends)");
        while fingerprint()? == seen {
            sleep(Duration::from_millis(400));
        }
    }
}

/// Asks it to end, and ends it if it does not within five seconds.
fn stop(mut child: Child) -> Result<()> {
    let asked = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .is_ok_and(|status| status.success());
    for _ in 0..50 {
        if !asked || child.try_wait()?.is_some() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    if child.try_wait()?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}

/// Names and times of everything watched. A file that goes away meanwhile is a change, not an error.
fn fingerprint() -> Result<Vec<(PathBuf, Option<SystemTime>)>> {
    let mut found = Vec::new();
    for name in WATCHED {
        let path = sys::root().join(name);
        let files = if path.is_dir() {
            sys::files(&path)?
        } else {
            vec![path]
        };
        found.extend(
            files
                .into_iter()
                .map(|file| (modified(&file), file))
                .map(|(time, file)| (file, time)),
        );
    }
    Ok(found)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}
