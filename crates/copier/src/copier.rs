//! One run of a table's copy: from whatever state the databases tell, until the worker has the table.

use std::sync::Arc;
use std::time::Duration;

use pgq::table::{self, MergeState, Parking};
use pgq::{Bell, Report, batch, fail_point, node};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::brake::Brake;
use crate::company::{Company, Crowd, Verdict};
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
    pub(crate) crowd: Crowd,
    told: Told,
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
    crowd: Crowd,
    told: Told,
}

/// When the copies' progress was written down last.
type Told = Arc<std::sync::Mutex<Option<Instant>>>;

/// How often a copy says how far it is, and looks whether it is to be held.
const REPORT: Duration = Duration::from_secs(1);

impl Copiers {
    /// Copies that ring and hear `bell`, and keep to what `limits` says at any time. Opens no connection yet.
    pub fn new(config: Config, bell: Bell, limits: &Limits) -> Copiers {
        let config = Arc::new(config);
        let gate = limits.gate.clone();
        let connections = Connections::new(Arc::clone(&config), gate.clone());
        let (brake, progress, crowd, told) =
            (Arc::default(), Progress::default(), Crowd::default(), Told::default());
        Copiers { config, bell, connections, gate, brake, progress, crowd, told }
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
            crowd: self.crowd.clone(),
            told: Arc::clone(&self.told),
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
            outcome = Box::pin(self.persist()) => outcome,
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

    /// What fails together is tried one by one, so that it is told of the right table.
    async fn persist(&self) -> Result<()> {
        match Box::pin(self.work()).await {
            Err(Error::InCompany { source }) => {
                let (job, queue, table) = (&self.config.job_name, &self.config.queue_name, &self.table);
                info!(job, queue, table, "tables that were copied together go on one by one: {source}");
                self.crowd.goes_alone(&self.table);
                Box::pin(self.work()).await
            }
            outcome => outcome,
        }
    }

    /// Connections to both sides; `None` when another copy has brought the table to its end.
    async fn connections(&self) -> Result<Option<Sides>> {
        loop {
            let mut place = self.crowd.enlist(&self.table);
            let connected = tokio::select! {
                biased;
                taken = living(&self.report, place.taken()) => Err(taken),
                sides = living(&self.report, self.connections.open(&self.table)) => Ok(sides?),
            };
            let taken = match (connected, place.leave()) {
                (Ok(sides), None) => return Ok(Some(sides)),
                (Err(taken), _) | (Ok(_), Some(taken)) => taken,
            };
            match living(&self.report, taken).await {
                Ok(Verdict::Done) => return Ok(None),
                Ok(Verdict::Again) => {}
                Err(_) => self.crowd.goes_alone(&self.table),
            }
        }
    }

    async fn work(&self) -> Result<()> {
        self.wait_without_connections().await?;
        let Some(mut sides) = self.connections().await? else { return Ok(()) };
        let queue = self.config.queue_name.as_str();
        let mut fresh = false;
        let mut company = Company::default();
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
                    // those who are with this one are at another place
                    company = Company::default();
                    fresh = true;
                    let step = Box::pin(in_copy::step(self, &mut sides, &info, &mut company)).await;
                    blame(step, &company)?;
                }
                Some(info) if info.state.is_copying() => {
                    let caught_up = Box::pin(catch_up::run(self, &mut sides, info, &mut company)).await;
                    blame(caught_up, &company)?;
                }
                info => {
                    let ok = info.is_some_and(|info| info.state == MergeState::Ok);
                    self.keep_company(&sides, &mut company).await?;
                    blame(self.leave(&sides, &company).await, &company)?;
                    let mut tables = company.tables();
                    company.tell_all(Verdict::Done);
                    tables.push(self.table.clone());
                    return if fresh && ok { analyze(&sides, queue, &tables).await } else { Ok(()) };
                }
            }
        }
    }

    /// Those stay in the company that are the worker's now.
    async fn keep_company(&self, sides: &Sides, company: &mut Company) -> Result<()> {
        let names = company.tables();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut infos = table::several(&*sides.target, &self.config.queue_name, &names).await?;
        infos.retain(|info| info.local && info.state == MergeState::Ok);
        for name in names {
            if !infos.iter().any(|info| info.name == name) {
                company.release(name);
            }
        }
        Ok(())
    }

    /// The consumers of this copy and of those that it has taken along.
    pub(crate) fn consumers(&self, company: &Company) -> Vec<String> {
        let others = company.tables();
        std::iter::once(&self.table).chain(&others).map(|table| self.config.consumer(table)).collect()
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

    /// Ends the copy's subscription, and its record on the target where it is still there; those of tables in its company, too.
    async fn leave(&self, sides: &Sides, company: &Company) -> Result<()> {
        let queue = self.config.queue_name.as_str();
        let mut tables = company.tables();
        tables.push(self.table.clone());
        let sql = "delete from londiste_rs.copy_progress where queue_name = $1 and table_name = any ($2)";
        sides.target.execute(sql, &[&queue, &tables]).await.during("ending the copy")?;
        let consumers = self.consumers(company);
        let consumers: Vec<&str> = consumers.iter().map(String::as_str).collect();
        node::unregister_consumers(&*sides.target, queue, &consumers).await?;
        fail_point::reached("copy-leaves");
        batch::unsubscribe_all(&*sides.provider, queue, &consumers).await?;
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
            let _ = table::set_error(&*target, queue, table, &text).await;
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
            if !self.is_to_tell() {
                continue;
            }
            let Ok(node) = self.connections.report().await else { continue };
            self.progress.publish(&node, &self.gate, queue).await;
            if let Ok(Some(state)) = node::consumer_state(&*node, queue, self.config.worker()).await {
                self.gate.set(|limits| limits.held = state.paused);
            }
        }
    }

    /// Whether it is this copy's turn: one of them tells of all.
    fn is_to_tell(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = told.is_none_or(|told| told.elapsed() > REPORT / 2);
        if due {
            *told = Some(Instant::now());
        }
        due
    }

    /// What a stream of this copy's rows passes through. With `patience`, one that is held for longer is given up; with a `deadline`, one that is
    /// slowed down and not done by then.
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

/// A failure may be any one's of those who work together.
fn blame(result: Result<()>, company: &Company) -> Result<()> {
    match result {
        Err(source) if !company.is_empty() => Err(Error::InCompany { source: Box::new(source) }),
        result => result,
    }
}

/// Statistics for the planner, once the tables are the worker's.
async fn analyze(sides: &Sides, queue: &str, tables: &[String]) -> Result<()> {
    let what = || format!("analyzing {}", tables.join(", "));
    let sql = "select 'analyze ' || string_agg(r.relation::regclass::text, ', ') \
                 from londiste.table_info t cross join lateral londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) r (relation) \
                where t.queue_name = $1 and t.table_name = any ($2) and t.local and r.relation is not null";
    let analyze: Option<String> =
        sides.target.query_one(sql, &[&queue, &tables]).await.during(what())?.get(0);
    match analyze {
        Some(analyze) => sides.target.batch_execute(&analyze).await.during(what()),
        None => Ok(()),
    }
}
