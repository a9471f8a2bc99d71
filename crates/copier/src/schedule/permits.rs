//! Permits of the copies of a node: whose turn for connections is next, and who is taken along.
//!
//! A permit stands for one connection to each side. So nobody holds one side's while it waits for the other's, and who
//! gets one is decided here alone: by rank, and among equals by who came first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::schedule::small;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::time::Instant;

use crate::schedule::group::{CopyGroup, Taken};
use crate::schedule::priority::Rank;
use crate::throttle::gate::Gate;

/// Shared by all copies of a node.
#[derive(Clone, Debug)]
pub(crate) struct CopyPermits {
    gate: Gate,
    waiting: Arc<watch::Sender<Waiting>>,
    /// When the look at the ranks began that was finished last. Held by the one who looks for all.
    pub(crate) looked: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By the order in which they came.
    entries: BTreeMap<i64, Entry>,
    came: i64,
    /// Permits that are lent, and those among them that are about to come back.
    lent: usize,
    leaving: usize,
    /// Tables that have been in a group that failed.
    alone: BTreeSet<String>,
}

#[derive(Debug)]
struct Entry {
    table: String,
    /// Unknown until somebody has looked: it has no turn before.
    rank: Option<Rank>,
    /// `None`: not to be taken along.
    taken: Option<oneshot::Sender<Taken>>,
}

/// A copy's place among those that wait; left when it is dropped.
#[derive(Debug)]
pub(crate) struct Waiter<'a> {
    permits: &'a CopyPermits,
    number: i64,
    taken: Option<oneshot::Receiver<Taken>>,
}

/// How waiting ends.
#[derive(Debug)]
pub(crate) enum Turn {
    /// The copy may open connections.
    Connect(Permit),
    /// Another copy works for the table.
    Taken(Taken),
}

/// The right to a connection to each side, until dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    permits: CopyPermits,
    leaving: bool,
}

impl CopyPermits {
    /// As many permits as `gate` allows copies, at any time.
    pub(crate) fn new(gate: Gate) -> CopyPermits {
        CopyPermits { gate, waiting: Arc::new(watch::Sender::default()), looked: Arc::default() }
    }

    fn copies(&self) -> usize {
        self.gate.copies().max(1)
    }

    /// Waits for connections; or, where it `joins`, to be taken along.
    pub(crate) fn enlist(&self, table: &str, joins: bool) -> Waiter<'_> {
        let (mut number, mut receiver) = (0, None);
        self.waiting.send_modify(|waiting| {
            let mut taken = None;
            if joins && !waiting.alone.contains(table) {
                let (sender, heard) = oneshot::channel();
                (taken, receiver) = (Some(sender), Some(heard));
            }
            number = waiting.came;
            waiting.came += 1;
            waiting.entries.insert(number, Entry { table: table.to_owned(), rank: None, taken });
        });
        Waiter { permits: self, number, taken: receiver }
    }

    /// A permit that nobody waits for.
    pub(crate) fn spare(&self) -> Option<Permit> {
        let copies = self.copies();
        let lent = self.waiting.send_if_modified(|waiting| {
            let spare = waiting.is_spare(copies);
            waiting.lent += usize::from(spare);
            spare
        });
        lent.then(|| Permit { permits: self.clone(), leaving: false })
    }

    /// Whether there is a permit that nobody waits for.
    pub(crate) fn has_spare(&self) -> bool {
        self.waiting.borrow().is_spare(self.copies())
    }

    /// Waits until there is one.
    pub(crate) async fn become_spare(&self) {
        let mut waiting = self.waiting.subscribe();
        // the sender is held by `self`
        let _ = waiting.wait_for(|waiting| waiting.is_spare(self.copies())).await;
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.borrow().entries.is_empty()
    }

    /// Who waits: numbers of places, and their tables.
    pub(crate) fn seated(&self) -> (Vec<i64>, Vec<String>) {
        let waiting = self.waiting.borrow();
        waiting.entries.iter().map(|(number, entry)| (*number, entry.table.clone())).unzip()
    }

    /// Sets the ranks of those at these places who still wait.
    pub(crate) fn rank(&self, ranks: impl Iterator<Item = (i64, Rank)>) {
        self.waiting.send_if_modified(|waiting| {
            let mut changed = false;
            for (number, rank) in ranks {
                if let Some(entry) = waiting.entries.get_mut(&number) {
                    changed |= entry.rank.replace(rank) != Some(rank);
                }
            }
            changed
        });
    }

    /// The table is neither taken along any more, nor takes others along.
    pub(crate) fn copies_alone(&self, table: &str) {
        self.waiting.send_modify(|waiting| {
            waiting.alone.insert(table.to_owned());
        });
    }

    /// Those who may be taken along that have their rows already; nobody where the table goes alone.
    pub(crate) fn copied(&self, table: &str) -> Vec<String> {
        let waiting = self.waiting.borrow();
        if waiting.alone.contains(table) {
            return Vec::new();
        }
        let copied = |entry: &&Entry| entry.taken.is_some() && entry.rank.is_some_and(Rank::has_its_rows);
        waiting.entries.values().filter(copied).map(|entry| entry.table.clone()).collect()
    }

    /// Those of the tables who still wait. The others keep their turn.
    pub(crate) fn take_these(&self, tables: &[String]) -> CopyGroup {
        self.take_along(small::TOGETHER, |entry| tables.contains(&entry.table))
    }

    /// Those who are to begin, shared among as many copies as may do the same now.
    pub(crate) fn take(&self, table: &str) -> CopyGroup {
        let begins = |entry: &Entry| entry.rank == Some(Rank::Begins) && entry.taken.is_some();
        let among = {
            let waiting = self.waiting.borrow();
            let alone = waiting.alone.contains(table);
            if alone { 0 } else { waiting.entries.values().filter(|entry| begins(entry)).count() + 1 }
        };
        let share = among.div_ceil(self.copies()).min(small::TOGETHER);
        self.take_along(share, begins)
    }

    /// A group of at most so many tables, the one that takes the others along among them.
    fn take_along(&self, most: usize, wanted: impl Fn(&Entry) -> bool) -> CopyGroup {
        let mut group = CopyGroup::default();
        self.waiting.send_modify(|waiting| {
            let chosen: Vec<i64> = waiting
                .entries
                .iter()
                .filter_map(|(number, entry)| (entry.taken.is_some() && wanted(entry)).then_some(*number))
                .take(most.saturating_sub(1))
                .collect();
            for number in chosen {
                if let Some(Entry { table, taken: Some(taken), .. }) = waiting.entries.remove(&number) {
                    group.add(table, taken);
                }
            }
        });
        group
    }
}

