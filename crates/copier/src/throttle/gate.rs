//! Gate that copied bytes pass: a rate over all copies of a node, the hours in which they may run, a brake, and a hold.
//! All of it can change at any time.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Config;
use crate::throttle::brake::Brake;
use crate::throttle::state::{Obstacle, State, Throttle};

/// The limits of a node's copies, to be set anew while they run.
#[derive(Clone, Debug)]
pub struct Limits {
    pub(crate) gate: Gate,
    /// Where there has to be room.
    pub(crate) directories: Arc<[PathBuf]>,
    /// In the hands of the one who looks at the source for all.
    pub(crate) brake: Arc<tokio::sync::Mutex<Brake>>,
}

impl Limits {
    /// Those of the configuration.
    pub fn new(config: &Config) -> Limits {
        let directories = config.directories.clone().into();
        let limits = Limits { gate: Gate::new(State::default()), directories, brake: Arc::default() };
        limits.set(config);
        limits
    }

    /// Those of another configuration, from now on.
    pub fn set(&self, config: &Config) {
        self.gate.set(|state| {
            state.bytes_per_second = config.copy_rate_limit;
            state.copies = config.parallel_copies;
            state.window = config.copy_window.clone();
            state.thresholds = config.brake();
        });
    }

    /// What an operator has said.
    pub fn throttle(&self) -> Throttle {
        self.gate.limits().throttle
    }

    /// An operator's word, from now on: it counts more than the configuration.
    pub fn set_throttle(&self, throttle: Throttle) {
        self.gate.set(|state| state.throttle = throttle);
    }

    /// Why rows are read no faster now; `None`: as fast as it goes.
    pub fn reason(&self) -> Option<String> {
        self.gate.reason()
    }

    /// Waits until no rows are to be read: somebody holds them, or the window closes. Answers why.
    pub async fn closed(&self) -> String {
        let mut changes = self.gate.changes();
        loop {
            if let Some(obstacle) = changes.borrow_and_update().obstacle() {
                return obstacle.to_string();
            }
            // a window closes without anybody's doing; the sender lives as long as the gate
            let _ = tokio::time::timeout(CLOCK, changes.changed()).await;
        }
    }

    /// Why no rows are to be read now; `None`: they may be.
    pub fn is_closed(&self) -> Option<String> {
        self.gate.obstacle().map(|obstacle| obstacle.to_string())
    }

    /// One more reader that they hold back.
    pub fn valve(&self) -> Box<dyn pg::Valve> {
        Box::new(self.clone())
    }

    /// All that holds now, a line each.
    pub fn describe(&self) -> Vec<String> {
        self.gate.limits().describe()
    }
}

/// For others than copies who read large tables of the source.
impl pg::Valve for Limits {
    fn pass(&mut self, bytes: u64) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            self.gate.open().await;
            self.gate.pass(bytes, None).await
        })
    }
}

/// Shared by all copies of a node.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    limits: Arc<watch::Sender<State>>,
    bucket: Arc<Mutex<Bucket>>,
    passed: Arc<AtomicU64>,
    latency: Arc<Mutex<Option<Duration>>>,
    /// When bytes had to wait for the rate last.
    waited: Arc<Mutex<Option<Instant>>>,
}

/// Bytes that may pass now; below zero what was let through in advance.
#[derive(Debug)]
struct Bucket {
    level: f64,
    filled: Instant,
}

/// A wait for a time of day is reckoned anew after this.
const CLOCK: Duration = Duration::from_secs(30);

