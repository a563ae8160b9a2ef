//! `weir token …`: API tokens, by whoever has the database at hand. A new token goes to standard output, alone, so that a
//! script can take it.

use clap::Subcommand;
use engine::Engine;
use model::token::{Lifetime, Scope};

use crate::config::Settings;

/// What can be done with API tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, once.
    Create {
        /// Name of the user it speaks for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// What it is for
        #[arg(long, default_value = "cli", value_name = "TEXT")]
        name: String,
        /// When it ends: so many hours or days, as in 12h or 30d, or never
        #[arg(long, default_value_t = Lifetime::default(), value_name = "TIME")]
        expires: Lifetime,
        /// What it may do of what the user may: full, or pull to look and pull only
        #[arg(long, default_value_t = Scope::default(), value_name = "SCOPE")]
        scope: Scope,
    },
    /// List a user's tokens: id, name, scope, when made, when it ends, when last used.
    List {
        /// Name of the user
        #[arg(long, value_name = "NAME")]
        user: String,
    },
    /// End a token.
    Revoke {
        /// Its id, as list prints it
        id: String,
    },
}

/// Does it.
///
/// # Errors
/// What the engine refuses, or a database that cannot be opened.
pub async fn run(settings: &Settings, command: TokenCommand) -> anyhow::Result<()> {
    let engine = crate::serve::open(settings).await?;
    let console = Engine::console_actor();
    match command {
        TokenCommand::Create {
            user,
            name,
            expires,
            scope,
        } => {
            let new = engine
                .create_token(&console, &user, &name, expires, scope)
                .await?;
            println!("{}", new.secret);
        }
        TokenCommand::List { user } => {
            for token in engine.list_tokens(&console, &user).await? {
                let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
                    at.map_or_else(
                        || "never".to_owned(),
                        |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    )
                };
                println!(
                    "{}\t{}\t{}\t{}\t{}\t{}",
                    token.id,
                    token.name,
                    token.scope,
                    time(Some(token.created_at)),
                    time(token.expires_at),
                    time(token.last_used_at)
                );
            }
        }
        TokenCommand::Revoke { id } => {
            engine.revoke_token(&console, &id).await?;
            println!("The token is revoked.");
        }
    }
    Ok(())
}
