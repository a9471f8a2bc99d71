//! Wiring of a node: the consumer's worker says which tables are to be copied now, and a copier runs for each of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use consumer::{Slots, Worker};
use copier::{Copiers, Limits};
use parts::{Bell, Report};
use pgq::StandIn;
use tokio::sync::watch;

use crate::comparing::Comparing;
use crate::drift::DriftPart;
use crate::pidfile::Pidfile;
use crate::stand_in;
use crate::supervise::Supervisor;
use crate::telling::{self, Hooks, Telling, Told};

/// What the parts of a node read from the ini file.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) consumer: consumer::Config,
    pub(crate) copier: copier::Config,
    /// Makes the ticks of a root's database where nobody else does.
    pub(crate) stand_in: Option<ticker::Config>,
    pub(crate) pidfile: Option<PathBuf>,
    /// Tables are compared again after this; zero: not by the worker.
    pub(crate) compare_every: Duration,
    /// So many at once.
    pub(crate) compare_connections: usize,
    /// A comparison's snapshots are given up after this.
    pub(crate) compare_slice: Duration,
    /// The definitions of both sides are looked at so often; zero: never.
    pub(crate) drift_every: Duration,
    pub(crate) schema_names: migration::schema::Options,
    /// Whom to tell of problems.
    pub(crate) hooks: Hooks,
    /// What they were told.
    pub(crate) told: Arc<Mutex<Told>>,
    /// What can be set anew while copies run.
    pub(crate) limits: Limits,
    /// Tables copied at the same time, likewise.
    pub(crate) slots: Slots,
}

impl Node {
    /// Lets the running parts keep to the settings of `newer` that need no new start.
    pub(crate) fn steer(&self, newer: &Node) {
        self.limits.set(&newer.copier);
        self.slots.set(newer.consumer.parallel_copies);
    }
}

/// Starts the worker, the copies and the ticker that it asks for. The worker hears `ticks`, the bell of a ticker in
/// this process.
pub(crate) fn start(supervisor: &Supervisor, node: Node, ticks: &Bell, observing: bool) {
    let bell = Bell::default();
    let worker_report = Report::default();
    let (copies, wanted) = watch::channel(BTreeSet::new());
    if !node.compare_every.is_zero() {
        let (worker, limits, every) = (node.consumer.clone(), node.limits.clone(), node.compare_every);
        let (connections, slice) = (node.compare_connections, node.compare_slice);
        let works = worker_report.clone();
        let comparing = Arc::new(Comparing { worker, works, limits, every, connections, slice });
        let report = Report::default();
        supervisor.start_reporting("compare", report.clone(), move |stop| {
            let (comparing, report) = (comparing.clone(), report.clone());
            async move { comparing.run(&report, &stop).await }
        });
    }
    let noticed = Bell::default();
    if !node.drift_every.is_zero() {
        let drift = Arc::new(DriftPart::new(
            node.consumer.clone(),
            node.drift_every,
            node.schema_names,
            noticed.clone(),
            worker_report.clone(),
        ));
        let report = Report::default();
        supervisor.start_reporting("drift", report.clone(), move |stop| {
            let (drift, report) = (drift.clone(), report.clone());
            async move {
                drift.run(&report, &stop).await;
                Ok(())
            }
        });
    }
    if node.hooks.are_set() {
        let (hooks, worker, told) = (node.hooks, node.consumer.clone(), node.told);
        let telling = Arc::new(Telling { hooks, worker, supervisor: supervisor.clone(), told });
        let report = Report::default();
        supervisor.start_reporting(telling::PART, report.clone(), move |stop| {
            let (telling, report) = (telling.clone(), report.clone());
            async move {
                telling.run(&report, &stop).await;
                Ok(())
            }
        });
    }
    let mut worker = Worker::new(node.consumer, bell.clone(), copies, node.slots)
        .hearing(ticks.clone())
        .noticing(noticed)
        .reporting(worker_report.clone());
    if let Some(config) = node.stand_in {
        let stand_in = StandIn::default();
        stand_in::start(supervisor, config, &stand_in, ticks, observing);
        worker = worker.calling_for(stand_in);
    }
    let worker = Arc::new(worker);
    supervisor.start_reporting("worker", worker_report, move |stop| {
        let worker = worker.clone();
        async move { Ok(worker.run(stop).await?) }
    });
    let copiers = Copiers::new(node.copier, bell, &node.limits);
    supervisor.follow("copy", wanted, move |table, report| {
        let (copiers, table, report) = (copiers.clone(), table.to_owned(), report.clone());
        let pidfile = node.pidfile.as_deref().map(|worker| copy_pidfile(worker, &table));
        move |stop| {
            let copier = copiers.copier(&table).reporting(report.clone());
            let pidfile = pidfile.clone();
            async move {
                let _held = pidfile.as_deref().map(Pidfile::create).transpose()?;
                Ok(copier.run(stop).await?)
            }
        }
    });
}

/// Start-up check: both databases can be reached and the node is there. Answers what was found.
pub(crate) async fn check(node: &Node) -> Result<consumer::Found, consumer::Error> {
    let (copies, _) = watch::channel(BTreeSet::new());
    Worker::new(node.consumer.clone(), Bell::default(), copies, node.slots.clone()).check().await
}

/// `<pidfile>.copy.<schema.table>`: shows in the run directory that the table is being copied. A slash in the
/// name would lead elsewhere.
fn copy_pidfile(worker: &Path, table: &str) -> PathBuf {
    let mut name = worker.as_os_str().to_owned();
    name.push(".copy.");
    name.push(table.replace('/', "%2F"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_a_pidfile_of_its_own() {
        let of = |table| copy_pidfile(Path::new("/run/w.pid"), table);
        assert_eq!(of("public.t"), Path::new("/run/w.pid.copy.public.t"));
        assert_eq!(of("public.a/../b"), Path::new("/run/w.pid.copy.public.a%2F..%2Fb"));
    }
}
