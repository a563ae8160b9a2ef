//! Answers kept for a while and asked for once: callers that come while an answer is under way share it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;

/// Entries before the expired ones are thrown out.
const SWEEP_AT: usize = 1_000;

type Slot<V, E> = Arc<OnceCell<Result<(V, Instant), E>>>;

/// A cache of answers by key. Failures are shared by those who waited for them and then forgotten.
pub(super) struct Cache<K, V, E> {
    slots: Mutex<HashMap<K, Slot<V, E>>>,
}

impl<K: Hash + Eq + Clone, V: Clone, E: Clone> Cache<K, V, E> {
    pub fn new() -> Self {
        Self {
            slots: Mutex::new(HashMap::new()),
        }
    }

    /// The kept answer, or that of `ask`, which says how long to keep it.
    pub async fn get<F, Fut>(&self, key: &K, ask: F) -> Result<V, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(V, Duration), E>>,
    {
        let slot = self.slot(key);
        let answer = slot
            .get_or_init(|| async {
                let (value, keep) = ask().await?;
                Ok((value, Instant::now() + keep))
            })
            .await
            .clone();
        if answer.is_err() {
            self.drop_slot(key, |kept| Arc::ptr_eq(kept, &slot));
        }
        answer.map(|(value, _)| value)
    }

    /// Forgets an answer if it is this one; a newer one stays.
    pub fn forget(&self, key: &K, is_stale: impl Fn(&V) -> bool) {
        self.drop_slot(
            key,
            |slot| matches!(slot.get(), Some(Ok((value, _))) if is_stale(value)),
        );
    }

    fn slot(&self, key: &K) -> Slot<V, E> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= SWEEP_AT {
            slots.retain(|_, slot| !expired(slot));
        }
        let slot = slots.entry(key.clone()).or_default();
        if expired(slot) {
            *slot = Slot::default();
        }
        slot.clone()
    }

    fn drop_slot(&self, key: &K, matches: impl Fn(&Slot<V, E>) -> bool) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.get(key).is_some_and(matches) {
            slots.remove(key);
        }
    }
}

fn expired<V, E>(slot: &Slot<V, E>) -> bool {
    matches!(slot.get(), Some(Ok((_, until))) if *until <= Instant::now())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn callers_at_the_same_time_ask_once_and_failures_are_not_kept() {
        let cache: Cache<&str, u32, &str> = Cache::new();
        let asked = AtomicU32::new(0);
        let ask = |result: Result<u32, &'static str>| {
            let asked = &asked;
            async move || {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                result.map(|value| (value, Duration::from_secs(60)))
            }
        };
        let (a, b) = tokio::join!(
            cache.get(&"k", ask(Err("no"))),
            cache.get(&"k", ask(Err("no")))
        );
        assert_eq!((a, b), (Err("no"), Err("no")));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert_eq!(cache.get(&"k", ask(Ok(7))).await, Ok(7));
        assert_eq!(cache.get(&"k", ask(Ok(8))).await, Ok(7));
        cache.forget(&"k", |value| *value == 6);
        assert_eq!(cache.get(&"k", ask(Ok(8))).await, Ok(7));
        cache.forget(&"k", |value| *value == 7);
        assert_eq!(cache.get(&"k", ask(Ok(8))).await, Ok(8));
    }
}
