//! Drift part of a leaf: it looks again and again whether the definitions of replicated tables are still the same on
//! both sides, and keeps what it finds in the node's database. It fails nobody: what goes wrong is logged, shown, and
//! tried again.

use std::sync::Mutex;
use std::time::Duration;

use migration::drift;
use migration::schema::Options;
use parts::bell::Listener;
use parts::{Bell, Report};
use pg::{ConnectString, Session};
use pgq::drift::{Change, Finding, Stamps, Subject};
use pgq::node::{self, NodeType};
use pgq::session_name::{Purpose, SessionName};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// The first look comes no later after the start.
const FIRST: Duration = Duration::from_secs(5);
/// No pause between two looks is shorter, however often somebody rings.
const SHORTEST: Duration = Duration::from_secs(1);

/// Looks at the definitions of both sides.
pub(crate) struct DriftPart {
    worker: consumer::Config,
    /// Between two looks.
    every: Duration,
    /// Under which names definitions are compared.
    names: Options,
    /// Rung by the worker when it has noticed another definition.
    noticed: Bell,
    /// The worker's: it knows what its node is.
    node: Report,
    memory: Mutex<Memory>,
}

/// What is kept between two looks.
#[derive(Default)]
struct Memory {
    stamps: Option<Stamps>,
    /// What went wrong last: it is logged once.
    failed: Option<String>,
}

impl DriftPart {
    pub(crate) fn new(
        worker: consumer::Config,
        every: Duration,
        names: Options,
        noticed: Bell,
        node: Report,
    ) -> DriftPart {
        DriftPart { worker, every: every.max(SHORTEST), names, noticed, node, memory: Mutex::default() }
    }

    /// Looks until `stop` is cancelled.
    pub(crate) async fn run(&self, report: &Report, stop: &CancellationToken) {
        let work = async {
            let mut noticed = self.noticed.listen();
            pause(&mut noticed, self.every.min(FIRST)).await;
            loop {
                match self.is_at_root() {
                    true => report.tell(|facts| facts.drift = None),
                    false => self.look_and_tell(report).await,
                }
                pause(&mut noticed, self.every).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    /// A root has no other side; a connection to find that out would be one to the application's server.
    fn is_at_root(&self) -> bool {
        self.node.facts().node.is_some_and(|node| node.kind == NodeType::Root.as_str())
    }

    async fn look_and_tell(&self, report: &Report) {
        let queue = self.worker.queue_name.as_str();
        let failed = self.look(report).await.err();
        let is_news = {
            let mut memory = self.memory();
            let is_news = memory.failed != failed;
            memory.failed.clone_from(&failed);
            is_news
        };
        if let Some(why) = failed.as_ref().filter(|_| is_news) {
            warn!(queue, "definitions of both sides could not be compared, trying again: {why}");
        }
        report.tell(|facts| {
            if let Some(drift) = &mut facts.drift {
                drift.failed = failed;
            } else if failed.is_some() {
                facts.drift = Some(pgq::drift::Drift { kept: Vec::new(), failed });
            }
        });
        report.progress();
    }

    async fn look(&self, report: &Report) -> Result<(), String> {
        let queue = self.worker.queue_name.as_str();
        let job = self.worker.job_name.as_str();
        let application = SessionName { job, purpose: Purpose::Drift }.to_string();
        let here: ConnectString =
            self.worker.db.parse().map_err(|error: pg::Error| format!("db: {error}"))?;
        let target = drift::connect(&here, &application).await?;
        let info = node::info(&*target, queue).await.map_err(in_words)?;
        let Some(info) = info.filter(|info| info.node_type != NodeType::Root) else {
            report.tell(|facts| facts.drift = None);
            return Ok(());
        };
        let there = info.provider_location.unwrap_or_default();
        let there = self.worker.provider_at(&there).map_err(|error| error.to_string())?;
        let source = drift::connect(&there, &application).await?;
        report.sign();
        let last = self.memory().stamps.clone();
        let looked = drift::look(&source, &target, queue, &self.names, last.as_ref()).await?;
        drop((source, target));
        report.sign();
        let unreplicated = looked.unreplicated.map(|objects| {
            let wanted = objects.iter().filter(|object| self.registers(object));
            wanted.map(drift::unreplicated).collect::<Vec<_>>()
        });
        if looked.definitions.is_none() && unreplicated.is_none() {
            return Ok(());
        }
        let here = here.within(self.worker.limits);
        let session = Session::connect(&here, &application).await.map_err(|error| error.to_string())?;
        if let Some(found) = looked.definitions {
            self.keep(&session, Subject::Definition, &found).await?;
        }
        if let Some(found) = unreplicated {
            self.keep(&session, Subject::Unreplicated, &found).await?;
        }
        let kept = pgq::drift::list(&*session, queue).await.map_err(in_words)?;
        report.tell(|facts| facts.drift.get_or_insert_default().kept = kept);
        self.memory().stamps = Some(looked.stamps);
        Ok(())
    }

    /// What the ini file leaves out is meant to stay behind.
    fn registers(&self, object: &pgq::replicable::Object) -> bool {
        match object.is_sequence() {
            true => self.worker.registers_seq(&object.name),
            false => self.worker.registers_table(&object.name),
        }
    }

    async fn keep(&self, session: &Session, subject: Subject, found: &[Finding]) -> Result<(), String> {
        let queue = self.worker.queue_name.as_str();
        let changes = pgq::drift::keep(&**session, queue, subject, found).await.map_err(in_words)?;
        match subject {
            Subject::Definition => changes.iter().for_each(|change| tell(queue, change)),
            Subject::Unreplicated => {
                let new: Vec<&str> = changes
                    .iter()
                    .filter(|change| change.is_new)
                    .map(|change| change.finding.table.as_str())
                    .collect();
                if let Some(first) = new.first() {
                    let number = new.len();
                    info!(
                        queue,
                        number, first, "tables or sequences of the root that nobody replicates: see tables"
                    );
                }
            }
        }
        Ok(())
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn tell(queue: &str, change: &Change) {
    let Finding { table, what, statement, stops } = &change.finding;
    match (change.is_new, stops) {
        (true, true) => warn!(queue, table, statement, "definitions drift, replication stops: {what}"),
        (true, false) => warn!(queue, table, statement, "definitions drift: {what}"),
        (false, _) => info!(queue, table, "definitions drift no more: {what}"),
    }
}

fn in_words(error: pgq::Error) -> String {
    error.to_string()
}

/// Until the next look: a ring ends it, but not at once, since a change of a definition is seldom alone.
async fn pause(noticed: &mut Listener, at_most: Duration) {
    let shortest = SHORTEST.min(at_most);
    tokio::time::sleep(shortest).await;
    noticed.wait(at_most.saturating_sub(shortest)).await;
}