/// The rate is what slows copies down as long as they had to wait for it no longer ago.
const LATELY: Duration = Duration::from_secs(5);

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
        Gate {
            limits: Arc::new(watch::Sender::new(limits)),
            bucket: Arc::new(Mutex::new(bucket)),
            passed: Arc::default(),
            latency: Arc::default(),
            waited: Arc::default(),
        }
    }

    /// Sets new limits; they hold from the next bytes on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        self.limits.send_if_modified(|limits| {
            let before = limits.clone();
            change(limits);
            *limits != before
        });
    }

    /// What holds now.
    pub(crate) fn limits(&self) -> State {
        self.limits.borrow().clone()
    }

    /// Hears of new limits.
    pub(crate) fn changes(&self) -> watch::Receiver<State> {
        self.limits.subscribe()
    }

    /// Tables that may be copied at the same time.
    pub(crate) fn copies(&self) -> usize {
        self.limits.borrow().copies
    }

    /// Bytes a second that all copies together may read now; `None`: as fast as it goes.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.limits.borrow().rate()
    }

    /// Bytes that all copies together have read so far.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Relaxed)
    }

    /// Keeps how long the source took to answer a tiny query.
    pub(crate) fn saw(&self, latency: Option<Duration>) {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// How long it took last; `None` where nobody asks.
    pub(crate) fn latency(&self) -> Option<Duration> {
        *self.latency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether copies wait on purpose now and then: held, or at a rate.
    pub(crate) fn slows(&self) -> bool {
        let limits = self.limits.borrow();
        limits.is_held() || limits.rate().is_some()
    }

    /// Why rows are read no faster now; `None`: as fast as it goes.
    pub(crate) fn reason(&self) -> Option<String> {
        let waited = *self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        self.limits().reason(waited.is_some_and(|waited| waited.elapsed() < LATELY))
    }

    /// Why no more rows are to be asked for now; `None`: they may be.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        self.limits.borrow().obstacle()
    }

    /// Waits while no rows are to be asked for.
    pub(crate) async fn open(&self) {
        let mut changes = self.limits.subscribe();
        loop {
            changes.mark_unchanged();
            let until = match self.obstacle() {
                None => return,
                // the machine's clock may be set meanwhile
                Some(Obstacle::Window(wait)) => wait.min(CLOCK),
                Some(Obstacle::Paused | Obstacle::Throttled) => CLOCK,
            };
            // the sender lives as long as self
            let _ = tokio::time::timeout(until, changes.changed()).await;
        }
    }

    /// Lets `bytes` pass when their time has come. False when copies were held for longer than `patience`.
    pub(crate) async fn pass(&self, bytes: u64, patience: Option<Duration>) -> bool {
        let mut changes = self.limits.subscribe();
        let mut held_since = None;
        let mut taken = false;
        loop {
            let (held, rate) = {
                let limits = changes.borrow_and_update();
                (limits.is_held(), limits.rate())
            };
            if held {
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
            let Some(rate) = rate else { break };
            let wait = {
                let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = bucket.wait(rate as f64);
                if !std::mem::replace(&mut taken, true) {
                    bucket.level -= bytes as f64;
                }
                wait
            };
            if wait.is_zero() {
                break;
            }
            *self.waited.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            let _ = tokio::time::timeout(wait, changes.changed()).await;
        }
        self.passed.fetch_add(bytes, Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::state::Braked;
    use crate::throttle::window::Window;

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
    async fn the_lower_one_of_rate_and_brake_holds() {
        let gate = Gate::new(State { bytes_per_second: Some(1000), ..State::default() });
        gate.set(|limits| limits.braked = Some(Braked { bytes_per_second: 100, why: String::new() }));
        assert!((9.0..11.0).contains(&seconds(&gate, 100, 10).await));
        gate.set(|limits| limits.bytes_per_second = Some(10));
        assert_eq!(gate.rate(), Some(10));
        assert_eq!(gate.passed(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_window_lets_nobody_in_until_it_is_another() {
        // one minute of the day, and not this one
        let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).time();
        let hour = (now.hour() + 12) % 24;
        let window: Window = format!("{hour:02}:00-{hour:02}:01 UTC").parse().unwrap();
        let gate = Gate::new(State { window, ..State::default() });
        assert!(matches!(gate.obstacle(), Some(Obstacle::Window(wait)) if wait > Duration::from_secs(3600)));
        let change = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            gate.set(|limits| limits.window = Window::default());
        };
        let began = Instant::now();
        tokio::join!(gate.open(), change);
        assert_eq!(began.elapsed().as_secs(), 5);
        assert!(gate.pass(1, None).await, "what is on its way comes to its end");
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
