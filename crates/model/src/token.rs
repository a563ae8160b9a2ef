//! API tokens: what lists show of them, and how long they last.

use std::{fmt, str::FromStr};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::user::Role;

/// What a token may do of what its user may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    Full,
    /// Look and pull.
    Pull,
}

impl Scope {
    /// The word the store, forms and the command line use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Pull => "pull",
        }
    }

    /// The scope for a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Full, Self::Pull]
            .into_iter()
            .find(|scope| scope.as_str() == word)
    }

    /// The role somebody of a role has by a token of this scope.
    #[must_use]
    pub fn of(self, role: Role) -> Role {
        match self {
            Self::Full => role,
            Self::Pull => role.min(Role::Viewer),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("\u{201c}{text}\u{201d} is no scope: write full or pull");
        Self::from_word(text).ok_or_else(unknown)
    }
}

/// An API token as lists show it: never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// Id, to revoke it by.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to a quarter of an hour; `None` for never.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl TokenView {
    /// Whether it has ended.
    #[must_use]
    pub fn expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// How long a token lasts: `never` (to expire), or a number with `h` or `d`, from an hour to ten years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(Option<u32>);

/// Hours in ten years.
const LONGEST: u32 = 10 * 365 * 24;

impl Lifetime {
    /// When a token made at `now` ends.
    #[must_use]
    pub fn end(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.map(|hours| now + TimeDelta::hours(hours.into()))
    }
}

impl Default for Lifetime {
    /// 90 days.
    fn default() -> Self {
        Self(Some(90 * 24))
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("never"),
            Some(hours) if hours % 24 == 0 => write!(f, "{}d", hours / 24),
            Some(hours) => write!(f, "{hours}h"),
        }
    }
}

/// A text that is no lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a number with h or d, from 1h to 3650d, as in 30d, or never")]
pub struct LifetimeError;

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        if text == "never" {
            return Ok(Self(None));
        }
        let (number, unit) = match text.as_bytes() {
            [.., b'h'] => (&text[..text.len() - 1], 1),
            [.., b'd'] => (&text[..text.len() - 1], 24),
            _ => return Err(LifetimeError),
        };
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(LifetimeError);
        }
        let hours = number
            .parse::<u32>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .filter(|hours| (1..=LONGEST).contains(hours))
            .ok_or(LifetimeError)?;
        Ok(Self(Some(hours)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_and_written_alike() {
        for text in ["never", "1h", "36h", "30d", "3650d"] {
            assert_eq!(
                text.parse::<Lifetime>().map(|l| l.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(
            "48h".parse::<Lifetime>().map(|l| l.to_string()),
            Ok("2d".to_owned())
        );
        for text in [
            "",
            "d",
            "0d",
            "+5d",
            "3651d",
            "30",
            "30m",
            "-1h",
            "1.5h",
            "99999999999d",
            "é",
        ] {
            assert_eq!(text.parse::<Lifetime>(), Err(LifetimeError), "{text}");
        }
    }

    #[test]
    fn a_token_ends_at_its_moment() {
        let now: DateTime<Utc> = "2026-05-01T12:00:00Z".parse().unwrap();
        let end = "1h".parse::<Lifetime>().unwrap().end(now);
        let token = TokenView {
            id: String::new(),
            scope: Scope::Full,
            name: String::new(),
            created_at: now,
            expires_at: end,
            last_used_at: None,
        };
        assert!(!token.expired(now));
        assert!(token.expired(now + TimeDelta::hours(1)));
        assert_eq!("never".parse::<Lifetime>().unwrap().end(now), None);
    }
}
