//! Small tables are copied together: who has got connections takes others along that wait for some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pgq::small;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The copies of a node that wait for connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    seats: BTreeMap<String, oneshot::Sender<Taken>>,
    /// Tables that have been in a company that failed.
    alone: BTreeSet<String>,
    /// How many wait for connections.
    wanting: usize,
    /// When something has happened last that a copy may be waiting for.
    stirred: Option<Instant>,
}

/// For so long it may be that one who waits for connections has not seen yet what has happened.
const STIRRED: Duration = Duration::from_secs(2);

/// What a copy hears that was taken along; nothing where the other one was stopped.
pub(crate) type Taken = oneshot::Receiver<Verdict>;

/// What has become of a table that was taken along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the worker's.
    Done,
    /// It has to wait for its turn once more.
    Again,
    /// It has to go on alone: one of them fails, or it does not go with others.
    Alone,
}

/// A copy's place among those that wait; left when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    crowd: &'a Crowd,
    table: &'a str,
    taken: oneshot::Receiver<Taken>,
}

/// Tables that a copy has taken along, whose own copies wait for the verdict. Those still in it when it is dropped wait for their turn once more.
#[derive(Debug, Default)]
pub(crate) struct Company(BTreeMap<String, oneshot::Sender<Verdict>>);

impl Crowd {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for connections, or to be taken along.
    pub(crate) fn enlist<'a>(&'a self, table: &'a str) -> Place<'a> {
        let (sender, taken) = oneshot::channel();
        let mut waiting = self.lock();
        if !waiting.alone.contains(table) {
            waiting.seats.insert(table.to_owned(), sender);
        }
        Place { crowd: self, table, taken }
    }

    /// Waits for connections, to be seen by those who have some.
    pub(crate) async fn wanting<T>(&self, opened: impl Future<Output = T>) -> T {
        let _wanting = Wanting::new(self);
        opened.await
    }

    pub(crate) fn wants_connections(&self) -> bool {
        self.lock().wanting > 0
    }

    /// Something has happened that a copy may be waiting for.
    pub(crate) fn stir(&self) {
        self.lock().stirred = Some(Instant::now());
    }

    pub(crate) fn is_stirred(&self) -> bool {
        self.lock().stirred.is_some_and(|stirred| stirred.elapsed() < STIRRED)
    }

    /// The table is neither taken along any more, nor takes others along.
    pub(crate) fn goes_alone(&self, table: &str) {
        self.lock().alone.insert(table.to_owned());
    }

    /// Who may be taken along; nobody where the table goes alone.
    pub(crate) fn waiting(&self, table: &str) -> Vec<String> {
        let waiting = self.lock();
        if waiting.alone.contains(table) { Vec::new() } else { waiting.seats.keys().cloned().collect() }
    }

    /// Those of the tables who still wait. The others keep their turn.
    pub(crate) fn take_these(&self, tables: &[String]) -> Company {
        let mut waiting = self.lock();
        let mut company = Company::default();
        for table in tables.iter().take(small::TOGETHER - 1) {
            company.seat(table.clone(), waiting.seats.remove(table));
        }
        company
    }

    /// Those who wait, shared among so many `copies` that may do the same now.
    pub(crate) fn take(&self, table: &str, copies: usize) -> Company {
        let mut waiting = self.lock();
        if waiting.alone.contains(table) {
            return Company::default();
        }
        let share = (waiting.seats.len() + 1).div_ceil(copies.max(1)).min(small::TOGETHER);
        let mut company = Company::default();
        while company.0.len() + 1 < share
            && let Some((table, seat)) = waiting.seats.pop_first()
        {
            company.seat(table, Some(seat));
        }
        company
    }
}

/// One who waits, until dropped.
struct Wanting<'a>(&'a Crowd);

