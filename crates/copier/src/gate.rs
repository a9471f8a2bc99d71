//! What slows copies down: a rate over all copies of a node, and holding them altogether. Both can change at any time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::progress::Progress;

/// What copies may do now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes a second, all copies together; `None`: as fast as it goes.
    pub(crate) bytes_per_second: Option<u64>,
    /// No byte is to be read.
    pub(crate) held: bool,
}

/// Shared by all copies of a node.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    limits: Arc<watch::Sender<Limits>>,
    bucket: Arc<Mutex<Bucket>>,
}

/// Bytes that may pass now; below zero what was let through in advance.
#[derive(Debug)]
struct Bucket {
    level: f64,
    filled: Instant,
}

/// Unused rate is not saved up for longer than this.
const BURST: f64 = 0.25;

impl Bucket {
    /// Fills up to now; answers how long it takes until the level is no debt any more.
    fn wait(&mut self, rate: f64) -> Duration {
        let now = Instant::now();
        self.level += rate * now.duration_since(self.filled).as_secs_f64();
        self.level = self.level.min(rate * BURST);
        self.filled = now;
        Duration::from_secs_f64((-self.level / rate).max(0.0))
    }
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Gate {
        let bucket = Bucket { level: 0.0, filled: Instant::now() };
        Gate { limits: Arc::new(watch::Sender::new(limits)), bucket: Arc::new(Mutex::new(bucket)) }
    }

    /// Sets new limits; they hold from the next bytes on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Limits)) {
        self.limits.send_if_modified(|limits| {
            let before = *limits;
            change(limits);
            *limits != before
        });
    }

    /// Waits while copies are held.
    pub(crate) async fn open(&self) {
        // the sender lives as long as self
        let _ = self.limits.subscribe().wait_for(|limits| !limits.held).await;
    }

    /// Lets `bytes` pass when their time has come. False when copies were held for longer than `patience`.
    async fn pass(&self, bytes: u64, patience: Option<Duration>) -> bool {
        let mut changes = self.limits.subscribe();
        let mut held_since = None;
        let mut taken = false;
        loop {
            let limits = *changes.borrow_and_update();
            if limits.held {
                let since = *held_since.get_or_insert_with(Instant::now);
                let changed = changes.changed();
                match patience {
                    Some(patience) => {
                        if tokio::time::timeout_at(since + patience, changed).await.is_err() {
                            return false;
                        }
                    }
                    None => {
                        let _ = changed.await;
                    }
                }
                continue;
            }
            held_since = None;
            let Some(rate) = limits.bytes_per_second.filter(|rate| *rate > 0) else { return true };
            let wait = {
                let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = bucket.wait(rate as f64);
                if !std::mem::replace(&mut taken, true) {
                    bucket.level -= bytes as f64;
                }
                wait
            };
            if wait.is_zero() {
                return true;
            }
            let _ = tokio::time::timeout(wait, changes.changed()).await;
        }
    }
}

/// The part of the gate that one stream of rows passes through.
pub(crate) struct Valve {
    gate: Gate,
    progress: Progress,
    table: String,
    patience: Option<Duration>,
    passed: u64,
}

impl Valve {
    pub(crate) fn new(gate: Gate, progress: Progress, table: &str, patience: Option<Duration>) -> Valve {
        Valve { gate, progress, table: table.to_owned(), patience, passed: 0 }
    }

    /// Bytes so far.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }
}

impl pg::Valve for Valve {
    async fn pass(&mut self, bytes: u64) -> bool {
        if !self.gate.pass(bytes, self.patience).await {
            return false;
        }
        self.passed += bytes;
        self.progress.bytes(&self.table, bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of paused clock that passing takes.
    async fn seconds(gate: &Gate, bytes: u64, times: usize) -> f64 {
        let began = Instant::now();
        for _ in 0..times {
            assert!(gate.pass(bytes, None).await);
        }
        began.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_holds_over_all_copies() {
        let gate = Gate::new(Limits { bytes_per_second: Some(1000), held: false });
        let (one, other) = tokio::join!(seconds(&gate, 100, 50), seconds(&gate, 100, 50));
        assert!((9.0..11.0).contains(&one.max(other)), "{one} {other}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_rate_holds_at_once() {
        let gate = Gate::new(Limits { bytes_per_second: Some(1), held: false });
        let change = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            gate.set(|limits| limits.bytes_per_second = None);
        };
        let (took, ()) = tokio::join!(seconds(&gate, 1000, 2), change);
        assert!((4.9..5.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_gate_closes_for_those_who_cannot_wait_and_opens_for_the_others() {
        let gate = Gate::new(Limits { bytes_per_second: None, held: true });
        assert!(!gate.pass(1, Some(Duration::from_secs(60))).await);
        let change = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            gate.set(|limits| limits.held = false);
        };
        let (took, ()) = tokio::join!(seconds(&gate, 1, 1), change);
        assert!((4.9..5.1).contains(&took), "{took}");
    }
}
