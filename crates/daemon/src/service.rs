//! Job of one ini file within the process.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parts::Bell;
use tokio::sync::mpsc;

use crate::ini::{self, FailurePolicy, Ini, OnFailure, PgqdSettings, Reload};
use crate::log::{Format, LogFile, Rotation, SyslogSettings};
use crate::supervise::{Backoff, Patience, Supervisor};
use crate::telling::{self, Hooks};
use crate::worker::Node;
use crate::{Error, tick, worker};

/// Tables that the copier takes along with others count as one for the worker.
const SMALL: consumer::Small =
    consumer::Small { bytes: copier::small::BYTES, together: copier::small::TOGETHER };

/// What an ini file asks for, read completely: nothing in it can fail any more.
pub(crate) struct Service {
    pub(crate) ini: Ini,
    pub(crate) section: &'static str,
    pub(crate) job: String,
    pub(crate) logfile: Option<PathBuf>,
    pub(crate) log_format: Format,
    pub(crate) log_rotation: Rotation,
    pub(crate) pidfile: Option<PathBuf>,
    pub(crate) syslog: Option<SyslogSettings>,
    pub(crate) failure_policy: FailurePolicy,
    kind: Kind,
}

enum Kind {
    Ticker(Box<ticker::Config>),
    Node { node: Box<Node>, longest_pause: Duration, loop_delay: Duration },
}

/// What the jobs of a process have in common.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// Rung by a ticker of this process, heard by its workers. It is only a hint to those of other queues.
    pub(crate) ticks: Bell,
    /// Is told by a part that fails without end, where the process shall end then.
    pub(crate) over: mpsc::UnboundedSender<String>,
    /// Somebody wants metrics.
    pub(crate) observed: bool,
}

/// What differs between two readings of an ini file, by key.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Taken over by the running parts.
    pub(crate) live: Vec<String>,
    /// Can be applied by starting the job's parts anew.
    pub(crate) now: Vec<String>,
    /// Need another process.
    pub(crate) restart: Vec<String>,
    /// Make it another job.
    pub(crate) identity: Vec<String>,
}

impl Service {
    /// Reads the job of `file`: `section`, or whichever of the two there is.
    pub(crate) fn read(
        file: &Path,
        overrides: &[(String, String)],
        section: Option<&'static str>,
    ) -> Result<Service, Error> {
        let ini = Ini::load(file, overrides)?;
        if section.is_none() && ini.has_section("pgqd") && ini.has_section("londiste") {
            return Err(Error::TwoJobs { file: file.into() });
        }
        let found = if ini.has_section("pgqd") { "pgqd" } else { "londiste" };
        match section.unwrap_or(found) {
            "pgqd" => {
                let PgqdSettings {
                    job_name,
                    logfile,
                    log_format,
                    log_rotation,
                    pidfile,
                    syslog,
                    failure_policy,
                    ticker,
                } = ini.pgqd()?;
                let kind = Kind::Ticker(Box::new(ticker));
                Ok(Service {
                    ini,
                    section: "pgqd",
                    job: job_name,
                    logfile,
                    log_format,
                    log_rotation,
                    pidfile,
                    syslog,
                    failure_policy,
                    kind,
                })
            }
            _ => {
                let settings = ini.londiste()?;
                let failure_policy = settings.failure_policy();
                let (mut consumer, mut copier): (consumer::Config, copier::Config) =
                    (ini.section("londiste")?, ini.section("londiste")?);
                (consumer.limits, copier.limits) = (settings.limits(), settings.limits());
                let db = settings.db.clone();
                let stand_in =
                    consumer.stand_in_ticker.then(|| ini.stand_in(db, settings.limits())).transpose()?;
                let files = [&settings.logfile, &settings.pidfile].into_iter().filter_map(Option::as_deref);
                copier.directories = telling::directories(files);
                let schema_names = settings.schema_names();
                let hooks = Hooks {
                    on_problem: settings.hook_on_problem,
                    on_ready: settings.hook_on_ready,
                    limit: settings.hook_timeout,
                    ini: ini.file().to_owned(),
                    directories: copier.directories.clone(),
                    reserve: settings.disk_reserve,
                };
                let node = Box::new(Node {
                    hooks,
                    told: Arc::default(),
                    stand_in,
                    limits: copier::Limits::new(&copier),
                    slots: consumer::Slots::new(consumer.parallel_copies, SMALL),
                    consumer,
                    copier,
                    pidfile: settings.pidfile.clone(),
                    compare_every: settings.compare_every.unwrap_or_default(),
                    compare_connections: settings.compare_connections,
                    compare_slice: settings.compare_slice,
                    drift_every: settings.drift_every.unwrap_or_default(),
                    schema_names,
                });
                Ok(Service {
                    ini,
                    section: "londiste",
                    job: settings.job_name,
                    logfile: settings.logfile,
                    log_format: settings.log_format,
                    log_rotation: Rotation { size: settings.log_size, count: settings.log_count },
                    pidfile: settings.pidfile,
                    syslog: None,
                    failure_policy,
                    kind: Kind::Node {
                        node,
                        longest_pause: settings.exception_sleep,
                        loop_delay: settings.loop_delay,
                    },
                })
            }
        }
    }

