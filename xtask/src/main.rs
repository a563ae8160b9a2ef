//! Build, run, test and measure Weir: `cargo xtask run|test|dev|bench|site|wasm`.
//! Owns the command line only; each command has its file.
#![expect(
    clippy::disallowed_methods,
    reason = "the build tool reads the environment and waits by polling; the bans are for the product"
)]

mod counts;
mod postgres;
mod serve;
mod site;
mod sys;
mod test;
mod tools;
mod wasm_std;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, run, test and measure Weir")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the site and a release server, then serve
    Run {
        /// What `weir` gets, e.g. `-- --config weir.toml`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build and serve a debug server; again after each change of a source file
    Dev {
        /// What `weir` gets
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Install what the tests need and is missing, then run every check and test
    Test(test::Args),
    /// Run the benchmarks, against a private PostgreSQL
    Bench {
        /// Names of benchmarks, and their options
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build everything the browser gets into target/site: scripts, style, public files
    Site(site::Args),
    /// Build only the browser's half (wasm and its glue)
    Wasm(site::Args),
}

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::Run { args } => serve::run(&args),
        Command::Dev { args } => serve::dev(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench { args } => bench(&args),
        Command::Site(args) => site::build(&args),
        Command::Wasm(args) => site::build_wasm(&args),
    }
}

/// The measured program is the release build; a real registry stands in for upstreams.
fn bench(args: &[OsString]) -> Result<()> {
    let manifest = sys::root().join("bench/Cargo.toml");
    ensure!(
        manifest.exists(),
        "there are no benchmarks: {} does not exist",
        manifest.display()
    );
    tools::ensure(&[tools::DOCKER_REGISTRY, tools::SKOPEO])?;
    let database = postgres::start()?;
    site::ensure_dir()?;
    let mut cargo = sys::cargo();
    cargo
        .args(["run", "--release", "--package", "bench", "--"])
        .args(args);
    sys::run(cargo.env(postgres::URL_VARIABLE, database.url()))
}
