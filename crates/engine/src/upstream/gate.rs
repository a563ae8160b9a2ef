//! How many requests a host gets at once and how fast, and the pause it asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// Hosts remembered before idle ones are forgotten.
const SWEEP_AT: usize = 1_000;

/// One gate a host, made when first needed.
pub(super) struct Gates {
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    concurrency: usize,
    interval: Duration,
}

/// The way to one host.
pub(super) struct Gate {
    permits: Arc<Semaphore>,
    interval: Duration,
    next: Mutex<Instant>,
}

impl Gates {
    pub fn new(concurrency: usize, requests_per_second: Option<u32>) -> Self {
        Self {
            gates: Mutex::new(HashMap::new()),
            concurrency: concurrency.max(1),
            interval: requests_per_second
                .filter(|rate| *rate > 0)
                .map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate),
        }
    }

    /// The gate of a host (`host[:port]`).
    pub fn of(&self, host: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(host) {
            return gate.clone();
        }
        if gates.len() >= SWEEP_AT {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        let gate = Arc::new(Gate {
            permits: Arc::new(Semaphore::new(self.concurrency)),
            interval: self.interval,
            next: Mutex::new(Instant::now()),
        });
        gates.insert(host.to_owned(), gate.clone());
        gate
    }
}

impl Gate {
    /// Waits for a turn. The turn lasts as long as the permit is held.
    pub async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed; without a permit the request would go all the same.
        let permit = self.permits.clone().acquire_owned().await.ok();
        let turn = self.turn();
        if turn > Instant::now() {
            tokio::time::sleep_until(turn).await;
        }
        permit
    }

    /// Lets nobody in for this long.
    pub fn pause(&self, wait: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(Instant::now() + wait);
    }

    fn turn(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(Instant::now());
        *next = turn + self.interval;
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_keep_their_distance_and_a_pause_holds_everybody() {
        let gate = Gates::new(4, Some(10)).of("h");
        let start = Instant::now();
        for _ in 0..3 {
            gate.enter().await;
        }
        assert_eq!(start.elapsed().as_millis(), 200);
        gate.pause(Duration::from_secs(7));
        gate.enter().await;
        assert_eq!(start.elapsed().as_millis(), 7_200);
    }

    #[tokio::test]
    async fn no_more_than_the_limit_are_inside() {
        let gate = Gates::new(2, None).of("h");
        let (_a, _b) = (gate.enter().await, gate.enter().await);
        assert!(futures::poll!(std::pin::pin!(gate.enter())).is_pending());
    }
}
