//! The command line: what can be said, and where each command goes.

mod token;
mod user;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};

use crate::config::{self, ConfigError, Loaded, keys};

/// Image streams for any container registry.
///
/// One program that gives teams one view of their images: streams, tags and their history, imported from any registry.
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "weir", version, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve pages and work in the background (the default).
    Serve,
    /// Look at the settings without starting anything.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage who may sign in. Works on the database directly; the server may be running.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage API tokens, which programs show instead of a name and password. The server may be running.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Bring the database's schema up to date and end. Serving does the same first.
    Migrate,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say whether the settings are good; every fault is listed.
    Check,
    /// Print the settings in force as a weir.toml, with where each came from. Secrets are covered.
    Show,
}

/// Settings that may be given as flags. Secrets may not: other users of the machine can read a command line.
#[derive(Debug, Args)]
struct Flags {
    /// Settings file [default: weir.toml here, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// WEIR_HTTP: address and port, or off
    #[arg(long, global = true, value_name = "ADDRESS")]
    http: Option<String>,
    /// WEIR_DATA: folder of the SQLite database, blobs and secret.key
    #[arg(long, global = true, value_name = "FOLDER")]
    data: Option<String>,
    /// WEIR_PUBLIC_URL: address in the browser
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// WEIR_WORKERS: background workers
    #[arg(long, global = true, value_name = "NUMBER", allow_hyphen_values = true)]
    workers: Option<String>,
    /// WEIR_LOG: filter
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// WEIR_LOG_FORMAT: text or json
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Flags {
    fn given(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("http", &self.http),
            ("data", &self.data),
            ("public_url", &self.public_url),
            ("workers", &self.workers),
            ("log", &self.log),
            ("log_format", &self.log_format),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
    }

    fn load(&self) -> Result<Loaded, Vec<ConfigError>> {
        config::load(
            self.config.as_deref(),
            config::source::environment(),
            self.given(),
        )
    }
}

/// Why the program ends with something else than success.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense: exit 2.
    Usage(String),
    /// It does, but could not be done: exit 1.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Does what the command line says.
///
/// # Errors
/// One line for the person who typed it.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Result<(), Failure> {
    let command = Cli::command().after_long_help(keys::help());
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                error.print()?;
                return Ok(());
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                return Err(Failure::Usage(
                    "this command needs another word after it".to_owned(),
                ));
            }
            _ => return Err(Failure::Usage(first_paragraph(&error.to_string()))),
        },
    };
    let loaded = cli.flags.load();
    if let Some(Command::Config(ConfigCommand::Check)) = cli.command {
        return check(loaded);
    }
    let loaded = loaded.map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(lines.join("; "))
    })?;
    if let Some(Command::Config(ConfigCommand::Show)) = cli.command {
        print!("{}", loaded.show());
        return Ok(());
    }
    crate::telemetry::start(&loaded.settings.log, loaded.settings.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match cli.command {
            None | Some(Command::Serve) => crate::serve::serve(&loaded.settings).await,
            Some(Command::User(command)) => user::run(&loaded.settings, command).await,
            Some(Command::Token(command)) => token::run(&loaded.settings, command).await,
            Some(Command::Migrate) => migrate(&loaded.settings).await,
            Some(Command::Config(_)) => Ok(()),
        }
    });
    // What blocks at the end (a name lookup, say) must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done.map_err(Failure::Failed)
}

fn check(loaded: Result<Loaded, Vec<ConfigError>>) -> Result<(), Failure> {
    match loaded {
        Ok(_) => {
            println!("The settings are good.");
            Ok(())
        }
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Err(Failure::Failed(anyhow::anyhow!(lines.join("\nweir: "))))
        }
    }
}

async fn migrate(settings: &config::Settings) -> anyhow::Result<()> {
    crate::serve::open(settings).await?;
    println!("The database is up to date.");
    Ok(())
}

/// clap's message without the usage after it, on one line.
fn first_paragraph(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph
        .trim_start_matches("error: ")
        .split_whitespace()
        .collect();
    words.join(" ")
}
