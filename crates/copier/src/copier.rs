//! One run of a table's copy: from whatever state the databases tell, until the worker has the table.

use std::sync::Arc;
use std::time::Duration;

use pgq::table::{self, MergeState, Parking, TableInfo};
use pgq::{Bell, Report, batch, fail_point, node};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::brake::Brake;
use crate::connections::{Connections, Sides};
use crate::error::During;
use crate::gate::{Gate, Limits, Valve, living};
use crate::progress::Progress;
use crate::{Config, Error, Result, catch_up, in_copy, probe};

/// Copies one table.
pub struct Copier {
    pub(crate) config: Arc<Config>,
    pub(crate) bell: Bell,
    pub(crate) connections: Connections,
    pub(crate) gate: Gate,
    /// In the hands of the one copy that looks at the source for all.
    pub(crate) brake: Arc<Mutex<Brake>>,
    pub(crate) progress: Progress,
    pub(crate) report: Report,
    pub(crate) table: String,
    pub(crate) consumer: String,
}

/// Makes the copies of a node, which share their connections.
#[derive(Clone)]
pub struct Copiers {
    config: Arc<Config>,
    bell: Bell,
    connections: Connections,
    gate: Gate,
    brake: Arc<Mutex<Brake>>,
    progress: Progress,
}

/// How often a copy says how far it is, and looks whether it is to be held.
const REPORT: Duration = Duration::from_secs(1);

impl Copiers {
    /// Copies that ring and hear `bell`, and keep to what `limits` says at any time. Opens no connection yet.
    pub fn new(config: Config, bell: Bell, limits: &Limits) -> Copiers {
        let config = Arc::new(config);
        let gate = limits.gate.clone();
        let connections = Connections::new(Arc::clone(&config), gate.clone());
        Copiers { config, bell, connections, gate, brake: Arc::default(), progress: Progress::default() }
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

    /// Works until the table is the worker's, is parked, has left replication, or `stop` is cancelled.
    ///
    /// # Errors
    /// Any failure that may pass, kept in `londiste_rs.table_error` too; running again goes on from what was committed.
    pub async fn run(&self, stop: CancellationToken) -> Result<()> {
        // watched apart: what the telling connection does is no sign that the copy's own are alive
        let apart = pg::Watch::default();
        let outcome = tokio::select! {
            outcome = Box::pin(self.work()) => outcome,
            // dropping the copy's transactions is safe at every point
            () = stop.cancelled() => Ok(()),
            () = apart.over(self.tell()) => Ok(()),
            never = apart.over(Box::pin(probe::attend(self))) => match never {},
        };
        self.progress.forget(&self.table);
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => self.keep(error).await,
        }
    }

    async fn work(&self) -> Result<()> {
        self.wait_without_connections().await?;
        let mut sides = living(&self.report, self.connections.open(&self.table)).await?;
        let queue = self.config.queue_name.as_str();
        let mut fresh = false;
        if table::parked(&*sides.target, queue).await?.iter().any(|parked| parked.table == self.table) {
            return Ok(());
        }
        loop {
            let info = table::get(&*sides.target, queue, &self.table).await?;
            if let Some(info) = &info {
                self.report.copy_phase(info.state.to_string());
            }
            match info.filter(|info| info.local) {
                Some(info) if info.state == MergeState::InCopy => {
                    fresh = true;
                    Box::pin(in_copy::step(self, &mut sides, &info)).await?
                }
                Some(info) if info.state.is_copying() => {
                    Box::pin(catch_up::run(self, &mut sides, info)).await?
                }
                info => {
                    self.leave(&sides).await?;
                    return match info.filter(|info| fresh && info.state == MergeState::Ok) {
                        Some(info) => analyze(&sides, &info).await,
                        None => Ok(()),
                    };
                }
            }
        }
    }

    /// A copy that has still to begin and may not now holds no connections meanwhile.
    async fn wait_without_connections(&self) -> Result<()> {
        if self.gate.obstacle().is_none() {
            return Ok(());
        }
        let sql = "select exists (select from londiste.table_info t \
                                   where t.queue_name = $1 and t.table_name = $2 and t.local and t.merge_state = 'in-copy') \
                      and not exists (select from londiste_rs.copy_run r where r.queue_name = $1 and r.table_name = $2)";
        let to_begin: bool = {
            let node = self.connections.report().await?;
            let asked = node.query_one(sql, &[&self.config.queue_name, &self.table]).await;
            asked.during("looking whether the copy has begun")?.get(0)
        };
        if to_begin {
            self.wait_at_the_gate().await;
        }
        Ok(())
    }

