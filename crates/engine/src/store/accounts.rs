//! Users, their sessions, settings, and the record of failed sign-ins.

use chrono::{DateTime, Utc};
use model::user::Role;

use super::{Tx, on, row};
use crate::{actor::Actor, error::Result};

type UserColumns = (String, String, String, String);

fn actor((id, name, _, role): UserColumns) -> Result<Actor> {
    Ok(Actor {
        id,
        name,
        role: row::word("users.role", &role, Role::from_word)?,
    })
}

impl Tx {
    /// A user by name, with the password hash.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn user_by_name(&mut self, name: &str) -> Result<Option<(Actor, String)>> {
        const SQL: &str = "SELECT id, name, password_hash, role FROM users WHERE name = $1";
        let found: Option<UserColumns> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(name)
            .fetch_optional(conn)
            .await?);
        let Some(columns) = found else {
            return Ok(None);
        };
        let hash = columns.2.clone();
        Ok(Some((actor(columns)?, hash)))
    }

    /// A user by id.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn user_by_id(&mut self, id: &str) -> Result<Option<Actor>> {
        const SQL: &str = "SELECT id, name, password_hash, role FROM users WHERE id = $1";
        let found: Option<UserColumns> = on!(self, |conn| sqlx::query_as(SQL)
            .bind(id)
            .fetch_optional(conn)
            .await?);
        found.map(actor).transpose()
    }

    /// Users by name, at most 250.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn list_users(&mut self) -> Result<Vec<Actor>> {
        const SQL: &str = "SELECT id, name, password_hash, role FROM users ORDER BY name LIMIT 250";
        let rows: Vec<UserColumns> = on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await?);
        rows.into_iter().map(actor).collect()
    }

    /// Whether there is any user.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn has_users(&mut self) -> Result<bool> {
        const SQL: &str = "SELECT id FROM users LIMIT 1";
        let found: Option<String> = on!(self, |conn| sqlx::query_scalar(SQL)
            .fetch_optional(conn)
            .await?);
        Ok(found.is_some())
    }

    /// Makes a user.
    ///
    /// # Errors
    /// When the database refuses, also because the name is taken.
    pub async fn insert_user(
        &mut self,
        user: &Actor,
        password_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO users (id, name, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5)";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(&user.id)
                .bind(&user.name)
                .bind(password_hash)
                .bind(user.role.as_str())
                .bind(now)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Sets a user's password hash. `false` if there is no such user.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn update_password(&mut self, name: &str, password_hash: &str) -> Result<bool> {
        const SQL: &str = "UPDATE users SET password_hash = $2 WHERE name = $1";
        let done = on!(self, |conn| {
            sqlx::query(SQL)
                .bind(name)
                .bind(password_hash)
                .execute(conn)
                .await?
                .rows_affected()
        });
        Ok(done == 1)
    }

    /// Until when sign-ins of a subject are refused, and its failures so far.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sign_in_failures(
        &mut self,
        subject: &str,
    ) -> Result<Option<(i64, DateTime<Utc>)>> {
        const SQL: &str = "SELECT failures, blocked_until FROM sign_in_failures WHERE subject = $1";
        Ok(on!(self, |conn| sqlx::query_as(SQL)
            .bind(subject)
            .fetch_optional(conn)
            .await?))
    }

    /// Notes a failed sign-in.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn note_failure(
        &mut self,
        subject: &str,
        failures: i64,
        blocked_until: DateTime<Utc>,
    ) -> Result<()> {
        const SQL: &str = "INSERT INTO sign_in_failures (subject, failures, blocked_until) VALUES ($1, $2, $3)
            ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, blocked_until = excluded.blocked_until";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(subject)
                .bind(failures)
                .bind(blocked_until)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// Forgets failures of a subject, and all that ended before `before`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_failures(&mut self, subject: &str, before: DateTime<Utc>) -> Result<()> {
        const SQL: &str = "DELETE FROM sign_in_failures WHERE subject = $1 OR blocked_until < $2";
        on!(self, |conn| {
            sqlx::query(SQL)
                .bind(subject)
                .bind(before)
                .execute(conn)
                .await?;
        });
        Ok(())
    }

    /// A setting.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn setting(&mut self, key: &str) -> Result<Option<String>> {
        const SQL: &str = "SELECT value FROM settings WHERE key = $1";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL)
            .bind(key)
            .fetch_optional(conn)
            .await?))
    }

    /// Writes a setting, or removes it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn set_setting(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        const SET: &str = "INSERT INTO settings (key, value) VALUES ($1, $2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        const REMOVE: &str = "DELETE FROM settings WHERE key = $1";
        on!(self, |conn| {
            match value {
                Some(value) => sqlx::query(SET).bind(key).bind(value).execute(conn).await?,
                None => sqlx::query(REMOVE).bind(key).execute(conn).await?,
            };
        });
        Ok(())
    }

    /// A session that has not ended: its data and when it ends.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn session(
        &mut self,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, DateTime<Utc>)>> {
        const SQL: &str = "SELECT data, expires_at FROM sessions WHERE id = $1 AND expires_at > $2";
        Ok(on!(self, |conn| sqlx::query_as(SQL)
            .bind(id)
            .bind(now)
            .fetch_optional(conn)
            .await?))
    }

    /// Writes a session, and removes those that have ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn save_session(
        &mut self,
        id: &str,
        data: &str,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        const SAVE: &str = "INSERT INTO sessions (id, data, expires_at) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at";
        const SWEEP: &str = "DELETE FROM sessions WHERE expires_at <= $1";
        on!(self, |conn| {
            sqlx::query(SAVE)
                .bind(id)
                .bind(data)
                .bind(expires_at)
                .execute(&mut *conn)
                .await?;
            sqlx::query(SWEEP).bind(now).execute(conn).await?;
        });
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn delete_session(&mut self, id: &str) -> Result<()> {
        const SQL: &str = "DELETE FROM sessions WHERE id = $1";
        on!(self, |conn| {
            sqlx::query(SQL).bind(id).execute(conn).await?;
        });
        Ok(())
    }
}
