//! A private PostgreSQL for one run of the tests: own directory, own port, gone afterwards whatever happens.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::{sys, tools};

/// What the tests read.
pub const URL_VARIABLE: &str = "WEIR_TEST_POSTGRES_URL";

/// Stops the server and removes its directory when its input closes. That happens when we say so, and also when we die by
/// Ctrl-C or are killed; it stands in a process group of its own so that Ctrl-C does not reach it.
const KEEPER: &str = r#"read -r _; cd /; "$@" stop >/dev/null 2>&1; rm -rf "$DIRECTORY""#;

/// A running server. Dropping it stops it.
pub struct Postgres {
    url: String,
    keeper: Option<Child>,
}

impl Postgres {
    /// For a superuser of the cluster.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// Where initdb and pg_ctl are: on PATH, or the newest that Debian has.
pub fn programs() -> Option<PathBuf> {
    if let Some(initdb) = sys::find("initdb").and_then(|link| fs::canonicalize(link).ok()) {
        return initdb.parent().map(Path::to_path_buf);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let newest = versions
        .filter(|version| version.path().join("bin/initdb").is_file())
        .max_by_key(|version| {
            version
                .file_name()
                .to_string_lossy()
                .parse::<u32>()
                .unwrap_or(0)
        });
    newest.map(|version| version.path().join("bin"))
}

/// Starts one, unless the variable already names a server.
pub fn start() -> Result<Postgres> {
    if let Ok(url) = env::var(URL_VARIABLE) {
        eprintln!("xtask: using the PostgreSQL that {URL_VARIABLE} names");
        return Ok(Postgres { url, keeper: None });
    }
    tools::ensure(&[tools::POSTGRES])?;
    let programs = programs().context("PostgreSQL was installed, but initdb is not found")?;
    let directory = env::temp_dir().join(format!("weir-postgres-{}", random(8)?));
    DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let data = directory.join("data");

    // From here on the keeper cleans up, also when a later step fails.
    let mut keeper = as_owner(&programs.join("pg_ctl"));
    keeper.arg("-D").arg(&data).args(["-m", "immediate", "-w"]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", KEEPER, "sh"])
        .arg(keeper.get_program())
        .args(keeper.get_args())
        .env("DIRECTORY", &directory);
    let keeper = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start sh")?;

    let password = random(16)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let server = Postgres {
        url: format!("postgres://weir:{password}@127.0.0.1:{port}/postgres"),
        keeper: Some(keeper),
    };

    let password_file = directory.join("password");
    fs::write(&password_file, password)?;
    if sys::is_root() {
        sys::run(
            Command::new("chown")
                .args(["-R", "postgres"])
                .arg(&directory),
        )?;
    }
    let mut initdb = as_owner(&programs.join("initdb"));
    initdb.arg("-D").arg(&data).args([
        "--username=weir",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-sync",
    ]);
    initdb.arg(format!("--pwfile={}", password_file.display()));
    // A language's order as on most production servers, so that SQL which leaves the order of text to the database fails here.
    initdb.args([
        "--locale=C.UTF-8",
        "--locale-provider=icu",
        "--icu-locale=en-US",
    ]);
    sys::run(initdb.current_dir("/").stdout(Stdio::null()))?;

    let log = directory.join("log");
    let durable_to_nobody = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off";
    let options = format!(
        "{durable_to_nobody} -c max_connections=300 -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories=''"
    );
    let mut start = as_owner(&programs.join("pg_ctl"));
    start
        .arg("-D")
        .arg(&data)
        .arg("-l")
        .arg(&log)
        .args(["-w", "-t", "60", "-o", &options, "start"]);
    let started = sys::run(
        start
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    );
    started.with_context(|| {
        format!(
            "PostgreSQL did not start: {}",
            fs::read_to_string(&log).unwrap_or_default()
        )
    })?;
    Ok(server)
}

/// PostgreSQL refuses to run as root; Debian's package brings the user `postgres`.
fn as_owner(program: &Path) -> Command {
    if !sys::is_root() {
        return Command::new(program);
    }
    let mut command = Command::new(sys::find("runuser").unwrap_or_else(|| "runuser".into()));
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn random(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    File::open("/dev/urandom")?.read_exact(&mut buffer)?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}
