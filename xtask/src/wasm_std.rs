//! Brings the standard library for wasm32-unknown-unknown, and says which compiler goes with it.
//!
//! `WASM_STD` chooses: `auto` (the default: what is there, else rustup, else Debian), `rustup`, or `debian` (closed
//! networks and CI: rustup is never called). Debian's compiler and its library source are packaged at one version, so the
//! library we build from them fits that compiler exactly; the compiler of the server stays what it is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{sys, tools};

pub const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";
const RUSTUP_COMMAND: &str = "rustup target add wasm32-unknown-unknown";

/// Environment for a cargo that builds for wasm32; empty when the compiler has the target itself.
pub type Environment = Vec<(&'static str, String)>;

/// Makes the library available.
pub fn provide() -> Result<Environment> {
    let mode = env::var("WASM_STD").unwrap_or_else(|_| "auto".to_owned());
    match mode.as_str() {
        "auto" => auto(),
        "rustup" => {
            if !present() {
                rustup()?;
            }
            Ok(Vec::new())
        }
        "debian" => debian(),
        other => bail!("WASM_STD={other} is unknown; it is auto, debian or rustup"),
    }
}

fn auto() -> Result<Environment> {
    if present() {
        return Ok(Vec::new());
    }
    // Built before: no reason to ask the network.
    if debian_compiler()
        .and_then(|compiler| Ok(compiler.sysroot()?.is_dir()))
        .unwrap_or(false)
    {
        return debian();
    }
    let from_rustup = rustup();
    match from_rustup {
        Ok(()) => Ok(Vec::new()),
        Err(error) => {
            eprintln!("xtask: {error:#}; trying Debian's packages");
            debian().with_context(|| format!("no standard library for {TARGET}: `{RUSTUP_COMMAND}` brings it where its server is reached"))
        }
    }
}

/// Whether the compiler cargo uses by default has the target.
fn present() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut ask = Command::new(rustc);
    let directory = sys::output(ask.current_dir(sys::root()).args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]));
    directory.is_ok_and(|path| has_core(Path::new(&path)))
}

fn has_core(directory: &Path) -> bool {
    sys::files(directory).is_ok_and(|files| {
        files.iter().any(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("libcore-"))
        })
    })
}

fn rustup() -> Result<()> {
    ensure!(sys::find("rustup").is_some(), "there is no rustup");
    sys::run(Command::new("rustup").args(["target", "add", TARGET]))?;
    ensure!(
        present(),
        "`{RUSTUP_COMMAND}` worked, but the compiler in use has no {TARGET}"
    );
    Ok(())
}

struct DebianCompiler {
    version: String,
    /// The library's source, with links followed.
    library: PathBuf,
}

impl DebianCompiler {
    /// Where our build of the library is, or will be.
    fn sysroot(&self) -> Result<PathBuf> {
        Ok(sys::cache()?.join("wasm-std").join(&self.version))
    }
}

fn debian_compiler() -> Result<DebianCompiler> {
    let library = fs::canonicalize(DEBIAN_LIBRARY)
        .with_context(|| format!("no library source at {DEBIAN_LIBRARY}"))?;
    ensure!(
        library.join("Cargo.lock").exists(),
        "{DEBIAN_LIBRARY} has no Cargo.lock"
    );
    let about = sys::output(Command::new(DEBIAN_RUSTC).arg("-vV"))?;
    let version = about
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
        .context("rustc does not tell its version")?
        .to_owned();
    ensure!(
        library
            .parent()
            .is_some_and(|source| source.ends_with(format!("rustc-{version}"))),
        "{DEBIAN_RUSTC} is {version}, but the library source is {}",
        library.display()
    );
    Ok(DebianCompiler { version, library })
}

fn debian() -> Result<Environment> {
    let compiler = match debian_compiler() {
        Ok(compiler) => compiler,
        Err(_) => {
            tools::apt_install(&["rustc-web", "rust-web-src"])?;
            debian_compiler()?
        }
    };
    let sysroot = compiler.sysroot()?;
    if !sysroot.is_dir() {
        build(&compiler, &sysroot)?;
    }
    Ok(vec![
        ("RUSTC", DEBIAN_RUSTC.to_owned()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker()?),
        // cargo splits plain RUSTFLAGS at spaces, this one too
        (
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            format!("--sysroot {}", sysroot.display()),
        ),
    ])
}

/// Builds the library and moves it to its place in one step, so that a half-made one is never used.
fn build(compiler: &DebianCompiler, sysroot: &Path) -> Result<()> {
    eprintln!(
        "xtask: building the standard library {} for {TARGET} (once, a few minutes)",
        compiler.version
    );
    let shown = sysroot.to_string_lossy();
    ensure!(
        !shown.contains(' '),
        "the cache directory {shown} has a space in it; set WEIR_TOOLS to one without"
    );
    let work = sysroot.with_file_name(format!("building-{}", std::process::id()));
    let target = work.join("target");
    let mut cargo = sys::cargo();
    cargo
        .args(["build", "--quiet", "--locked", "--release", "--target", TARGET, "--manifest-path"])
        .arg(compiler.library.join("sysroot/Cargo.toml"))
        .current_dir(&compiler.library)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC", DEBIAN_RUSTC)
        // Only here and never for the application: crates that probe for a nightly compiler would find one.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-Zforce-unstable-if-unmarked -Cembed-bitcode=yes --remap-path-prefix={}=/rustc/library", compiler.library.display()))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
    let built = sys::run(&mut cargo).and_then(|()| {
        let made = work.join("sysroot");
        let libraries = made.join("lib/rustlib").join(TARGET).join("lib");
        fs::create_dir_all(&libraries)?;
        for file in sys::files(&target.join(TARGET).join("release/deps"))? {
            if let Some(name) = file
                .file_name()
                .filter(|_| file.extension().is_some_and(|kind| kind == "rlib"))
            {
                fs::copy(&file, libraries.join(name))?;
            }
        }
        ensure!(
            has_core(&libraries),
            "the build of the standard library left no libcore"
        );
        fs::rename(&made, sysroot)
            .or_else(|error| if sysroot.is_dir() { Ok(()) } else { Err(error) })?;
        Ok(())
    });
    // Left-overs only waste room.
    let _ = fs::remove_dir_all(&work);
    built.context("the standard library could not be built")
}

/// The toolchain's own linker, else the system's.
fn linker() -> Result<String> {
    let rustc = Command::new("rustc")
        .current_dir(sys::root())
        .args(["--print", "sysroot"])
        .output()
        .ok();
    let sysroot = rustc.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let hosts = sysroot
        .and_then(|path| fs::read_dir(path.join("lib/rustlib")).ok())
        .into_iter()
        .flatten()
        .flatten();
    let bundled = hosts
        .map(|host| host.path().join("bin/rust-lld"))
        .find(|path| path.is_file());
    let system = [
        "wasm-ld-22",
        "wasm-ld-21",
        "wasm-ld-20",
        "wasm-ld-19",
        "wasm-ld",
    ];
    let found = bundled.or_else(|| system.iter().find_map(|name| sys::find(name)));
    let path = found.context("no rust-lld and no wasm-ld; `apt-get install lld` brings one")?;
    Ok(path.to_string_lossy().into_owned())
}
