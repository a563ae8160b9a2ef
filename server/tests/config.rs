//! Settings: what is refused, and that the refusal names the key, the value and what is allowed.

use std::{ffi::OsString, io::Write};

use server::config::{self, Loaded, LogFormat};

fn load(
    file: Option<&str>,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Loaded, String> {
    let mut written = tempfile::NamedTempFile::new().unwrap();
    written
        .write_all(file.unwrap_or_default().as_bytes())
        .unwrap();
    config::load(
        Some(written.path()),
        variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value))),
        flags
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    )
    .map_err(|errors| {
        errors
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })
}

fn refusal(file: Option<&str>, variables: &[(&str, &str)]) -> String {
    load(file, variables, &[])
        .err()
        .expect("these settings must be refused")
}

#[test]
fn bad_values_are_refused_with_key_value_and_what_is_allowed() {
    for (key, value, allowed) in [
        ("WEIR_HTTP", "8080", "IP address and port"),
        ("WEIR_HTTP", "localhost:http", "IP address and port"),
        ("WEIR_HTTP", "", "or off"),
        ("WEIR_DATA", "", "path of a folder"),
        ("WEIR_PUBLIC_URL", "weir.example", "http://"),
        ("WEIR_PUBLIC_URL", "ftp://weir.example", "http://"),
        ("WEIR_REGISTRY_HOST", "https://weir.example", "a host"),
        ("WEIR_REGISTRY_HOST", "weir.example/path", "a host"),
        ("WEIR_REGISTRY_HOST", "user@weir.example", "a host"),
        ("WEIR_REGISTRY_HOST", "Weir.example", "a host"),
        (
            "WEIR_PUBLIC_URL",
            "https://weir.example/sub",
            "nothing after it",
        ),
        (
            "WEIR_PUBLIC_URL",
            "https://me:pw@weir.example",
            "nothing after it",
        ),
        ("WEIR_IMPORT_CONCURRENCY", "0", "1 to 1024"),
        ("WEIR_IMPORT_CONCURRENCY", "many", "1 to 1024"),
        ("WEIR_IMPORT_RPS", "-1", "0 (no limit)"),
        ("WEIR_MAX_TAGS_PER_IMPORT", "0", "-1 (all)"),
        ("WEIR_MAX_TAGS_PER_IMPORT", "-2", "-1 (all)"),
        (
            "WEIR_MAX_TAGS_PER_IMPORT",
            "99999999999999999999",
            "-1 (all)",
        ),
        (
            "WEIR_BLOCKED_NETWORKS",
            "10.0.0.0/33",
            "set apart by commas",
        ),
        (
            "WEIR_BLOCKED_NETWORKS",
            "10.0.0.0/8 fe80::/10",
            "set apart by commas",
        ),
        ("WEIR_ALLOWED_REGISTRIES", "quay.io/org", "* and ?"),
        (
            "WEIR_ALLOWED_REALMS",
            "https://auth.example",
            "auth.example:8443",
        ),
        ("WEIR_ALLOWED_REALMS", "auth.example/token", "hosts"),
        ("WEIR_UPSTREAM_CA", "/nowhere/ca.pem", "PEM file"),
        ("WEIR_UPSTREAM_CA", "/dev/null", "PEM file"),
        ("WEIR_WORKERS", "257", "0 to 256"),
        ("WEIR_WORKERS", "+1", "0 to 256"),
        ("WEIR_LOG", "info,=", "filter"),
        ("WEIR_LOG", "", "filter"),
        ("WEIR_LOG_FORMAT", "xml", "text or json"),
    ] {
        let message = refusal(None, &[(key, value)]);
        assert!(message.contains(key), "{message} does not name {key}");
        assert!(
            message.contains(&format!("{value:?}")),
            "{message} does not show {value:?}"
        );
        assert!(
            message.contains(allowed),
            "{message} does not say {allowed:?}"
        );
    }
}

#[test]
fn why_a_file_of_authorities_cannot_be_read_is_said() {
    let refused = refusal(None, &[("WEIR_UPSTREAM_CA", "/no/such/file.pem")]);
    assert!(refused.contains("WEIR_UPSTREAM_CA"), "{refused}");
    assert!(refused.contains("No such file"), "{refused}");
}

