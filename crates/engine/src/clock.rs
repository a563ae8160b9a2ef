//! The one place that reads the clock and rolls the dice, so tests can hold both still.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};

/// Tells the time, cut to microseconds: what both databases can keep.
#[derive(Clone, Default)]
pub struct Clock {
    /// Microseconds since 1970, when the clock is held by a test.
    held: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn held_at(start: DateTime<Utc>) -> Self {
        Self {
            held: Some(Arc::new(AtomicI64::new(start.timestamp_micros()))),
        }
    }

    /// Moves a held clock; a running one is left alone.
    pub fn advance(&self, by: chrono::Duration) {
        if let Some(held) = &self.held {
            held.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match &self.held {
            Some(held) => held.load(Ordering::SeqCst),
            None => real_micros(),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// A new id: unique, and sorted by the time it was made.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the clock itself")]
    pub fn id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock itself")]
fn real_micros() -> i64 {
    Utc::now().timestamp_micros()
}

/// A random part of a wait: between 0 and 1.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one source of chance")]
pub fn jitter() -> f64 {
    rand::random()
}

/// Now, for dates other servers send: these are measured against the world's clock, never a held one.
#[must_use]
pub fn world() -> DateTime<Utc> {
    Clock::default().now()
}

/// Random bytes.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one source of chance")]
pub fn random<const N: usize>() -> [u8; N] {
    std::array::from_fn(|_| rand::random())
}

/// `N` random bytes as lower-case hex: tokens, passwords, nonces.
#[must_use]
pub fn secret<const N: usize>() -> String {
    random::<N>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
