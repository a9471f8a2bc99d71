//! Group of small tables that are copied together: one copy works for the others, which wait for its verdict.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

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

/// Tables that a copy has taken along, whose own copies wait for the verdict. Those still in it when it is dropped wait
/// for their turn once more.
#[derive(Debug, Default)]
pub(crate) struct CopyGroup(BTreeMap<String, oneshot::Sender<Verdict>>);

impl CopyGroup {
    /// Takes a table along whose copy can be notified.
    pub(crate) fn add(&mut self, table: String, copy: oneshot::Sender<Taken>) {
        let (sender, verdict) = oneshot::channel();
        if copy.send(verdict).is_ok() {
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
        if let Some(entry) = self.0.remove(table) {
            // its copy may have been stopped meanwhile
            let _ = entry.send(verdict);
        }
    }

    /// Tells all of them.
    pub(crate) fn tell_all(&mut self, verdict: Verdict) {
        for (_, entry) in std::mem::take(&mut self.0) {
            let _ = entry.send(verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_taken_along_hears_what_has_become_of_it() {
        let mut group = CopyGroup::default();
        let [one, two, three] = ["one", "two", "three"].map(|table| {
            let (sender, taken) = oneshot::channel();
            group.add(table.to_owned(), sender);
            taken
        });
        let (stopped, _) = oneshot::channel();
        group.add("stopped".to_owned(), stopped);
        assert_eq!(group.tables(), ["one", "three", "two"]);
        let [one, two, three] = [one.await, two.await, three.await].map(|taken| taken.unwrap());
        group.tell("one", Verdict::Done);
        group.keep(|table| table == "three", Verdict::Again);
        assert_eq!((one.await, two.await), (Ok(Verdict::Done), Ok(Verdict::Again)));
        drop(group);
        assert!(three.await.is_err(), "the other one was stopped");
    }
}
