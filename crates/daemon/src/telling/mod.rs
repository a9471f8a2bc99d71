//! Hooks part of a node: it looks again and again for problems, and tells `hook_on_problem` of each when it has come
//! and when it is over, and `hook_on_ready` that the switch can be made. Hooks run in this part alone: nobody waits for
//! one.

mod found;
mod told;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parts::Report;
use parts::report::{Facts as Reported, NodeFacts};
use pg::Session;
use pgq::node::{self, NodeType};
use pgq::outlook::{self, Situation, Stage, State};
use pgq::problem::{self, Found, Key, Kind};
use pgq::session_name::{Purpose, SessionName};
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::hook::{self, Facts};
use crate::supervise::Supervisor;
use found::{in_database, in_parts, on_disk};
use told::{Change, Current, Problem};

pub(crate) use found::{PART, directories};
pub(crate) use told::Told;

/// Between two looks at what this process knows.
const LOOK: Duration = Duration::from_secs(1);
/// The database of a leaf is asked at least so often, since other processes write there too.
const ASK: Duration = Duration::from_secs(10);
/// What was told is recorded within this time, or later.
const RECORD: Duration = Duration::from_secs(10);
/// A process that stops waits no longer for a hook.
const LAST: Duration = Duration::from_secs(1);

/// Whom to tell, and of what.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    pub(crate) on_problem: Option<String>,
    pub(crate) on_ready: Option<String>,
    /// A hook is ended after this.
    pub(crate) limit: Duration,
    /// The job's file, for commands.
    pub(crate) ini: PathBuf,
    /// Where this process writes.
    pub(crate) directories: Vec<PathBuf>,
    /// There should be more room than this; 0: that does not matter.
    pub(crate) reserve: u64,
}

impl Hooks {
    /// Whether anybody wants to be told.
    pub(crate) fn are_set(&self) -> bool {
        self.on_problem.is_some() || self.on_ready.is_some()
    }
}

/// Tells hooks.
pub(crate) struct Telling {
    pub(crate) hooks: Hooks,
    pub(crate) worker: consumer::Config,
    /// Knows the parts of the job.
    pub(crate) supervisor: Supervisor,
    pub(crate) told: Arc<Mutex<Told>>,
}

/// What the database said last, and why it was asked.
#[derive(Default)]
struct Asked {
    found: Vec<Found>,
    /// The node's name.
    node: String,
    /// It has answered.
    ever: bool,
    when: Option<Instant>,
    what_for: Option<Signs>,
    /// Why it could not be asked: logged once.
    failed: Option<String>,
}

/// What this process knows of the node: when it changes, the database has more to say.
#[derive(Clone, Debug, Default, PartialEq)]
struct Signs {
    node: Option<NodeFacts>,
    tables: std::collections::BTreeMap<String, u64>,
    drift: Option<pgq::drift::Drift>,
    verdicts: (usize, usize, usize),
}

impl Telling {
    /// Tells until `stop` is cancelled. What goes wrong is logged, and tried again.
    pub(crate) async fn run(&self, report: &Report, stop: &CancellationToken) {
        let mut asked = Asked::default();
        while !stop.is_cancelled() {
            let parts = self.supervisor.status();
            let worker = parts.iter().find(|part| part.name == "worker");
            let begins = worker.is_none_or(|part| part.failures == 0);
            let worker = worker.map(|part| part.report.facts()).unwrap_or_default();
            if worker.standby.is_some() {
                // the one that works tells, and keeps a record of it
                *self.told() = Told::default();
                asked = Asked::default();
            } else if worker.node.is_some() || !begins {
                let signs = signs(&worker, &parts);
                let asking = self.ask(&mut asked, signs);
                if stop.run_until_cancelled(asking).await.is_none() {
                    break;
                }
                report.sign();
                let current = self.current(&asked, &worker, &parts);
                let changes = self.told().changes(&current);
                for change in changes {
                    if !self.tell(&change, &asked.node, report, stop).await {
                        break;
                    }
                    self.told().tell(&change);
                    // also when it is to stop: the next process would tell it again
                    if timeout(RECORD, self.keep(&mut asked)).await.is_err() {
                        self.note(&mut asked, Err(format!("no answer within {} s", RECORD.as_secs())));
                    }
                }
            }
            report.progress();
            stop.run_until_cancelled(sleep(LOOK)).await;
        }
    }

