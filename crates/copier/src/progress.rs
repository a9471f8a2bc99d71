//! Progress of the copies of a node, for people to see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use parts::Report;
use parts::report::CopyFacts;
use pg::Client;
use pgq::copy::progress;
use tracing::debug;

use crate::throttle::gate::Gate;

/// Shared by all copies of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    tables: Arc<Mutex<BTreeMap<String, Entry>>>,
}

#[derive(Debug, Clone)]
struct Entry {
    step: Step,
    rows: u64,
    bytes: u64,
    /// What was there when this attempt began: it takes no part in the rate.
    resumed: u64,
    expected: u64,
    began: Instant,
    /// No rows are asked for now: the gate is closed.
    waits: bool,
    /// Why all rows come under one snapshot, where chunks were to be expected.
    whole: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Rows,
    Reconciling,
    Indexes { done: usize, total: usize },
    CatchingUp { behind: i64 },
}

impl Default for Entry {
    fn default() -> Entry {
        let (step, began) = (Step::Rows, Instant::now());
        Entry { step, rows: 0, bytes: 0, resumed: 0, expected: 0, began, waits: false, whole: None }
    }
}

impl Entry {
    /// The step, how much of it is done, and of how much.
    fn reported(&self) -> (progress::Step, i64, i64) {
        match self.step {
            Step::Rows => (progress::Step::Rows, 0, 0),
            Step::Reconciling => (progress::Step::Reconcile, 0, 0),
            Step::Indexes { done, total } => (progress::Step::Indexes, done as i64, total as i64),
            Step::CatchingUp { behind } => (progress::Step::CatchUp, behind, 0),
        }
    }

    /// Bytes per second of this attempt.
    fn rate(&self) -> f64 {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        self.bytes.saturating_sub(self.resumed) as f64 / seconds
    }

    /// What keeps the copy from going as fast as it could.
    fn remark(&self, gate: &Gate) -> Option<String> {
        if self.step != Step::Rows {
            return None;
        }
        let whole = self.whole.map(|why| format!("under one snapshot: {why}"));
        let whole = whole.filter(|_| gate.obstacle().is_none());
        let reported: Vec<String> = whole.into_iter().chain(gate.reason()).collect();
        (!reported.is_empty()).then(|| reported.join("; "))
    }
}

impl Progress {
    fn change(&self, table: &str, change: impl FnOnce(&mut Entry)) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        match tables.get_mut(table) {
            Some(entry) => change(entry),
            None => change(tables.entry(table.to_owned()).or_default()),
        }
    }

    /// The copy of a table begins; its rows take about so many bytes on the source.
    pub(crate) fn expect(&self, table: &str, bytes: i64) {
        let expected = bytes.unsigned_abs();
        self.change(table, |entry| *entry = Entry { expected, ..Entry::default() });
    }

    /// All rows of the table come under one snapshot, for this reason.
    pub(crate) fn whole(&self, table: &str, why: &'static str) {
        self.change(table, |entry| entry.whole = Some(why));
    }

    /// So much is there from earlier attempts.
    pub(crate) fn resume(&self, table: &str, rows: u64, bytes: u64) {
        self.change(table, |entry| (entry.rows, entry.bytes, entry.resumed) = (rows, bytes, bytes));
    }

    /// The copy waits at the gate, or no more.
    pub(crate) fn waits(&self, table: &str, waits: bool) {
        self.change(table, |entry| entry.waits = waits);
    }

    pub(crate) fn bytes(&self, table: &str, more: u64) {
        self.change(table, |entry| entry.bytes += more);
    }

    pub(crate) fn rows(&self, table: &str, more: u64) {
        self.change(table, |entry| entry.rows += more);
    }

    /// So many bytes have to be copied again.
    pub(crate) fn undo(&self, table: &str, bytes: u64) {
        self.change(table, |entry| entry.bytes = entry.bytes.saturating_sub(bytes));
    }

    pub(crate) fn reconciling(&self, table: &str) {
        self.change(table, |entry| entry.step = Step::Reconciling);
    }

    pub(crate) fn building(&self, table: &str, total: usize) {
        self.change(table, |entry| entry.step = Step::Indexes { done: 0, total });
    }

    pub(crate) fn built(&self, table: &str) {
        self.change(table, |entry| {
            if let Step::Indexes { done, .. } = &mut entry.step {
                *done += 1;
            }
        });
    }

    /// The copy's consumer is so many events behind, at most.
    pub(crate) fn catching_up(&self, table: &str, behind: i64) {
        self.change(table, |entry| entry.step = Step::CatchingUp { behind });
    }

    pub(crate) fn forget(&self, table: &str) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
    }

    /// Shows a table's progress within this process.
    pub(crate) fn show(&self, table: &str, gate: &Gate, report: &Report) {
        let entry = self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned();
        let Some(entry) = entry else { return };
        let phase = match entry.step {
            Step::Rows => "in-copy".to_owned(),
            Step::Reconciling => "in-copy, reconciling".to_owned(),
            Step::Indexes { done, total } => format!("in-copy, {done} of {total} indexes"),
            Step::CatchingUp { behind } => format!("catching-up, {behind} events behind"),
        };
        let phase = match entry.remark(gate) {
            Some(remark) => format!("{phase}, {remark}"),
            None => phase,
        };
        let copy = CopyFacts {
            phase,
            bytes: entry.bytes,
            expected_bytes: Some(entry.expected).filter(|bytes| *bytes > 0),
            waits: entry.waits,
            limit: gate.rate(),
            source_latency: gate.latency(),
        };
        report.note(|facts| facts.copy = Some(copy));
    }

    /// Writes the progress of all tables down where other processes can see it. A failure is none of the copies.
    pub(crate) async fn publish(&self, client: &Client, gate: &Gate, queue: &str) {
        let entries = self.tables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if entries.is_empty() {
            return;
        }
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let progress = |entry: &Entry| {
            let (step, done, total) = entry.reported();
            progress::Progress {
                step,
                rows: number(entry.rows),
                bytes: number(entry.bytes),
                expected_bytes: number(entry.expected),
                bytes_per_second: entry.rate(),
                done,
                total,
                remark: entry.remark(gate),
            }
        };
        let copies: Vec<_> = entries.iter().map(|(table, entry)| (table.as_str(), progress(entry))).collect();
        let written = progress::publish(client, queue, &copies).await;
        if let Err(error) = written {
            debug!(queue, %error, "progress of the copies could not be written down");
        }
    }
}
