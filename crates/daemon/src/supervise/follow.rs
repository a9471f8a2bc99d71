//! Set of parts that follows a set of names.

use std::collections::{BTreeMap, BTreeSet};

use parts::Report;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Supervisor;
use super::terms::Ending;
use crate::BoxError;
use crate::log::within;

impl Supervisor {
    /// Keeps one part running for each name in `wanted`; a name that leaves the set has its part stopped
    /// gracefully, and one that comes back while its old part still stops gets the new part after that. `make` gets the
    /// report that the part may tell its work to. Ends with the
    /// sender of `wanted`. Part names are `kind` and the name.
    pub fn follow<M, F, R>(&self, kind: &'static str, mut wanted: watch::Receiver<BTreeSet<String>>, make: M)
    where
        M: Fn(&str, &Report) -> F + Send + 'static,
        F: Fn(CancellationToken) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let supervisor = self.clone();
        let following = async move {
            let mut running: BTreeMap<String, CancellationToken> = BTreeMap::new();
            let mut ended: JoinSet<String> = JoinSet::new();
            loop {
                let names = wanted.borrow_and_update().clone();
                for (name, stop) in &running {
                    if !names.contains(name) {
                        stop.cancel();
                    }
                }
                for name in names {
                    if running.contains_key(&name) {
                        continue;
                    }
                    let stop = supervisor.stop.child_token();
                    let part = format!("{kind} {name}");
                    let report = Report::default();
                    let run = make(&name, &report);
                    let task = supervisor.launch(&part, report, Ending::WhileWanted, stop.clone(), run);
                    running.insert(name.clone(), stop);
                    let board = supervisor.terms.board.clone();
                    ended.spawn(async move {
                        _ = task.await;
                        board.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&part);
                        name
                    });
                }
                tokio::select! {
                    changed = wanted.changed() => {
                        if changed.is_err() {
                            break;
                        }
                    }
                    Some(Ok(name)) = ended.join_next() => {
                        running.remove(&name);
                    }
                    () = supervisor.stop.cancelled() => break,
                }
            }
            for stop in running.values() {
                stop.cancel();
            }
            while ended.join_next().await.is_some() {}
        };
        self.tasks.spawn(within(self.log.clone(), following));
    }
}