    /// All that can be known now.
    fn current(&self, asked: &Asked, worker: &Reported, parts: &[crate::supervise::PartStatus]) -> Current {
        let (mut current, told) = (Current::default(), self.told());
        in_database(&mut current, &self.hooks.ini, &asked.found);
        in_parts(&mut current, &told, &self.hooks.ini, parts);
        if self.hooks.reserve > 0 {
            on_disk(&mut current, &told, &self.hooks.directories, self.hooks.reserve);
        }
        if !asked.ever {
            let of_database = [Kind::Parked, Kind::Drift, Kind::Unreplicated, Kind::Comparison, Kind::Ready];
            current.unknown.extend(of_database);
        }
        let stage = if current.standing.is_empty() { stage_of(worker) } else { None };
        if self.hooks.on_problem.is_none() {
            current.standing.clear();
        }
        let key = Key { kind: Kind::Ready, table: String::new(), name: String::new() };
        match stage {
            Some(Stage { state: State::Ready, .. }) if self.hooks.on_ready.is_some() => {
                let ini = migration::drift::shell(&self.hooks.ini.to_string_lossy());
                let words = "all tables are in sync and were compared: ready to switch".to_owned();
                current.stands(Problem {
                    key,
                    words,
                    remedy: format!("londiste {ini} switchover --dry-run"),
                });
            }
            // it was ready, and is again in a moment
            Some(Stage {
                state: State::Ready | State::Uncompared | State::Comparing | State::CatchingUp,
                ..
            }) => {
                current.open.insert(key);
            }
            _ => {}
        }
        current
    }

    /// Asks the database, when that is due.
    async fn ask(&self, asked: &mut Asked, signs: Signs) {
        // the server of a root is the application's
        let is_root = signs.node.as_ref().is_some_and(|node| node.kind == NodeType::Root.as_str());
        let again = asked.when.is_none_or(|when| when.elapsed() >= ASK);
        let is_behind = self.told().is_ahead;
        let is_news = asked.what_for.as_ref() != Some(&signs);
        let fails = asked.failed.is_some();
        if !(again && (!is_root || is_behind || fails) || is_news && (again || !fails)) {
            return;
        }
        asked.when = Some(Instant::now());
        let answer = self.look(asked).await;
        if answer.is_ok() {
            asked.what_for = Some(signs);
        }
        self.note(asked, answer);
    }

    async fn look(&self, asked: &mut Asked) -> Result<(), String> {
        let (queue, job) = (self.worker.queue_name.as_str(), self.worker.job_name.as_str());
        let session = self.connect().await?;
        if !self.told().is_loaded {
            let kept = problem::told(&*session, queue, job).await.map_err(in_words)?;
            self.told().load(kept);
        }
        let info = node::info(&*session, queue).await.map_err(in_words)?;
        asked.node = info.map(|info| info.name).unwrap_or_default();
        asked.found = problem::list(&*session, queue).await.map_err(in_words)?;
        asked.ever = true;
        if self.told().is_ahead {
            self.write(&session).await?;
        }
        Ok(())
    }

    /// Keeps what was told, so that a process that comes later does not tell it again.
    async fn keep(&self, asked: &mut Asked) {
        let kept = async { self.write(&self.connect().await?).await };
        let kept = kept.await;
        self.note(asked, kept);
    }

    async fn write(&self, session: &Session) -> Result<(), String> {
        let all = self.told().all();
        let (queue, job) = (self.worker.queue_name.as_str(), self.worker.job_name.as_str());
        problem::keep_told(&**session, queue, job, &all).await.map_err(in_words)?;
        self.told().is_ahead = false;
        Ok(())
    }

