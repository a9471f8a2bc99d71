//! Comparison that is repeated: a leaf's tables, each so long after its last one.

use std::time::{Duration, SystemTime};

use compare::{Config, Difference, Error, Observer, Outcome, Sides};
use copier::Limits;
use parts::Report;
use pg::Session;
use pgq::compared::Summary;
use pgq::comparison::{self, Comparison, Verdict};
use pgq::node::{self, NodeType};
use pgq::session_name::{Purpose, SessionName};
use pgq::table::{self, MergeState, TableInfo};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::BoxError;

/// How often it is looked which tables are due.
const LOOK: Duration = Duration::from_secs(10);

/// The same while the worker has no node: it has not begun yet, or stands by.
const NOT_YET: Duration = Duration::from_secs(1);

/// What it needs to know.
#[derive(Clone)]
pub(crate) struct Comparing {
    pub(crate) worker: consumer::Config,
    /// The worker's report: a process that stands by compares nothing.
    pub(crate) works: Report,
    /// It reads no faster than copies.
    pub(crate) limits: Limits,
    /// So long after its last comparison a table is compared again.
    pub(crate) every: Duration,
    /// Tables at once.
    pub(crate) connections: usize,
    /// Snapshots are given up after this.
    pub(crate) slice: Duration,
}

impl Comparing {
    /// Compares whatever is due until `stop` is cancelled. What is in hand then is gone on with next time.
    pub(crate) async fn run(&self, report: &Report, stop: &CancellationToken) -> Result<(), BoxError> {
        let work = async {
            loop {
                let pause = self.look(report).await?;
                report.progress();
                sleep(pause).await;
            }
        };
        stop.run_until_cancelled(work).await.unwrap_or(Ok(()))
    }

    /// Compares what is due; answers how long to wait until the next look.
    async fn look(&self, report: &Report) -> Result<Duration, BoxError> {
        report.tell(|facts| facts.slowed = None);
        if self.works.facts().node.is_none() {
            return Ok(NOT_YET);
        }
        let queue = self.worker.queue_name.as_str();
        let here = self.worker.db.parse::<pg::ConnectString>()?.within(self.worker.limits);
        let job = self.worker.job_name.as_str();
        let application = SessionName { job, purpose: Purpose::Compare }.to_string();
        let session = Session::connect(&here, &application).await?;
        let Some(info) = node::info(&*session, queue).await?.filter(|info| info.node_type != NodeType::Root)
        else {
            return Ok(LOOK);
        };
        let known = comparison::list(&*session, queue).await?;
        tell(report, &known);
        let due = self.due(&session, &known).await?;
        if due.is_empty() {
            return Ok(LOOK);
        }
        if let Some(why) = self.limits.is_closed() {
            report.tell(|facts| facts.slowed = Some(why));
            return Ok(NOT_YET);
        }
        let there = self.worker.provider_at(info.provider_location.as_deref().unwrap_or_default())?;
        let mut sides = Vec::new();
        // no more than there are tables
        for _ in 0..self.connections.min(due.len()) {
            sides.push(Sides::connect(&here, &there, &application).await?);
        }
        let config =
            Config { slice: self.slice, ..Config::new(queue, self.worker.consumer(), self.worker.limits) };
        let mut voice = Voice { queue, report, known };
        let watching = async {
            loop {
                report.note(|facts| facts.slowed = self.limits.reason());
                sleep(NOT_YET).await;
            }
        };
        let valves = || self.limits.valve();
        let compared = tokio::select! {
            compared = compare::run(&sides, &config, &due, &mut voice, &valves) => compared,
            never = self.limits.attend(job, queue, self.worker.consumer(), || Session::connect(&there, &application)) =>
                match never {},
            never = watching => never,
            // snapshots are not kept open for that
            why = self.limits.closed() => {
                info!(queue, "the comparison waits, and goes on where it was: {why}");
                report.tell(|facts| facts.slowed = Some(why));
                return Ok(NOT_YET);
            }
        };
        report.tell(|facts| facts.slowed = None);
        match compared {
            Ok(_) => {}
            Err(Error::Busy { .. }) => info!(queue, "somebody else compares rows: waiting"),
            Err(Error::Stopped) => {
                info!(queue, "the comparison is ended by compare --stop");
                return Ok(self.every);
            }
            Err(error) => return Err(error.into()),
        }
        tell(report, &comparison::list(&*session, queue).await?);
        Ok(LOOK)
    }

