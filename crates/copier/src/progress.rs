//! How far the copies of a node are, for people to see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pg::Client;
use pgq::Report;
use pgq::report::CopyFacts;
use tracing::debug;

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
        Entry { step: Step::Rows, rows: 0, bytes: 0, resumed: 0, expected: 0, began: Instant::now() }
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

    /// So much is there from earlier attempts.
    pub(crate) fn resume(&self, table: &str, rows: u64, bytes: u64) {
        self.change(table, |entry| (entry.rows, entry.bytes, entry.resumed) = (rows, bytes, bytes));
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
    pub(crate) fn show(&self, table: &str, report: &Report) {
        let entry = self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned();
        let Some(entry) = entry else { return };
        let phase = match entry.step {
            Step::Rows => "in-copy".to_owned(),
            Step::Reconciling => "in-copy, reconciling".to_owned(),
            Step::Indexes { done, total } => format!("in-copy, {done} of {total} indexes"),
            Step::CatchingUp { behind } => format!("catching-up, {behind} events behind"),
        };
        let expected_bytes = Some(entry.expected).filter(|bytes| *bytes > 0);
        report.note(|facts| facts.copy = Some(CopyFacts { phase, bytes: entry.bytes, expected_bytes }));
    }

    /// Writes a table's progress down where other processes can see it. A failure is none of the copy.
    pub(crate) async fn publish(&self, client: &Client, queue: &str, table: &str) {
        let entry = self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(table).cloned();
        let Some(entry) = entry else { return };
        let (step, done, total) = match entry.step {
            Step::Rows => ("copy", 0, 0),
            Step::Reconciling => ("reconcile", 0, 0),
            Step::Indexes { done, total } => ("indexes", done as i64, total as i64),
            Step::CatchingUp { behind } => ("catch up", behind, 0),
        };
        let seconds = entry.began.elapsed().as_secs_f64().max(0.001);
        let rate = entry.bytes.saturating_sub(entry.resumed) as f64 / seconds;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let sql = "insert into londiste_rs.copy_progress as p \
                          (queue_name, table_name, step, rows, bytes, expected_bytes, bytes_per_second, done, total) \
                   select $1, $2, $3, $4, $5, $6, $7, $8, $9 \
                    where exists (select from londiste.table_info t where t.queue_name = $1 and t.table_name = $2 and t.local \
                                     and t.merge_state is distinct from 'ok') \
                   on conflict (queue_name, table_name) do update \
                   set step = excluded.step, rows = excluded.rows, bytes = excluded.bytes, \
                       expected_bytes = excluded.expected_bytes, bytes_per_second = excluded.bytes_per_second, \
                       done = excluded.done, total = excluded.total, updated = now()";
        let (rows, bytes, expected) = (number(entry.rows), number(entry.bytes), number(entry.expected));
        let written = client
            .execute(sql, &[&queue, &table, &step, &rows, &bytes, &expected, &rate, &done, &total])
            .await;
        if let Err(error) = written {
            debug!(queue, table, %error, "progress of the copy could not be written down");
        }
    }
}
