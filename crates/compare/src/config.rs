//! What a comparison is told, and whom it tells.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pg::Limits;
use pgq::comparison::Comparison;

use crate::{Difference, Outcome};

/// What a comparison is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The queue.
    pub queue: String,
    /// The worker's consumer, which the target's position is kept of.
    pub consumer: String,
    /// A pair of snapshots is given up after this, and another one goes on: nobody's VACUUM is held back for longer. A
    /// table that is read in one go takes the time that it takes.
    pub slice: Duration,
    /// Rows in a range.
    pub range_rows: i64,
    /// Time limits of statements.
    pub limits: Limits,
    /// Rows are counted only.
    pub count_only: bool,
    /// Only rows with events since the last comparison that was equal, where there is one.
    pub changed: bool,
    /// Values of rows that differ are fetched.
    pub values: bool,
    /// The source takes no changes since its tick of this number, its last one: a target that has it has all.
    pub last_tick: Option<i64>,
    /// Set by whoever wants it to end.
    pub stop: Arc<AtomicBool>,
}

/// A pair of snapshots is given up after this.
const SLICE: Duration = Duration::from_secs(60);
/// Rows in a range.
const RANGE: i64 = 10_000;

impl Config {
    /// All rows with their values, of a queue whose worker has this consumer.
    pub fn new(queue: &str, consumer: &str, limits: Limits) -> Config {
        Config {
            queue: queue.to_owned(),
            consumer: consumer.to_owned(),
            slice: SLICE,
            range_rows: RANGE,
            limits,
            count_only: false,
            changed: false,
            values: true,
            last_tick: None,
            stop: Arc::default(),
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Makes for each connection that reads what holds its reading back.
pub type Valves<'a> = dyn Fn() -> Box<dyn pg::Valve> + Sync + 'a;

/// Who hears of a comparison.
pub trait Observer: Send {
    /// Nothing goes on, and why.
    fn waits(&mut self, why: &str);
    /// A table's comparison begins, or goes on.
    fn begins(&mut self, _comparison: &Comparison) {}
    /// So many rows of a table are compared, of so many by its statistics.
    fn is_at(&mut self, table: &str, rows: i64, expected: i64);
    /// A row differs: one of the first thousand of its table.
    fn differs(&mut self, table: &str, key: &str, difference: &Difference);
    /// A table has come to its end.
    fn ended(&mut self, outcome: &Outcome);
}
