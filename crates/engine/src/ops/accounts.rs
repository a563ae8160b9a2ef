//! Signing in, setting up, managing users, and the raw sessions of the web door.

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use chrono::{DateTime, Duration, Utc};
use model::user::{Role, UserView};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Actor, Engine, Error, Result, clock};

/// Setting that holds the hash of the one-time setup token.
const SETUP: &str = "setup_token";
/// Setting that is there once somebody has signed in.
const SIGNED_IN: &str = "signed_in";
/// Shortest password a person may choose.
const SHORTEST: usize = 12;
/// Longest password that is hashed: longer ones only cost time.
const LONGEST: usize = 1024;
/// Failed sign-ins that cost nothing, by account and by address.
const FREE_BY_NAME: i64 = 5;
const FREE_BY_ADDRESS: i64 = 20;

impl Engine {
    /// Checks a name and password. Slow by design; the answer is the same for unknown and wrong.
    ///
    /// # Errors
    /// `Denied` when they do not match; `Conflict` while the account or the address has to wait after failures.
    pub async fn sign_in(&self, name: &str, password: &str, address: &str) -> Result<Actor> {
        let now = self.clock().now();
        let subjects = [
            // Anybody may send a name of any length: only its hash is kept.
            (format!("user:{}", fingerprint(name)), FREE_BY_NAME),
            (format!("address:{address}"), FREE_BY_ADDRESS),
        ];
        let mut tx = self.store().read().await?;
        for (subject, _) in &subjects {
            if let Some((_, until)) = tx.sign_in_failures(subject).await?
                && until > now
            {
                let wait = (until - now).num_seconds() + 1;
                return Err(Error::Conflict(format!(
                    "too many failed sign-ins; try again in {wait} seconds"
                )));
            }
        }
        let found = tx.user_by_name(name).await?;
        drop(tx);
        let (actor, hash) = match found {
            Some((actor, hash)) => (Some(actor), Some(hash)),
            None => (None, None),
        };
        let matches = verify(hash, password.to_owned()).await?;
        let mut tx = self.store().write().await?;
        let answer = if let (Some(actor), true) = (actor, matches) {
            tx.forget_failures(&subjects[0].0, now - Duration::days(1))
                .await?;
            if tx.setting(SIGNED_IN).await?.is_none() {
                tx.set_setting(SIGNED_IN, Some("yes")).await?;
            }
            Ok(actor)
        } else {
            for (subject, free) in &subjects {
                let failures = tx
                    .sign_in_failures(subject)
                    .await?
                    .map_or(0, |(failures, _)| failures)
                    + 1;
                let wait = if failures < *free {
                    0
                } else {
                    1_i64 << (failures - free).clamp(0, 9)
                };
                tx.note_failure(subject, failures, now + Duration::seconds(wait))
                    .await?;
            }
            Err(Error::Denied(
                "the user name or the password is not right".into(),
            ))
        };
        tx.commit().await?;
        answer
    }

