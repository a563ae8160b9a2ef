//! The program itself: what its commands print, how it ends, and that it starts and stops as it says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

fn weir(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command
        .args(arguments)
        .env_clear()
        .env("WEIR_DATA", folder.path().join("data"))
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(folder: &tempfile::TempDir, arguments: &[&str], input: &str) -> Output {
    let mut child = weir(folder, arguments).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn users_are_added_listed_and_given_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let added = run(
        &folder,
        &["user", "add", "ann", "--role", "editor", "--password-stdin"],
        "a long password\n",
    );
    assert_eq!(text(&added.stdout), "Added ann as editor.\n");
    let made = text(&run(&folder, &["user", "add", "bob"], "").stdout);
    let (_, password) = made
        .split_once("Password, shown only now: ")
        .expect("a password was made");
    assert!(password.trim().len() >= 20, "{made}");
    assert_eq!(
        text(&run(&folder, &["user", "list"], "").stdout),
        "ann\teditor\nbob\tviewer\n"
    );
    let changed = run(
        &folder,
        &["user", "passwd", "ann", "--password-stdin"],
        "another password",
    );
    assert_eq!(text(&changed.stdout), "ann has a new password.\n");
}

#[test]
fn failures_are_one_line_and_exit_1_or_2() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, input, code, said) in [
        (
            &["user", "add", "ann", "--password-stdin"][..],
            "short\n",
            1,
            "at least 12 characters",
        ),
        (
            &["user", "add", "ann", "--password-stdin"],
            "",
            1,
            "no password",
        ),
        (&["user", "add", "a b"], "", 1, "letters, digits"),
        (&["user", "passwd", "nobody"], "", 1, "no user nobody"),
        (&["--workers", "many"], "", 1, "--workers"),
        (&["--config", "none.toml"], "", 1, "none.toml"),
        (&["user", "add", "ann", "--role", "king"], "", 2, "king"),
        (&["user"], "", 2, "--help"),
        (&["sevre"], "", 2, "sevre"),
        (&["--password", "x"], "", 2, "--password"),
    ] {
        let output = run(&folder, arguments, input);
        let said_really = text(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {said_really}"
        );
        assert_eq!(
            said_really.lines().count(),
            1,
            "{arguments:?}: {said_really}"
        );
        assert!(
            said_really.starts_with("weir: ") && said_really.contains(said),
            "{arguments:?}: {said_really}"
        );
    }
}

#[test]
fn help_names_every_setting() {
    let folder = tempfile::tempdir().unwrap();
    let help = text(&run(&folder, &["--help"], "").stdout);
    for key in &server::config::keys::KEYS {
        assert!(help.contains(&key.variable()), "{}", key.name);
    }
}

#[test]
fn migrate_and_config_check_say_so_when_all_is_well() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        text(&run(&folder, &["config", "check"], "").stdout),
        "The settings are good.\n"
    );
    assert!(
        !folder.path().join("data").exists(),
        "checking must start nothing"
    );
    assert_eq!(
        text(&run(&folder, &["migrate"], "").stdout),
        "The database is up to date.\n"
    );
}

/// A server of its own process; ended when the test ends, however that is.
struct Serving {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Serving {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("Weir is at http://")
            .and_then(|rest| rest.strip_suffix('/'));
        let address = address
            .unwrap_or_else(|| panic!("it said {line:?}"))
            .to_owned();
        Self {
            child,
            said,
            address,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        write!(
            connection,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to end; what it said till then, and its log.
    fn stop(mut self) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let (mut said, mut log) = (String::new(), String::new());
        self.said.read_to_string(&mut said).unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        (self.child.wait().unwrap().code(), said, log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
    }
}

#[test]
fn a_first_start_prints_the_setup_link_outside_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&mut weir(
        &folder,
        &["--http", "127.0.0.1:0", "--log-format", "json"],
    ));
    assert!(serving.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(
        serving
            .get("/setup?token=not-to-be-logged")
            .starts_with("HTTP/1.1 200")
    );
    let (code, said, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    let (_, token) = said
        .split_once("/setup?token=")
        .expect("a setup link is printed");
    assert!(
        !log.contains(token.trim()) && !log.contains("not-to-be-logged"),
        "{log}"
    );
    for line in log.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
    assert!(log.contains(r#""path":"/setup""#), "{log}");
}

#[test]
fn a_first_start_with_a_password_makes_admin() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = weir(&folder, &["--http", "127.0.0.1:0"]);
    let serving = Serving::start(command.env("WEIR_ADMIN_PASSWORD", "a very long password"));
    let (code, said, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(said.contains("Sign in as admin"), "{said}");
    assert!(!said.contains("very long") && !log.contains("very long"));
    assert_eq!(
        text(&run(&folder, &["user", "list"], "").stdout),
        "admin\tadmin\n"
    );
}

#[test]
fn a_token_is_printed_alone_and_once_and_can_be_revoked() {
    let folder = tempfile::tempdir().unwrap();
    run(&folder, &["user", "add", "ann", "--role", "editor"], "");
    let made = run(
        &folder,
        &[
            "token",
            "create",
            "--user",
            "ann",
            "--name",
            "ci",
            "--expires",
            "30d",
        ],
        "",
    );
    let token = text(&made.stdout);
    assert!(
        token.starts_with("weir_") && token.trim_end().len() == 69,
        "{token}"
    );
    assert!(!text(&made.stderr).contains(token.trim_end()), "in the log");
    let listed = text(&run(&folder, &["token", "list", "--user", "ann"], "").stdout);
    assert!(
        listed.contains("\tci\t") && listed.ends_with("\tnever\n"),
        "{listed}"
    );
    assert!(!listed.contains("weir_"));
    let id = listed.split('\t').next().unwrap();
    let revoked = run(&folder, &["token", "revoke", id], "");
    assert_eq!(revoked.status.code(), Some(0));
    assert_eq!(
        text(&run(&folder, &["token", "list", "--user", "ann"], "").stdout),
        ""
    );
    for (arguments, code) in [
        (&["token", "create", "--user", "eve"][..], 1),
        (&["token", "revoke", id], 1),
        (
            &["token", "create", "--user", "ann", "--expires", "soon"],
            2,
        ),
        (&["token", "create"], 2),
    ] {
        assert_eq!(
            run(&folder, arguments, "").status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}