    /// One line for each key that does nothing.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.ini.warnings(self.section)
    }

    /// Tries what would fail at once if it were started now. Logs what is started, before anything else.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let checked = match &self.kind {
            Kind::Ticker(config) => {
                self.begins(String::new());
                let ticker = ticker::Ticker::new(ticker::Config::clone(config), Bell::default());
                ticker.check().await.map_err(Into::into)
            }
            Kind::Node { node, .. } => {
                let checked = worker::check(node).await;
                self.begins(checked.as_ref().map(|found| format!(": {found}")).unwrap_or_default());
                checked.map(drop).map_err(Into::into)
            }
        };
        checked.map_err(|source| Error::Check { job: self.job.clone(), source })
    }

    /// The first line of a start, and what is to be said of the ini file.
    fn begins(&self, found: String) {
        let file = self.ini.file();
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let (version, process, job) = (env!("CARGO_PKG_VERSION"), std::process::id(), &self.job);
        tracing::info!("londiste-rs {version}, process {process}, job {job} of {}{found}", file.display());
        for line in self.warnings() {
            tracing::warn!("{line}");
        }
    }

    /// Starts the job's parts. Must be called inside a runtime.
    pub(crate) fn start(&self, log: Option<Arc<LogFile>>, surroundings: &Surroundings) -> Supervisor {
        let Surroundings { ticks, over, observed } = surroundings.clone();
        let (backoff, rest) = match &self.kind {
            Kind::Ticker(config) => (Backoff::default(), config.ticker_period),
            Kind::Node { longest_pause, loop_delay, .. } => {
                (Backoff { longest: *longest_pause, ..Backoff::default() }, *loop_delay)
            }
        };
        let failures = self.failure_policy.max_failures;
        let patience =
            (self.failure_policy.on_failure == OnFailure::Exit).then_some(Patience { failures, over });
        let supervisor =
            Supervisor::new(&self.job, backoff).logging_to(log).losing_patience(patience).resting_up_to(rest);
        match &self.kind {
            Kind::Ticker(config) => tick::start(&supervisor, ticker::Config::clone(config), &ticks, observed),
            Kind::Node { node, .. } => worker::start(&supervisor, Node::clone(node), &ticks, observed),
        }
        supervisor
    }

    /// What slows the copies of a node's job down.
    pub(crate) fn limits(&self) -> Option<copier::Limits> {
        match &self.kind {
            Kind::Ticker(_) => None,
            Kind::Node { node, .. } => Some(node.limits.clone()),
        }
    }

    /// What the job works on, for telling two of them apart: the node of a queue, or the ticks of a database.
    pub(crate) fn works_on(&self) -> Vec<String> {
        match &self.kind {
            Kind::Ticker(config) => config.works_on(),
            Kind::Node { node, .. } => {
                let db = node.consumer.db.parse::<pg::ConnectString>();
                let place = db.map_or_else(|_| node.consumer.db.clone(), |db| db.to_string());
                vec![format!("queue {} in {place}", node.consumer.queue_name)]
            }
        }
    }

    /// Which keys differ in `newer`.
    pub(crate) fn changes(&self, newer: &Service) -> Result<Changes, Error> {
        let (old, new) = (self.ini.values(self.section)?, newer.ini.values(self.section)?);
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let mut changes = Changes::default();
        for key in keys.into_iter().filter(|key| old.get(*key) != new.get(*key)) {
            let list = match ini::reload(self.section, key) {
                Reload::Identity => &mut changes.identity,
                Reload::Restart => &mut changes.restart,
                Reload::Live => &mut changes.live,
                Reload::Anew | Reload::Commands => &mut changes.now,
            };
            list.push(key.clone());
        }
        Ok(changes)
    }

    /// The job with the settings of `newer`, but what needs a restart as it was. Running parts take over what they can.
    pub(crate) fn renewed(&self, newer: Service) -> Service {
        let kind = match newer.kind {
            Kind::Node { node, longest_pause, loop_delay } => {
                let mut node = Node { pidfile: self.pidfile.clone(), ..*node };
                if let Kind::Node { node: running, .. } = &self.kind {
                    running.steer(&node);
                    node.limits = running.limits.clone();
                    node.slots = running.slots.clone();
                    node.told = running.told.clone();
                }
                let node = Box::new(node);
                Kind::Node { node, longest_pause, loop_delay }
            }
            ticker => ticker,
        };
        Service {
            ini: newer.ini,
            section: self.section,
            job: self.job.clone(),
            logfile: self.logfile.clone(),
            log_format: self.log_format,
            log_rotation: self.log_rotation,
            pidfile: self.pidfile.clone(),
            syslog: self.syslog.clone(),
            failure_policy: newer.failure_policy,
            kind,
        }
    }
}