impl Waiting {
    /// Those whose turn may come now: not who is to begin before the gate is open.
    fn able(&self, open: bool) -> impl Iterator<Item = (Rank, i64)> {
        let able = move |rank: &Rank| open || *rank != Rank::Begins;
        self.entries.iter().filter_map(move |(number, entry)| Some((entry.rank.filter(able)?, *number)))
    }

    fn next(&self, open: bool) -> Option<i64> {
        self.able(open).max_by_key(|(rank, number)| (*rank, Reverse(*number))).map(|(_, number)| number)
    }
}

impl Waiter<'_> {
    /// The rank, where somebody has looked.
    pub(crate) fn rank(&self) -> Option<Rank> {
        self.permits.waiting.borrow().entries.get(&self.number)?.rank
    }

    /// Waits for what comes first. May be dropped and called anew.
    pub(crate) async fn turn(&mut self) -> Turn {
        let (permits, number) = (self.permits, self.number);
        let gate = &permits.gate;
        let (mut changes, mut limits) = (permits.waiting.subscribe(), gate.changes());
        loop {
            changes.mark_unchanged();
            limits.mark_unchanged();
            let (copies, open) = (permits.copies(), gate.obstacle().is_none());
            let lent = permits.waiting.send_if_modified(|waiting| {
                let first = waiting.lent < copies && waiting.next(open) == Some(number);
                if first {
                    waiting.entries.remove(&number);
                    waiting.lent += 1;
                }
                first
            });
            if lent {
                return Turn::Connect(Permit { permits: permits.clone(), leaving: false });
            }
            tokio::select! {
                biased;
                taken = heard(&mut self.taken) => return Turn::Taken(taken),
                _ = changes.changed() => {}
                _ = limits.changed() => {}
                // a window opens without a word
                () = gate.open(), if !open => {}
            }
        }
    }
}

/// Waits until another copy takes the table along; for ever where none does.
async fn heard(taken: &mut Option<oneshot::Receiver<Taken>>) -> Taken {
    if let Some(receiver) = taken.as_mut() {
        let heard = receiver.await;
        *taken = None;
        if let Ok(heard) = heard {
            return heard;
        }
    }
    std::future::pending().await
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.permits.waiting.send_if_modified(|waiting| waiting.entries.remove(&self.number).is_some());
    }
}

impl Permit {
    /// Whether it has to be given back now, so that others get their turn: those of a higher rank than the `own`; where
    /// it is `idle`, all others who would have something to do. Only as many permits are asked back as are wanting.
    pub(crate) fn must_leave(&mut self, own: Rank, idle: bool) -> bool {
        let (copies, open) = (self.permits.copies(), self.permits.gate.obstacle().is_none());
        self.permits.waiting.send_if_modified(|waiting| {
            if !self.leaving && waiting.lacks(copies, open, own, idle) {
                self.leaving = true;
                waiting.leaving += 1;
            }
            false
        });
        self.leaving
    }

    /// Waits until it has to be given back for somebody of a higher rank.
    pub(crate) async fn wanted(&self, own: Rank) {
        let mut changes = self.permits.waiting.subscribe();
        let lacks = |waiting: &Waiting| {
            waiting.lacks(self.permits.copies(), self.permits.gate.obstacle().is_none(), own, false)
        };
        // the sender lives as long as self
        let _ = changes.wait_for(lacks).await;
    }
}

impl Waiting {
    /// Whether one of so many permits is there that nobody waits for.
    fn is_spare(&self, copies: usize) -> bool {
        self.entries.is_empty() && self.lent < copies
    }

    /// Whether more want a permit that one of the rank `own` has to leave to them than there are, or will be in a
    /// moment.
    fn lacks(&self, copies: usize, open: bool, own: Rank, idle: bool) -> bool {
        let to_come = copies.saturating_sub(self.lent) + self.leaving;
        let wants = |(rank, _): &(Rank, i64)| *rank > own || idle && *rank != Rank::WannaSync;
        self.able(open).filter(wants).count() > to_come
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.permits.waiting.send_modify(|waiting| {
            waiting.lent -= 1;
            waiting.leaving -= usize::from(self.leaving);
        });
    }
}

#[cfg(test)]
mod tests;
