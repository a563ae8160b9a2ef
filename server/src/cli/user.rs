//! `weir user …`: accounts, by whoever has the database at hand. Passwords never stand on the command line.

use std::io::{BufRead, Read};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use engine::Engine;
use model::user::Role;

use crate::config::Settings;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user. Without --password-stdin a password is made and printed once.
    Add {
        /// Name to sign in with
        name: String,
        /// What the user may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleName,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// Give a user a new password. Without --password-stdin one is made and printed once.
    Passwd {
        /// Name of the user
        name: String,
        #[command(flatten)]
        password: PasswordFrom,
    },
    /// List users and their roles.
    List,
}

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordFrom {
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

/// Roles by name; each may do what the ones before it may.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Look at everything
    Viewer,
    /// Also make streams, import and tag
    Editor,
    /// Also manage users
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Editor => Self::Editor,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// Does it.
///
/// # Errors
/// What the engine refuses, or a database that cannot be opened.
pub async fn run(settings: &Settings, command: UserCommand) -> anyhow::Result<()> {
    let engine = crate::serve::open(settings).await?;
    let console = Engine::console_actor();
    match command {
        UserCommand::Add {
            name,
            role,
            password,
        } => {
            let (password, made) = password.get()?;
            let user = engine
                .add_user(&console, &name, &password, role.into())
                .await?;
            println!("Added {} as {}.", user.name, user.role.as_str());
            tell(made, &password);
        }
        UserCommand::Passwd { name, password } => {
            let (password, made) = password.get()?;
            engine.set_password(&console, &name, &password).await?;
            println!("{name} has a new password.");
            tell(made, &password);
        }
        UserCommand::List => {
            for user in engine.list_users(&console).await? {
                println!("{}\t{}", user.name, user.role.as_str());
            }
        }
    }
    Ok(())
}

fn tell(made: bool, password: &str) {
    if made {
        println!("Password, shown only now: {password}");
    }
}

impl PasswordFrom {
    /// The password, and whether we made it.
    fn get(&self) -> anyhow::Result<(String, bool)> {
        if !self.password_stdin {
            return Ok((engine::clock::secret::<12>(), true));
        }
        let mut line = String::new();
        // A file piped in by mistake must not fill the memory.
        std::io::stdin()
            .lock()
            .take(4096)
            .read_line(&mut line)
            .context("reading the password from standard input")?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            bail!("standard input holds no password");
        }
        Ok((password.to_owned(), false))
    }
}
