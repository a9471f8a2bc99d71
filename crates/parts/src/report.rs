//! Reports of the parts of a process, for whoever shows them: `status`, metrics, readiness, supervision.
//!
//! A part tells what it knows anyway; nothing is asked of a database for it, and nobody needs to listen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use pgq::Batch;
use pgq::compared::Summary;
use pgq::drift::Drift;
use pgq::node::NodeInfo;
use pgq::observe::Observed;
use pgq::outlook::Outlook;
use pgq::table::TableInfo;

/// One part's report. Clones are the same report.
#[derive(Clone, Debug, Default)]
pub struct Report {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    signs: AtomicU64,
    progress: AtomicU64,
    facts: Mutex<Facts>,
}

/// What a part has told so far. Totals count from the start of the part, over its failures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// When the part last came to the end of a piece of work, or found nothing to do.
    pub last_progress: Option<SystemTime>,
    /// A worker: its node.
    pub node: Option<NodeFacts>,
    /// A worker or a ticker that stands by: who does its work.
    pub standby: Option<String>,
    /// The worker of a root: who makes the ticks of its database.
    pub ticker: Option<TickedBy>,
    /// A worker: told to wait by `pause`.
    pub paused: bool,
    /// A worker: how many tables of its node are in which state, by the state's name.
    pub tables: BTreeMap<String, u64>,
    /// The batch that was applied last.
    pub batch: Option<LastBatch>,
    /// A leaf's worker: when nothing was left to apply.
    pub level: Option<Level>,
    /// The batch that is being applied, once it has come some way.
    pub in_hand: Option<InHand>,
    /// Batches applied.
    pub batches: u64,
    /// Changes applied.
    pub changes: u64,
    /// Their size: the text of the rows' values, as it came.
    pub bytes: u64,
    /// Changes among them that met other rows than the source had.
    pub conflicts: u64,
    /// A ticker: calls of the ticker function.
    pub tick_calls: u64,
    /// A ticker: ticks that those calls made.
    pub ticks: u64,
    /// A ticker that observes: what its database told last.
    pub observed: Option<Observed>,
    /// A copy: what it is doing.
    pub copy: Option<CopyFacts>,
    /// A comparison that reads: why it reads no faster.
    pub slowed: Option<String>,
    /// A comparison that is repeated: the last results of the node's tables.
    pub comparison: Option<Summary>,
    /// Who looks at definitions: how those of both sides stand.
    pub drift: Option<Drift>,
    /// A worker: its node, for whoever shows where the migration stands.
    pub outlook: Option<Arc<Outlook>>,
}

/// Which node a worker works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// The replicated queue.
    pub queue: String,
    /// The node's name.
    pub name: String,
    /// `root`, `branch` or `leaf`.
    pub kind: String,
    /// Where a leaf takes its changes from.
    pub provider: Option<String>,
}

/// Who makes the ticks of a root's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickedBy {
    /// A `pgqd` of ours.
    Pgqd,
    /// The stand-in in the worker's process.
    StandIn,
    /// Somebody who takes no lock, as stock `pgqd`, or nobody who would have been missed yet.
    Others,
}

impl TickedBy {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            TickedBy::Pgqd => "pgqd",
            TickedBy::StandIn => "stand-in",
            TickedBy::Others => "others",
        }
    }
}

/// A batch that is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LastBatch {
    /// The tick at its end.
    pub tick: i64,
    /// When that tick was made, by the provider's clock.
    pub tick_time: SystemTime,
    /// How many changes of it were applied.
    pub changes: u64,
    /// How long it took to apply.
    pub took: Duration,
}

/// A moment in which no event of the provider's was left to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// When that was, by this machine's clock.
    pub at: SystemTime,
    /// Nothing else is known, and a newer word is not due yet.
    pub until: Option<Instant>,
}

/// A batch that is being applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InHand {
    /// Events of it that were read.
    pub events: u64,
    /// How many there are, by an estimate.
    pub about: i64,
    /// When it was begun.
    pub since: SystemTime,
}

/// A running copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyFacts {
    /// The table's state, or what is done for it.
    pub phase: String,
    /// Bytes that have come from the provider so far.
    pub bytes: u64,
    /// How many bytes are expected, where an estimate could be made.
    pub expected_bytes: Option<u64>,
    /// It waits for its window, or for `resume`.
    pub waits: bool,
    /// Bytes a second that all copies of the node together may read now, by a limit or a brake.
    pub limit: Option<u64>,
    /// How long the source took last to answer a tiny query, where a brake is set.
    pub source_latency: Option<Duration>,
}

impl Report {
    /// A sign of life: bytes have moved, a statement was answered.
    pub fn sign(&self) {
        self.shared.signs.fetch_add(1, Relaxed);
    }

    /// A piece of work is done, or there was none: the part is not failing.
    pub fn progress(&self) {
        self.sign();
        self.shared.progress.fetch_add(1, Relaxed);
        self.tell(|facts| facts.last_progress = Some(SystemTime::now()));
    }

    /// Changes the facts; a sign of life too.
    pub fn tell(&self, change: impl FnOnce(&mut Facts)) {
        self.sign();
        self.note(change);
    }

    /// Changes the facts only: for what is known without anybody's answer.
    pub fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.shared.facts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The node that a worker works for.
    pub fn node(&self, queue: &str, node: &NodeInfo) {
        let kind = node.node_type.as_str().to_owned();
        let (queue, name, provider) = (queue.to_owned(), node.name.clone(), node.provider.clone());
        self.tell(|facts| facts.node = Some(NodeFacts { queue, name, kind, provider }));
    }