    async fn connect(&self) -> Result<Session, String> {
        let (db, job) = (&self.worker.db, self.worker.job_name.as_str());
        let here = db.parse::<pg::ConnectString>().map_err(|error| format!("db: {error}"))?;
        let application = SessionName { job, purpose: Purpose::Hooks }.to_string();
        let session = Session::connect(&here.within(self.worker.limits), &application).await;
        session.map_err(|error| error.to_string())
    }

    fn note(&self, asked: &mut Asked, answer: Result<(), String>) {
        let failed = answer.err();
        if let Some(why) = failed.as_ref().filter(|why| asked.failed.as_ref() != Some(*why)) {
            let queue = self.worker.queue_name.as_str();
            warn!(queue, "this node's database could not be asked for problems, trying again: {why}");
        }
        asked.failed = failed;
    }

    /// Runs the hook that is meant. One that fails is logged, and was told all the same; false where the stop has ended
    /// it.
    async fn tell(&self, change: &Change, node: &str, report: &Report, stop: &CancellationToken) -> bool {
        let Some(kind) = change.kind() else { return true };
        let (key, hook, state) = match (kind, change.is_over) {
            (Kind::Ready, true) => return true,
            (Kind::Ready, false) => ("hook_on_ready", &self.hooks.on_ready, "ready"),
            (_, true) => ("hook_on_problem", &self.hooks.on_problem, "over"),
            (_, false) => ("hook_on_problem", &self.hooks.on_problem, "problem"),
        };
        let Some(hook) = hook else { return true };
        let (queue, words) = (self.worker.queue_name.as_str(), change.words());
        info!(queue, %kind, state, "{key} is told: {words}");
        let facts = Facts::default()
            .with("LONDISTE_STATE", state)
            .with("LONDISTE_KIND", kind)
            .with("LONDISTE_QUEUE", queue)
            .with("LONDISTE_JOB", &self.worker.job_name)
            .with("LONDISTE_NODE", node)
            .with("LONDISTE_TABLE", change.table())
            .with("LONDISTE_TEXT", words)
            .with("LONDISTE_REMEDY", change.remedy());
        let mut signs = interval(LOOK);
        let run = hook::run(key, hook, self.hooks.limit, &facts);
        let mut run = std::pin::pin!(run);
        let stopping = async {
            stop.cancelled().await;
            sleep(LAST).await;
        };
        let mut stopping = std::pin::pin!(stopping);
        loop {
            tokio::select! {
                ended = &mut run => {
                    if let Err(failed) = ended {
                        error!(queue, "{failed}");
                    }
                    return true;
                }
                _ = signs.tick() => report.sign(),
                () = &mut stopping => {
                    warn!(queue, "{key} is ended with this process, and is told the same again by the next one");
                    return false;
                }
            }
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signs(worker: &Reported, parts: &[crate::supervise::PartStatus]) -> Signs {
    let told = parts.iter().map(|part| part.report.facts());
    let mut signs = Signs { node: worker.node.clone(), tables: worker.tables.clone(), ..Signs::default() };
    for facts in told {
        if let Some(compared) = facts.comparison {
            signs.verdicts = (compared.equal, compared.differ, compared.unverified);
        }
        signs.drift = signs.drift.or(facts.drift);
    }
    signs
}

/// Where the migration to this node stands; of a root, and before the worker has looked, there is nothing to be said.
fn stage_of(worker: &Reported) -> Option<Stage> {
    let is_leaf = worker.node.as_ref().is_some_and(|node| node.kind != NodeType::Root.as_str());
    let seen = worker.outlook.as_deref().filter(|_| is_leaf && !worker.paused)?;
    Some(outlook::stage(&Situation { nodes: &[seen], lag: worker.lag(), failing: None }))
}

fn in_words(error: pgq::Error) -> String {
    crate::chain(&error)
}
