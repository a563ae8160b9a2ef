//! Programs the build and the tests need from the system: found, installed with apt where there is one, else named.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::sys;

/// A program and where it comes from.
#[derive(Clone, Copy)]
pub struct Tool {
    /// Any of these names will do.
    programs: &'static [&'static str],
    /// Debian's package.
    package: &'static str,
    what_for: &'static str,
}

pub const DOCKER_REGISTRY: Tool = Tool {
    programs: &["docker-registry"],
    package: "docker-registry",
    what_for: "a real upstream",
};
pub const SKOPEO: Tool = Tool {
    programs: &["skopeo"],
    package: "skopeo",
    what_for: "a real registry client",
};
pub const GPG: Tool = Tool {
    programs: &["gpg"],
    package: "gnupg",
    what_for: "keys a client signs images with",
};
pub const PODMAN: Tool = Tool {
    programs: &["podman"],
    package: "podman",
    what_for: "another client, which unpacks what it pulls",
};
pub const CHROMIUM: Tool = Tool {
    programs: &["chromium", "chromium-browser", "google-chrome"],
    package: "chromium",
    what_for: "the browser tests",
};
pub const NODE: Tool = Tool {
    programs: &["node"],
    package: "nodejs",
    what_for: "the browser tests",
};
pub const NPM: Tool = Tool {
    programs: &["npm"],
    package: "npm",
    what_for: "the browser tests",
};
pub const POSTGRES: Tool = Tool {
    programs: &["initdb"],
    package: "postgresql",
    what_for: "the store's second database",
};

impl Tool {
    /// Where it is, if it is.
    pub fn find(&self) -> Option<std::path::PathBuf> {
        if self.programs == POSTGRES.programs {
            return crate::postgres::programs().map(|directory| directory.join("initdb"));
        }
        self.programs.iter().find_map(|program| sys::find(program))
    }
}

/// Has all of them afterwards, or says which are missing and what brings them.
pub fn ensure(tools: &[Tool]) -> Result<()> {
    let missing = || tools.iter().filter(|tool| tool.find().is_none());
    let packages: Vec<_> = missing().map(|tool| tool.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let installed = apt_install(&packages);
    let named: Vec<_> = missing()
        .map(|tool| format!("{} ({})", tool.programs[0], tool.what_for))
        .collect();
    match installed {
        Ok(()) if named.is_empty() => Ok(()),
        Ok(()) => bail!(
            "{} installed, but still missing: {}",
            packages.join(" "),
            named.join(", ")
        ),
        Err(error) => Err(error).with_context(|| format!("missing: {}", named.join(", "))),
    }
}

/// Installs Debian packages, never removing any; as root or through sudo.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install {}", packages.join(" "));
    if sys::find("apt-get").is_none() {
        bail!("no apt-get here; install what Debian brings with `{by_hand}`");
    }
    if !sys::is_root() && sys::find("sudo").is_none() {
        bail!("neither root nor sudo; as root run `{by_hand}`");
    }
    eprintln!("xtask: {by_hand}");
    let apt = || {
        let mut command = Command::new(if sys::is_root() { "env" } else { "sudo" });
        if !sys::is_root() {
            command.arg("env");
        }
        // what packages run while they are set up is in sbin, which a user's PATH may lack
        let path = std::env::var("PATH").unwrap_or_default();
        command.arg(format!("PATH={path}:/usr/local/sbin:/usr/sbin:/sbin"));
        // another apt at work is waited for
        command.args([
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "-qq",
            "-o",
            "DPkg::Lock::Timeout=300",
        ]);
        command
    };
    // An old list may still do, and a broken third-party source must not stop us.
    if let Err(error) = sys::run(apt().arg("update")) {
        eprintln!("xtask: {error:#}; going on with the package lists there are");
    }
    sys::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends", "--no-remove"])
            .args(packages),
    )
    .with_context(|| format!("`{by_hand}` did not work"))
}