    /// `holder` does the work, and this part stands by.
    pub fn standby(&self, holder: &str) {
        self.tell(|facts| facts.standby = Some(holder.to_owned()));
        self.progress();
    }

    /// This part does the work.
    pub fn active(&self) {
        self.note(|facts| facts.standby = None);
    }

    /// How the tables of a worker's node stand; those that are parked have no other state.
    pub fn tables(&self, tables: &[TableInfo], parked: &BTreeSet<String>) {
        let mut states = BTreeMap::new();
        for table in tables.iter().filter(|table| table.local) {
            // without the tick that wanna-sync and do-sync carry
            let state = table.state.to_string();
            let name = state.split(':').next().unwrap_or_default().to_owned();
            let name = if parked.contains(&table.name) { "parked".to_owned() } else { name };
            *states.entry(name).or_insert(0) += 1;
        }
        self.tell(|facts| facts.tables = states);
    }

    /// A batch was applied: so many changes, with so many bytes of values.
    pub fn applied(&self, batch: &Batch, changes: u64, bytes: u64, took: Duration) {
        let (tick, tick_time) = (batch.tick, batch.mark.time);
        self.tell(|facts| {
            facts.in_hand = None;
            facts.batch = Some(LastBatch { tick, tick_time, changes, took });
            facts.batches += 1;
            facts.changes += changes;
            facts.bytes += bytes;
        });
        self.progress();
    }

    /// A leaf's worker asked its provider, and no event is left to apply; it asks again within `pause`.
    pub fn level(&self, pause: Duration) {
        let until = Instant::now().checked_add(pause);
        self.tell(|facts| facts.level = Some(Level { at: SystemTime::now(), until }));
    }

    /// Events wait for a leaf's worker.
    pub fn behind(&self) {
        self.note(|facts| {
            if let Some(level) = &mut facts.level {
                level.until = None;
            }
        });
    }

    /// A worker looked and found nothing to do, or is told to wait.
    pub fn idle(&self, paused: bool) {
        self.tell(|facts| facts.paused = paused);
        self.progress();
    }

    /// The ticker function was called and made so many ticks.
    pub fn ticked(&self, ticks: u64) {
        self.tell(|facts| {
            facts.tick_calls += 1;
            facts.ticks += ticks;
        });
        self.progress();
    }

    /// A copy has come to another phase.
    pub fn copy_phase(&self, phase: impl Into<String>) {
        let phase = phase.into();
        self.tell(|facts| facts.copy.get_or_insert_default().phase = phase);
    }

    /// A copy has received so many bytes in all.
    pub fn copied(&self, bytes: u64) {
        self.tell(|facts| facts.copy.get_or_insert_default().bytes = bytes);
    }

    /// What was told so far.
    pub fn facts(&self) -> Facts {
        self.shared.facts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Grows with every sign of life.
    pub fn signs(&self) -> u64 {
        self.shared.signs.load(Relaxed)
    }

    /// Grows with every piece of work that is done.
    pub fn pieces(&self) -> u64 {
        self.shared.progress.load(Relaxed)
    }
}

impl Facts {
    /// How far behind its provider a leaf is, by this machine's clock: not at all where no event waits for it, else
    /// since the last tick that it has applied, or since it was level with its provider.
    pub fn lag(&self) -> Option<Duration> {
        let applied = self.batch.map(|batch| batch.tick_time);
        let level = self.level.map(|level| level.at);
        let since = [applied, level].into_iter().flatten().max()?;
        let is_level = self.level.and_then(|level| level.until).is_some_and(|until| Instant::now() < until);
        Some(if is_level { Duration::ZERO } else { since.elapsed().unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_for_which_nothing_waits_has_no_lag() {
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        let batch = LastBatch { tick: 7, tick_time: long_ago, changes: 1, took: Duration::ZERO };
        let report = Report::default();
        assert_eq!(report.facts().lag(), None);
        report.note(|facts| facts.batch = Some(batch));
        assert!(report.facts().lag().unwrap() >= Duration::from_secs(60));
        report.level(Duration::from_secs(1000));
        assert_eq!(report.facts().lag(), Some(Duration::ZERO));
        // what was applied long ago says nothing of what waits since a moment ago
        report.behind();
        let lag = report.facts().lag().unwrap();
        assert!(lag < Duration::from_secs(59), "{lag:?}");
        report.level(Duration::ZERO);
        report.note(|facts| facts.level.as_mut().unwrap().at = long_ago + Duration::from_secs(20));
        assert!(report.facts().lag().unwrap() >= Duration::from_secs(40));
    }

    #[test]
    fn a_batch_is_progress_and_bytes_are_a_sign_of_life() {
        let report = Report::default();
        report.copied(17);
        assert_eq!((report.signs(), report.pieces()), (1, 0));
        let mark = pgq::position::Mark { time: SystemTime::now(), snapshot: "1:1:".to_owned() };
        let (previous_mark, told) = (None, None);
        let batch =
            Batch { id: 1, tick: 7, previous_tick: 6, mark, previous_mark, last_event: 3, more: false, told };
        report.clone().applied(&batch, 3, 70, Duration::from_millis(5));
        let facts = report.facts();
        assert_eq!((facts.batches, facts.changes, facts.bytes, facts.batch.unwrap().tick), (1, 3, 70, 7));
        assert_eq!(facts.copy.unwrap().bytes, 17);
        assert_eq!(report.pieces(), 1);
        assert!(facts.last_progress.is_some());
    }
}