impl<'a> Wanting<'a> {
    fn new(crowd: &'a Crowd) -> Wanting<'a> {
        crowd.lock().wanting += 1;
        Wanting(crowd)
    }
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        self.0.lock().wanting -= 1;
    }
}

impl Place<'_> {
    /// Waits until another copy takes the table along; for ever where none does.
    pub(crate) async fn taken(&mut self) -> Taken {
        match (&mut self.taken).await {
            Ok(taken) => taken,
            Err(_) => std::future::pending().await,
        }
    }

    /// Leaves; answers whether it was taken along before it could.
    pub(crate) fn leave(mut self) -> Option<Taken> {
        self.crowd.lock().seats.remove(self.table);
        self.taken.try_recv().ok()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.crowd.lock().seats.remove(self.table);
    }
}

impl Company {
    fn seat(&mut self, table: String, seat: Option<oneshot::Sender<Taken>>) {
        let (sender, verdict) = oneshot::channel();
        if seat.is_some_and(|seat| seat.send(verdict).is_ok()) {
            self.0.insert(table, sender);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn tables(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Keeps those, the others hear the verdict.
    pub(crate) fn keep(&mut self, kept: impl Fn(&str) -> bool, verdict: Verdict) {
        for name in self.tables() {
            if !kept(&name) {
                self.tell(&name, verdict);
            }
        }
    }

    /// Tells a table what has become of it.
    pub(crate) fn tell(&mut self, table: &str, verdict: Verdict) {
        if let Some(seat) = self.0.remove(table) {
            // its copy may have been stopped meanwhile
            let _ = seat.send(verdict);
        }
    }

    /// Tells all of them.
    pub(crate) fn tell_all(&mut self, verdict: Verdict) {
        for (_, seat) in std::mem::take(&mut self.0) {
            let _ = seat.send(verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_shared_among_the_copies() {
        let crowd = Crowd::default();
        let names: Vec<String> = (0..9).map(|n| format!("t{n}")).collect();
        let _places: Vec<_> = names.iter().map(|name| crowd.enlist(name)).collect();
        assert_eq!(crowd.take("a", 2).tables(), ["t0", "t1", "t2", "t3"]);
        assert_eq!(crowd.take("b", 1).tables(), ["t4", "t5", "t6", "t7", "t8"]);
        assert!(crowd.take("c", 1).is_empty());
    }

    #[tokio::test]
    async fn who_is_taken_along_hears_what_has_become_of_it() {
        let crowd = Crowd::default();
        let [mut one, mut two, mut three] = ["one", "two", "three"].map(|table| crowd.enlist(table));
        let mut company = crowd.take("lead", 1);
        let [one, two, three] = [one.taken().await, two.taken().await, three.taken().await];
        company.tell("one", Verdict::Done);
        company.tell("two", Verdict::Again);
        assert_eq!((one.await, two.await), (Ok(Verdict::Done), Ok(Verdict::Again)));
        drop(company);
        assert!(three.await.is_err(), "the other one was stopped");
    }

    #[test]
    fn who_has_left_or_goes_alone_is_not_taken() {
        let crowd = Crowd::default();
        crowd.goes_alone("alone");
        let (left, _alone) = (crowd.enlist("left"), crowd.enlist("alone"));
        assert!(left.leave().is_none());
        assert!(crowd.take("lead", 1).is_empty());
        let (taken, stays) = (crowd.enlist("taken"), crowd.enlist("taken too"));
        assert!(crowd.take("alone", 1).is_empty(), "nor does it take others along");
        let company = crowd.take("lead", 1);
        assert!(taken.leave().is_some(), "too late");
        drop(stays);
        assert_eq!(company.tables(), ["taken", "taken too"]);
        let _waits = ["here", "there"].map(|table| crowd.enlist(table));
        assert_eq!(crowd.waiting("lead"), ["here", "there"]);
        assert_eq!(crowd.take_these(&["gone".to_owned(), "there".to_owned()]).tables(), ["there"]);
    }
}
