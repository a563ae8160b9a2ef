//! Where things are, and how a command is run so that its failure names it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The workspace.
pub fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask
        .parent()
        .map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// Cargo's target directory, wherever the developer put it.
pub fn target() -> PathBuf {
    let chosen = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(chosen)
}

/// Where built tools and the wasm standard library stay between checkouts.
pub fn cache() -> Result<PathBuf> {
    if let Some(chosen) = env::var_os("WEIR_TOOLS") {
        return Ok(chosen.into());
    }
    let base = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
    Ok(base
        .context("neither WEIR_TOOLS, XDG_CACHE_HOME nor HOME says where the cache is")?
        .join("weir"))
}

/// The cargo that started us, in the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    clean(&mut command);
    command
}

/// Takes away what `cargo run` told us about ourselves: build scripts that watch these variables would run again each
/// time somebody changes between `cargo build` and `cargo xtask`.
pub fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let ours = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ]
        .iter()
        .any(|start| text.starts_with(start));
        // With LEPTOS_OUTPUT_NAME set while it compiles, Leptos expects other file names than `site` makes.
        if ours || text == "LEPTOS_OUTPUT_NAME" {
            command.env_remove(&name);
        }
    }
    // cargo puts its own directories in front; the compiler and the server find their libraries without.
    if let Some(paths) = env::var_os("LD_LIBRARY_PATH") {
        let toolchain = env::var_os("CARGO")
            .map(PathBuf::from)
            .and_then(|cargo| Some(cargo.parent()?.parent()?.to_path_buf()));
        let cargos = |path: &Path| {
            path.starts_with(target())
                || toolchain
                    .as_ref()
                    .is_some_and(|home| path.starts_with(home))
        };
        let users: Vec<PathBuf> = env::split_paths(&paths)
            .filter(|path| !cargos(path))
            .collect();
        match env::join_paths(&users) {
            Ok(paths) if !users.is_empty() => command.env("LD_LIBRARY_PATH", paths),
            _ => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
}

/// Runs it with our own input and output; anything but success is an error that names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs it and returns what it printed, trimmed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", shown(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)
        .context("output is not text")?
        .trim()
        .to_owned())
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words: Vec<_> = [program]
        .into_iter()
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// The program of that name on PATH, or at that path.
pub fn find(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    // sbin is where some systems keep runuser, and is not on everybody's PATH
    let all = env::split_paths(&paths).chain(["/usr/sbin".into(), "/sbin".into()]);
    all.map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// Whether we are root (without asking libc: `/proc/self` belongs to us).
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

/// Every file under a directory, in a stable order; nothing when it does not exist.
pub fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !directory.is_dir() {
        return Ok(found);
    }
    let mut entries = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