#[test]
fn secrets_are_refused_without_being_shown() {
    for (key, value) in [
        ("WEIR_DATABASE_URL", "mysql://me:hunter2@db/weir"),
        ("WEIR_DATABASE_URL", "hunter2"),
    ] {
        let message = refusal(None, &[(key, value)]);
        assert!(message.contains(key), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    assert!(refusal(None, &[("WEIR_ADMIN_PASSWORD", "")]).contains("WEIR_ADMIN_PASSWORD"));
}

#[test]
fn keys_nobody_knows_stop_the_start() {
    for key in [
        "WEIR_HTPP",
        "WEIR_HTTPS",
        "WEIR_",
        "WEIR_http",
        "WEIR_LOG_FILE",
    ] {
        assert!(refusal(None, &[(key, "x")]).contains(key));
    }
    for (file, key) in [
        ("htpp = 'x'", "htpp"),
        ("https = 'off'", "https"),
        ("[http]\na = 1", "http"),
    ] {
        assert!(refusal(Some(file), &[]).contains(key));
    }
    assert!(refusal(Some("http = \n"), &[]).contains("weir.toml, line 1"));
}

#[test]
fn variables_of_tests_and_of_others_are_left_alone() {
    let loaded = load(
        None,
        &[
            ("WEIR_TEST_PG", "x"),
            ("WEIR_BIN", "y"),
            ("WEIRD", "z"),
            ("PATH", "/bin"),
        ],
        &[],
    );
    assert!(loaded.is_ok());
}

#[test]
fn all_faults_are_told_at_once() {
    let message = refusal(
        Some("workers = 'x'"),
        &[("WEIR_LOG_FORMAT", "xml"), ("WEIR_NONE", "1")],
    );
    for key in ["workers in weir.toml", "WEIR_LOG_FORMAT", "WEIR_NONE"] {
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "http = '127.0.0.1:1'\nworkers = 1\nimport_concurrency = 3\nblocked_networks = ['10.0.0.0/8', '::1/128']";
    let variables = [("WEIR_HTTP", "127.0.0.1:2"), ("WEIR_WORKERS", "2")];
    let settings = load(Some(file), &variables, &[("http", "127.0.0.1:3")])
        .map(|loaded| loaded.settings)
        .unwrap();
    assert_eq!(settings.http, Some(([127, 0, 0, 1], 3).into()));
    assert_eq!(settings.workers, 2);
    assert_eq!(settings.import_concurrency, 3);
    assert_eq!(settings.blocked_networks.len(), 2);
}

#[test]
fn defaults_are_those_of_the_handbook() {
    let settings = load(None, &[], &[]).map(|loaded| loaded.settings).unwrap();
    assert_eq!(settings.http, Some(([127, 0, 0, 1], 8080).into()));
    assert_eq!(settings.database_url.reveal(), "sqlite://./data/weir.db");
    assert_eq!(settings.max_tags_per_import, Some(50));
    assert_eq!(settings.import_concurrency, 16);
    assert_eq!(settings.import_rps, None);
    assert_eq!(settings.log_format, LogFormat::Text);
    let engine = engine::Config::in_folder("./data".into());
    assert_eq!(settings.blocked_networks, engine.blocked_networks);
    assert_eq!(settings.engine().database_url, engine.database_url);
    assert_eq!(
        settings.public_url(([0, 0, 0, 0], 80).into()).as_str(),
        "http://127.0.0.1/"
    );
}

#[test]
fn everything_can_be_lifted() {
    let variables = [
        ("WEIR_MAX_TAGS_PER_IMPORT", "-1"),
        ("WEIR_BLOCKED_NETWORKS", ""),
        ("WEIR_HTTP", "off"),
        ("WEIR_IMPORT_RPS", "7"),
    ];
    let settings = load(None, &variables, &[])
        .map(|loaded| loaded.settings)
        .unwrap();
    assert_eq!(settings.max_tags_per_import, None);
    assert!(settings.blocked_networks.is_empty());
    assert_eq!(settings.http, None);
    assert_eq!(settings.import_rps, Some(7));
    assert!(refusal(None, &[("WEIR_HTTP", "off"), ("WEIR_WORKERS", "0")]).contains("WEIR_WORKERS"));
}

#[tokio::test]
async fn token_services_and_authorities_that_are_named_reach_the_engine() {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    let up = engine::testing::upstream::TestUpstream::builder()
        .tls()
        .start()
        .await;
    let authority = up.certificate().unwrap();
    let encoded = BASE64_STANDARD.encode(&authority);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let pem =
        |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(&path, pem(&encoded).repeat(2)).unwrap();
    let variables = [
        ("WEIR_UPSTREAM_CA", path.to_str().unwrap()),
        ("WEIR_ALLOWED_REALMS", "auth.example, 192.0.2.7:8443"),
    ];
    let loaded = load(None, &variables, &[]).unwrap_or_else(|message| panic!("{message}"));
    let engine = loaded.settings.engine();
    assert_eq!(engine.allowed_realms, ["auth.example", "192.0.2.7:8443"]);
    assert_eq!(engine.upstream_ca, [authority.clone(), authority]);
    std::fs::write(&path, pem(&encoded) + &pem("bm90IG9uZQ==")).unwrap();
    assert!(refusal(None, &variables).contains("WEIR_UPSTREAM_CA"));
}

#[test]
fn a_secret_can_come_from_a_file_and_is_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "correct horse battery\n").unwrap();
    let path = path.to_str().unwrap();
    let variables = [
        ("WEIR_ADMIN_PASSWORD_FILE", path),
        ("WEIR_DATABASE_URL", "postgres://weir:hunter2@db/weir"),
    ];
    let loaded = load(None, &variables, &[]).unwrap_or_else(|message| panic!("{message}"));
    let password = loaded
        .settings
        .admin_password
        .as_ref()
        .map(|secret| secret.reveal().to_owned());
    assert_eq!(password.as_deref(), Some("correct horse battery"));
    for text in [loaded.show(), format!("{:?}", loaded.settings)] {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains("horse"), "{text}");
    }
    assert!(
        loaded
            .show()
            .contains("database_url = \"postgres://weir:********@db/weir\" # environment")
    );
    assert!(
        refusal(None, &[("WEIR_ADMIN_PASSWORD_FILE", "/nowhere/at/all")])
            .contains("WEIR_ADMIN_PASSWORD_FILE")
    );
}
