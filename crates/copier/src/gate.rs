//! What slows copies down: a rate over all copies of a node, and holding them altogether. Both can change at any time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgq::Report;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Config;
use crate::progress::Progress;

/// What copies may do now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Bytes a second, all copies together; `None`: as fast as it goes.
    pub(crate) bytes_per_second: Option<u64>,
    /// Tables copied at the same time, and so the connections to each side.
    pub(crate) copies: usize,
    /// No byte is to be read.
    pub(crate) held: bool,
}

/// The limits of a node's copies, to be set anew while they run.
#[derive(Clone, Debug)]
pub struct Limits {
    pub(crate) gate: Gate,
}

impl Limits {
    /// Those of the configuration.
    pub fn new(config: &Config) -> Limits {
        let limits = Limits { gate: Gate::new(State::default()) };
        limits.set(config);
        limits
    }

    /// Those of another configuration, from now on.
    pub fn set(&self, config: &Config) {
        self.gate.set(|state| {
            state.bytes_per_second = config.copy_rate_limit;
            state.copies = config.parallel_copies;
        });
    }
}

/// Shared by all copies of a node.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    limits: Arc<watch::Sender<State>>,
    bucket: Arc<Mutex<Bucket>>,
}

/// Bytes that may pass now; below zero what was let through in advance.
#[derive(Debug)]
struct Bucket {
    level: f64,
    filled: Instant,
}

/// How often a copy that waits says that it lives.
const SIGN: Duration = Duration::from_secs(1);

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
    pub(crate) fn new(limits: State) -> Gate {
        let bucket = Bucket { level: 0.0, filled: Instant::now() };
        Gate { limits: Arc::new(watch::Sender::new(limits)), bucket: Arc::new(Mutex::new(bucket)) }
    }

    /// Sets new limits; they hold from the next bytes on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        self.limits.send_if_modified(|limits| {
            let before = *limits;
            change(limits);
            *limits != before
        });
    }

    /// Tables that may be copied at the same time.
    pub(crate) fn copies(&self) -> usize {
        self.limits.borrow().copies
    }

    /// Whether copies wait on purpose now and then: held, or at a rate.
    pub(crate) fn slows(&self) -> bool {
        let limits = self.limits.borrow();
        limits.held || limits.bytes_per_second.is_some()
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
    pub(crate) gate: Gate,
    pub(crate) progress: Progress,
    pub(crate) report: Report,
    pub(crate) table: String,
    /// One that is held for longer is given up.
    pub(crate) patience: Option<Duration>,
    /// Bytes so far.
    pub(crate) passed: u64,
}

impl pg::Valve for Valve {
    async fn pass(&mut self, bytes: u64) -> bool {
        let passing = self.gate.pass(bytes, self.patience);
        if !living(&self.report, passing).await {
            return false;
        }
        self.passed += bytes;
        self.progress.bytes(&self.table, bytes);
        self.report.sign();
        true
    }
}

/// Waits for what the copy is kept from on purpose: it lives meanwhile.
pub(crate) async fn living<T>(report: &Report, waiting: impl Future<Output = T>) -> T {
    let mut waiting = std::pin::pin!(waiting);
    loop {
        match tokio::time::timeout(SIGN, &mut waiting).await {
            Ok(done) => return done,
            Err(_) => report.sign(),
        }
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
        let gate = Gate::new(State { bytes_per_second: Some(1000), ..State::default() });
        let (one, other) = tokio::join!(seconds(&gate, 100, 50), seconds(&gate, 100, 50));
        assert!((9.0..11.0).contains(&one.max(other)), "{one} {other}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_rate_holds_at_once() {
        let gate = Gate::new(State { bytes_per_second: Some(1), ..State::default() });
        let change = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            gate.set(|limits| limits.bytes_per_second = None);
        };
        let (took, ()) = tokio::join!(seconds(&gate, 1000, 2), change);
        assert!((4.9..5.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_gate_closes_for_those_who_cannot_wait_and_opens_for_the_others() {
        let gate = Gate::new(State { held: true, ..State::default() });
        assert!(!gate.pass(1, Some(Duration::from_secs(60))).await);
        let change = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            gate.set(|limits| limits.held = false);
        };
        let (took, ()) = tokio::join!(seconds(&gate, 1, 1), change);
        assert!((4.9..5.1).contains(&took), "{took}");
    }
}