    /// Whether nobody has signed in yet, so that a hint on how is welcome.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_unused(&self) -> Result<bool> {
        let mut tx = self.store().read().await?;
        Ok(tx.setting(SIGNED_IN).await?.is_none())
    }

    /// The user behind a session, as of now; `None` if gone.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn actor(&self, user_id: &str) -> Result<Option<Actor>> {
        self.store().read().await?.user_by_id(user_id).await
    }

    /// Prepares a new installation: makes user `admin` with this password, or returns a one-time setup token to print.
    /// Does nothing when there is a user.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn first_start(&self, admin_password: Option<&str>) -> Result<Option<String>> {
        let hash = match admin_password {
            Some(password) => Some(hash(password.to_owned()).await?),
            None => None,
        };
        let mut tx = self.store().write().await?;
        if tx.has_users().await? {
            return Ok(None);
        }
        let token = match hash {
            Some(hash) => {
                tx.insert_user(&self.new_admin(), &hash, self.clock().now())
                    .await?;
                tx.set_setting(SETUP, None).await?;
                None
            }
            None => {
                let token = clock::secret::<24>();
                tx.set_setting(SETUP, Some(&fingerprint(&token))).await?;
                Some(token)
            }
        };
        tx.commit().await?;
        Ok(token)
    }

    /// Uses the setup token: makes user `admin` with this password.
    ///
    /// # Errors
    /// `Invalid` field `password` when it is too short, `token` when it is not the one printed or was used.
    pub async fn setup(&self, token: &str, password: &str) -> Result<Actor> {
        let hash = new_hash(password).await?;
        let mut tx = self.store().write().await?;
        let known = tx.setting(SETUP).await?.unwrap_or_default();
        let same: bool = known.as_bytes().ct_eq(fingerprint(token).as_bytes()).into();
        if !same || tx.has_users().await? {
            return Err(Error::invalid(
                "token",
                "this setup link was used already or is not the newest; restart Weir to have a new one printed",
            ));
        }
        let admin = self.new_admin();
        tx.insert_user(&admin, &hash, self.clock().now()).await?;
        tx.set_setting(SETUP, None).await?;
        tx.commit().await?;
        Ok(admin)
    }

    fn new_admin(&self) -> Actor {
        Actor {
            id: self.clock().id(),
            name: "admin".into(),
            role: Role::Admin,
        }
    }

    /// Users by name.
    ///
    /// # Errors
    /// `Denied` for everybody but administrators.
    pub async fn list_users(&self, actor: &Actor) -> Result<Vec<UserView>> {
        actor.may_administer()?;
        let users = self.store().read().await?.list_users().await?;
        Ok(users
            .into_iter()
            .map(|user| UserView {
                id: user.id,
                name: user.name,
                role: user.role,
            })
            .collect())
    }

    /// Makes a user.
    ///
    /// # Errors
    /// `Denied` for everybody but administrators; `Invalid` for a bad or taken name or a short password.
    pub async fn add_user(
        &self,
        actor: &Actor,
        name: &str,
        password: &str,
        role: Role,
    ) -> Result<UserView> {
        actor.may_administer()?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Err(Error::invalid(
                "name",
                "use 1 to 64 letters, digits, '.', '_', '-' and '@'",
            ));
        }
        let hash = new_hash(password).await?;
        let user = Actor {
            id: self.clock().id(),
            name: name.into(),
            role,
        };
        let mut tx = self.store().write().await?;
        if tx.user_by_name(name).await?.is_some() {
            return Err(Error::invalid(
                "name",
                format!("there is a user {name} already"),
            ));
        }
        tx.insert_user(&user, &hash, self.clock().now()).await?;
        tx.commit().await?;
        Ok(UserView {
            id: user.id,
            name: user.name,
            role,
        })
    }

    /// Sets a user's password.
    ///
    /// # Errors
    /// `Denied` for everybody but administrators; `NotFound`; `Invalid` for a short password.
    pub async fn set_password(&self, actor: &Actor, name: &str, password: &str) -> Result<()> {
        actor.may_administer()?;
        let hash = new_hash(password).await?;
        let mut tx = self.store().write().await?;
        if !tx.update_password(name, &hash).await? {
            return Err(Error::NotFound(format!("there is no user {name}")));
        }
        tx.commit().await
    }

    /// The actor of the command line: whoever can run it with the database at hand.
    #[must_use]
    pub fn console_actor() -> Actor {
        Actor {
            id: "console".into(),
            name: "console".into(),
            role: Role::Admin,
        }
    }

    /// A session's data and end, unless it has ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn load_session(&self, id: &str) -> Result<Option<(String, DateTime<Utc>)>> {
        self.store()
            .read()
            .await?
            .session(id, self.clock().now())
            .await
    }

    /// Writes a session.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn save_session(
        &self,
        id: &str,
        data: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<()> {
        let mut tx = self.store().write().await?;
        tx.save_session(id, data, expires_at, self.clock().now())
            .await?;
        tx.commit().await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_session(&self, id: &str) -> Result<()> {
        let mut tx = self.store().write().await?;
        tx.delete_session(id).await?;
        tx.commit().await
    }
}

pub(super) fn fingerprint(token: &str) -> String {
    format!("{:x}", Sha256::digest(token.as_bytes()))
}

async fn new_hash(password: &str) -> Result<String> {
    if password.chars().count() < SHORTEST {
        return Err(Error::invalid(
            "password",
            format!("use at least {SHORTEST} characters"),
        ));
    }
    hash(password.to_owned()).await
}

async fn hash(password: String) -> Result<String> {
    if password.len() > LONGEST {
        return Err(Error::invalid(
            "password",
            format!("use at most {LONGEST} bytes"),
        ));
    }
    blocking("hashing a password", move || {
        Argon2::default()
            .hash_password(password.as_bytes(), &new_salt()?)
            .map(|hash| hash.to_string())
    })
    .await
}

/// Whether a password matches. Without a hash the same work is done for nothing, so the time tells nothing.
async fn verify(hash: Option<String>, password: String) -> Result<bool> {
    if password.len() > LONGEST {
        return Ok(false);
    }
    blocking("checking a password", move || {
        let Some(hash) = hash else {
            return Argon2::default()
                .hash_password(password.as_bytes(), &new_salt()?)
                .map(|_| false);
        };
        let hash = PasswordHash::new(&hash)?;
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok())
    })
    .await
}

fn new_salt() -> argon2::password_hash::Result<SaltString> {
    SaltString::encode_b64(&clock::random::<16>())
}

/// Runs slow arithmetic off the async threads.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> argon2::password_hash::Result<T> + Send + 'static,
) -> Result<T> {
    let failed = |source: String| Error::Internal {
        doing,
        source: source.into(),
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}
