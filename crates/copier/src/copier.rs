//! Copy of one table: what it carries, and what the copies of a node share.

use std::sync::Arc;
use std::time::Duration;

use parts::{Bell, Report};
use pgq::table::MergeState;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use tracing::info;

use crate::Config;
use crate::progress::Progress;
use crate::refusals::Refusals;
use crate::schedule::connections::Connections;
use crate::schedule::group::CopyGroup;
use crate::schedule::permits::CopyPermits;
use crate::throttle::brake::Brake;
use crate::throttle::gate::{Gate, Limits};
use crate::throttle::valve::Valve;

/// Copies one table.
pub struct Copier {
    pub(crate) config: Arc<Config>,
    pub(crate) bell: Bell,
    pub(crate) connections: Connections,
    pub(crate) gate: Gate,
    /// In the hands of the one copy that looks at the source for all.
    pub(crate) brake: Arc<Mutex<Brake>>,
    pub(crate) progress: Progress,
    pub(crate) permits: CopyPermits,
    pub(crate) refusals: Refusals,
    pub(crate) reported: ReportedAt,
    /// It may not be stopped now: the table is about to be the worker's, or is already, and there is something left to
    /// do.
    pub(crate) busy: watch::Sender<bool>,
    pub(crate) report: Report,
    pub(crate) table: String,
    pub(crate) consumer: String,
}

/// Makes the copies of a node, which share their connections.
///
/// ```no_run
/// # async fn copy(config: copier::Config, stop: tokio_util::sync::CancellationToken) -> copier::Result<()> {
/// let limits = copier::Limits::new(&config);
/// let copiers = copier::Copiers::new(config, parts::Bell::default(), &limits);
/// // brings the table from in-copy to ok, or ends when it is told to stop
/// copiers.copier("public.orders").run(stop).await
/// # }
/// ```
#[derive(Clone)]
pub struct Copiers {
    config: Arc<Config>,
    bell: Bell,
    connections: Connections,
    gate: Gate,
    brake: Arc<Mutex<Brake>>,
    progress: Progress,
    permits: CopyPermits,
    refusals: Refusals,
    reported: ReportedAt,
}

/// When the copies' progress was written down last. Held while it is: what a copy takes away when it leaves is not to
/// be written again.
type ReportedAt = Arc<Mutex<Option<Instant>>>;

impl Copiers {
    /// Copies that ring and hear `bell`, and keep to what `limits` says at any time. Opens no connection yet.
    pub fn new(config: Config, bell: Bell, limits: &Limits) -> Copiers {
        let config = Arc::new(config);
        let gate = limits.gate.clone();
        let connections = Connections::new(Arc::clone(&config), gate.clone());
        let brake = Arc::clone(&limits.brake);
        let (progress, reported) = (Progress::default(), ReportedAt::default());
        let permits = CopyPermits::new(gate.clone());
        let refusals = Refusals::default();
        Copiers { config, bell, connections, gate, brake, progress, permits, refusals, reported }
    }

    /// The copy of `table` (`schema.table` as the queue names it).
    pub fn copier(&self, table: &str) -> Copier {
        let consumer = self.config.consumer(table);
        Copier {
            config: Arc::clone(&self.config),
            bell: self.bell.clone(),
            connections: self.connections.clone(),
            gate: self.gate.clone(),
            brake: Arc::clone(&self.brake),
            progress: self.progress.clone(),
            permits: self.permits.clone(),
            refusals: self.refusals.clone(),
            reported: Arc::clone(&self.reported),
            busy: watch::Sender::new(false),
            report: Report::default(),
            table: table.to_owned(),
            consumer,
        }
    }
}

impl Copier {
    /// Tells its work to `report`.
    #[must_use]
    pub fn reporting(self, report: Report) -> Copier {
        Copier { report, ..self }
    }

    /// The consumers of this copy and of those that it has taken along.
    pub(crate) fn consumers(&self, group: &CopyGroup) -> Vec<String> {
        let others = group.tables();
        std::iter::once(&self.table).chain(&others).map(|table| self.config.consumer(table)).collect()
    }

    /// What a stream of this copy's rows passes through. With `patience`, one that is held for longer is given up; with
    /// a `deadline`, one that is slowed down and not done by then.
    pub(crate) fn valve(&self, patience: Option<Duration>, deadline: Option<Instant>) -> Valve {
        let (gate, progress, report) = (self.gate.clone(), self.progress.clone(), self.report.clone());
        Valve { gate, progress, report, table: self.table.clone(), patience, deadline, passed: 0 }
    }

    /// Says that a table has come further.
    pub(crate) fn moved(&self, table: &str, to: MergeState) {
        let (job, queue) = (&self.config.job_name, &self.config.queue_name);
        info!(job, queue, table, state = %to, "table state");
        self.report.copy_phase(to.to_string());
        self.report.progress();
        self.bell.ring();
    }
}
