//! Builds what the browser gets into `target/site`, which the server embeds: `pkg/weir.js`, `pkg/weir_bg.wasm`,
//! `pkg/weir.css`, and the files of `public/`.
//!
//! The wasm is called `weir_bg.wasm` because that is what Leptos' `HydrationScripts` asks for when it was compiled without
//! `LEPTOS_OUTPUT_NAME`, which is how every plain `cargo build` compiles it (with the variable it asks for `weir.wasm`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::{sys, wasm_std};

const OUTPUT_NAME: &str = "weir";

#[derive(clap::Args)]
pub struct Args {
    /// Cargo profile of the browser's half: `wasm` is small, `dev` builds sooner
    #[arg(long, default_value = "wasm")]
    profile: String,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            profile: "wasm".to_owned(),
        }
    }
}

/// Always in the workspace, even if cargo's target directory is elsewhere: the server names this path.
fn directory() -> PathBuf {
    sys::root().join("target/site")
}

/// The server's source names the directory; it must be there even when the site is not needed.
pub fn ensure_dir() -> Result<()> {
    fs::create_dir_all(directory().join("pkg")).context("cannot make target/site")
}

/// Everything.
pub fn build(args: &Args) -> Result<()> {
    let pkg = bindgen(args)?;
    let mut wanted = BTreeMap::new();
    add(&mut wanted, &pkg, "pkg")?;
    add(&mut wanted, &sys::root().join("public"), "")?;
    wanted.insert(
        Path::new("pkg").join(format!("{OUTPUT_NAME}.css")),
        style()?.into_bytes(),
    );
    sync(&wanted, &directory())
}

/// Only the scripts; the rest of the site stays as it is.
pub fn build_wasm(args: &Args) -> Result<()> {
    let pkg = bindgen(args)?;
    let mut wanted = BTreeMap::new();
    add(&mut wanted, &pkg, "")?;
    for (name, content) in wanted {
        write_changed(&directory().join("pkg").join(name), &content)?;
    }
    Ok(())
}

/// Compiles `app` for the browser and makes its glue; returns the directory with both.
fn bindgen(args: &Args) -> Result<PathBuf> {
    let environment = wasm_std::provide()?;
    // A directory of its own: another compiler may be at work here, and a native build may run meanwhile.
    let target = sys::target().join("wasm");
    let mut cargo = sys::cargo();
    cargo
        .args([
            "build",
            "--package",
            "app",
            "--lib",
            "--no-default-features",
            "--features",
            "hydrate",
        ])
        .args([
            "--target",
            wasm_std::TARGET,
            "--profile",
            &args.profile,
            "--target-dir",
        ])
        .arg(&target);
    if !environment.is_empty() {
        // These would win over the target's own flags, which name the library.
        cargo
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .envs(environment);
    }
    sys::run(&mut cargo)?;

    let folder = if args.profile == "dev" {
        "debug"
    } else {
        &args.profile
    };
    let input = target.join(wasm_std::TARGET).join(folder).join("app.wasm");
    let out = target.join("bindgen").join(folder);
    let made = out.join(format!("{OUTPUT_NAME}_bg.wasm"));
    if !newer(&made, &input) {
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        glue(&input, &out)
            .map_err(|error| anyhow!("wasm-bindgen on {}: {error:#}", input.display()))?;
    }
    Ok(out)
}

fn glue(input: &Path, out: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(input)
        .out_name(OUTPUT_NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
}

fn newer(made: &Path, input: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|data| data.modified());
    matches!((time(made), time(input)), (Ok(made), Ok(input)) if made > input)
}

fn style() -> Result<String> {
    let main = sys::root().join("style/main.scss");
    let options = grass::Options::default().style(grass::OutputStyle::Compressed);
    grass::from_path(&main, &options).map_err(|error| anyhow!("{}: {error}", main.display()))
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

fn add(files: &mut Files, from: &Path, under: &str) -> Result<()> {
    for path in sys::files(from)? {
        let name = Path::new(under).join(path.strip_prefix(from)?);
        files.insert(
            name,
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
        );
    }
    Ok(())
}

/// Makes the directory hold exactly these files, touching only what differs: the server is built again when one changes.
fn sync(wanted: &Files, directory: &Path) -> Result<()> {
    for path in sys::files(directory)? {
        if !wanted.contains_key(path.strip_prefix(directory)?) {
            fs::remove_file(&path)?;
        }
    }
    for (name, content) in wanted {
        write_changed(&directory.join(name), content)?;
    }
    Ok(())
}

fn write_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