    /// Tables in sync whose last comparison is old enough, or that have none.
    async fn due(&self, session: &Session, known: &[Comparison]) -> Result<Vec<TableInfo>, BoxError> {
        let queue = self.worker.queue_name.as_str();
        let parked = table::parked(&**session, queue).await?;
        let is_due = |info: &TableInfo| {
            let last = known.iter().find(|comparison| comparison.table == info.name);
            last.and_then(|last| last.finished)
                .is_none_or(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age >= self.every))
        };
        let tables = table::list(&**session, queue).await?;
        let works = |info: &TableInfo| {
            info.local
                && info.state == MergeState::Ok
                && !parked.iter().any(|parked| parked.table == info.name)
        };
        Ok(tables.into_iter().filter(|info| works(info) && is_due(info)).collect())
    }
}

fn tell(report: &Report, known: &[Comparison]) {
    let summary = Summary::of(known, SystemTime::now());
    report.tell(|facts| facts.comparison = Some(summary));
}

/// What it says in the log, and to those who watch.
struct Voice<'a> {
    queue: &'a str,
    report: &'a Report,
    known: Vec<Comparison>,
}

impl Voice<'_> {
    /// The comparison of a table is further than it was.
    fn note(&mut self, table: &str, change: impl FnOnce(&mut Comparison)) {
        if let Some(comparison) = self.known.iter_mut().find(|known| known.table == table) {
            change(comparison);
            tell(self.report, &self.known);
        }
    }
}

impl Observer for Voice<'_> {
    fn waits(&mut self, why: &str) {
        info!(queue = self.queue, "comparison: {why}");
        self.report.sign();
    }

    fn begins(&mut self, comparison: &Comparison) {
        self.known.retain(|known| known.table != comparison.table);
        self.known.push(comparison.clone());
    }

    fn is_at(&mut self, table: &str, rows: i64, expected: i64) {
        self.note(table, |comparison| {
            (comparison.rows, comparison.expected) = (rows, Some(expected));
            comparison.at = Some((comparison.at.map_or(0, |(tick, _)| tick), SystemTime::now()));
        });
        self.report.sign();
    }

    fn differs(&mut self, table: &str, key: &str, difference: &Difference) {
        let (queue, kind) = (self.queue, difference.kind.as_str());
        // a row that its values alone identify has no place in a log
        let key = if difference.key.starts_with('[') { key } else { "without key" };
        let columns: Vec<&str> = difference.columns.iter().map(|(name, ..)| name.as_str()).collect();
        warn!(queue, table, key, columns = columns.join(","), "comparison: row {kind}");
    }

    fn ended(&mut self, outcome: &Outcome) {
        let Outcome { table, verdict, rows, differing, at, remarks } = outcome;
        let (queue, tick, remarks) = (self.queue, at.map(|(tick, _)| tick), remarks.join("; "));
        match verdict {
            Verdict::Equal => info!(queue, table, rows, tick, remarks, "comparison: equal"),
            Verdict::Differs => {
                warn!(queue, table, rows, differing, tick, remarks, "comparison: rows differ")
            }
            Verdict::Unverified => warn!(queue, table, remarks, "comparison: nothing can be told"),
        }
        self.report.progress();
        let (verdict, differing) = (*verdict, *differing);
        self.note(table, |comparison| {
            (comparison.verdict, comparison.differing) = (Some(verdict), differing);
            comparison.finished = Some(SystemTime::now());
        });
    }
}