    /// Waits until rows may be asked for.
    pub(crate) async fn wait_at_the_gate(&self) {
        if self.gate.obstacle().is_some() {
            self.progress.waits(&self.table, true);
            living(&self.report, self.gate.open()).await;
            self.progress.waits(&self.table, false);
        }
    }

    /// Ends the copy's subscription, and its record on the target where it is still there.
    async fn leave(&self, sides: &Sides) -> Result<()> {
        let queue = self.config.queue_name.as_str();
        let sql = "delete from londiste_rs.copy_progress where queue_name = $1 and table_name = $2";
        sides.target.execute(sql, &[&queue, &self.table]).await.during("ending the copy")?;
        node::unregister_consumer(&*sides.target, queue, &self.consumer).await?;
        fail_point::reached("copy-leaves");
        batch::unregister(&*sides.provider, queue, &self.consumer).await?;
        self.bell.ring();
        Ok(())
    }

    /// A failure is shown in `tables`. One that does not pass by itself parks the table, in the state that it has.
    async fn keep(&self, error: Error) -> Result<()> {
        let (job, queue, table) = (&self.config.job_name, &self.config.queue_name, &self.table);
        // where even this fails the node cannot be reached: the error itself is returned, and logged by the supervisor
        let Ok(target) = self.connections.report().await else { return Err(error) };
        let (text, cause) = (error.to_string(), error.own_cause());
        let Some(cause) = cause else {
            let _ = table::set_error(&*target, queue, table, Some(&text)).await;
            return Err(error);
        };
        let state = node::consumer_state(&*target, queue, &self.consumer).await;
        let tick = state.ok().flatten().map(|state| state.completed_tick);
        let event = cause.event;
        let parking = Parking { error: &text, code: cause.code.as_deref(), event, tick };
        if table::park(&*target, queue, table, &parking).await.is_err() {
            return Err(error);
        }
        warn!(
            job,
            queue, table, event, tick, "copy is parked: {text}; when that is mended: resume-table, or resync"
        );
        self.bell.ring();
        Ok(())
    }

    /// Says every second how far the copy is, and holds it while the worker is paused. Never ends.
    async fn tell(&self) {
        let queue = self.config.queue_name.as_str();
        loop {
            tokio::time::sleep(REPORT).await;
            self.progress.show(&self.table, &self.gate, &self.report);
            if self.gate.slows() {
                self.report.sign();
            }
            let Ok(node) = self.connections.report().await else { continue };
            self.progress.publish(&node, &self.gate, queue, &self.table).await;
            if let Ok(Some(state)) = node::consumer_state(&*node, queue, self.config.worker()).await {
                self.gate.set(|limits| limits.held = state.paused);
            }
        }
    }

    /// What a stream of this copy's rows passes through. With `patience`, one that is held for longer is given up; with a `deadline`, one that is
    /// slowed down and not done by then.
    pub(crate) fn valve(&self, patience: Option<Duration>, deadline: Option<Instant>) -> Valve {
        let (gate, progress, report) = (self.gate.clone(), self.progress.clone(), self.report.clone());
        Valve { gate, progress, report, table: self.table.clone(), patience, deadline, passed: 0 }
    }

    /// Says that the table has come further.
    pub(crate) fn moved(&self, info: &TableInfo, to: MergeState) {
        let (job, queue) = (&self.config.job_name, &self.config.queue_name);
        info!(job, queue, table = info.name, state = %to, "table state");
        self.report.copy_phase(to.to_string());
        self.report.progress();
        self.bell.ring();
    }
}

/// Statistics for the planner, once the table is the worker's.
async fn analyze(sides: &Sides, info: &TableInfo) -> Result<()> {
    let what = || format!("analyzing {}", info.dest());
    let sql = "select format('analyze %s', londiste_rs.find_relation($1)::regclass)";
    let analyze: String = sides.target.query_one(sql, &[&info.dest()]).await.during(what())?.get(0);
    sides.target.batch_execute(&analyze).await.during(what())
}
