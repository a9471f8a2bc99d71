//! Running process: its jobs, and the signals that steer it.

use std::collections::BTreeMap;
use std::sync::Arc;

use parts::Bell;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::log::{LogFile, within};
use crate::notify::Notifier;
use crate::order::Launch;
use crate::service::{Service, Surroundings};
use crate::signals::{Heard, Signals};
use crate::socket::Socket;
use crate::status::Jobs;
use crate::supervise::Supervisor;
use crate::throttling::Throttling;
use crate::{Error, metrics};

/// Jobs under supervision, from the start-up checks to the end.
pub(crate) struct Process {
    jobs: Vec<Job>,
    launch: Launch,
    ended: JoinSet<usize>,
    stopping: bool,
    signals: Signals,
    notifier: Notifier,
    /// What everybody else sees of the jobs.
    shown: Jobs,
    surroundings: Surroundings,
    over: mpsc::UnboundedReceiver<String>,
    /// Bound by the checks, served when the jobs run.
    listeners: Vec<metrics::Listener>,
}

struct Job {
    service: Service,
    log: Option<Arc<LogFile>>,
    supervisor: Option<Supervisor>,
    /// Read anew; takes over when the parts have ended.
    replacement: Option<Service>,
}

impl Process {
    pub(crate) fn new(
        jobs: Vec<(Service, Option<Arc<LogFile>>)>,
        launch: Launch,
        signals: Signals,
    ) -> Process {
        let jobs =
            jobs.into_iter().map(|(service, log)| Job { service, log, supervisor: None, replacement: None });
        let jobs: Vec<Job> = jobs.collect();
        let shown = jobs.iter().map(|job| &job.service);
        let shown = shown.map(|s| (s.job.clone(), s.section, s.ini.file().to_owned()));
        let shown = Jobs::new(shown);
        let (told, over) = mpsc::unbounded_channel();
        let observed = jobs.iter().any(|job| job.service.failure_policy.metrics_listen.is_some());
        Process {
            jobs,
            ended: JoinSet::new(),
            stopping: false,
            signals,
            notifier: Notifier::new(launch.background),
            launch,
            shown,
            surroundings: Surroundings { ticks: Bell::default(), over: told, observed },
            over,
            listeners: Vec::new(),
        }
    }

    /// Makes the start-up checks of all jobs. `false`: told to stop meanwhile.
    pub(crate) async fn check(&mut self) -> Result<bool, Error> {
        let mut addresses: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for failure_policy in self.jobs.iter().map(|job| &job.service.failure_policy) {
            if let Some(address) = failure_policy.metrics_listen {
                addresses.entry(address).or_default().extend(failure_policy.metrics_hosts.iter().cloned());
            }
        }
        for (address, hosts) in addresses {
            self.listeners.push(metrics::Listener::bind(address, metrics::Hosts::new(hosts)).await?);
        }
        let checks = self.jobs.iter().map(|job| Box::pin(within(job.log.clone(), job.service.check())));
        let mut checked = futures_util::future::join_all(checks);
        loop {
            tokio::select! {
                checked = &mut checked => return Error::all(checked).map(|_| true),
                heard = self.signals.next() => match heard {
                    Heard::Interrupt | Heard::Terminate => return Ok(false),
                    Heard::Hangup => {}
                },
            }
        }
    }

    /// Runs all jobs until they have ended or the process was told to stop.
    ///
    /// # Errors
    /// A part failed without end, in a job with `on_failure = exit`.
    pub(crate) async fn run(&mut self) -> Result<(), Error> {
        tracing::info!("started, process {}", std::process::id());
        let mut serving = self.listen();
        for listener in self.listeners.drain(..) {
            listener.serve(self.shown.clone(), &mut serving);
        }
        for index in 0..self.jobs.len() {
            self.start(index);
        }
        let mut given_up = None;
        loop {
            tokio::select! {
                ended = self.ended.join_next() => match ended {
                    Some(Ok(index)) => self.replace(index),
                    Some(Err(error)) => tracing::error!("{error}"),
                    None => break,
                },
                Some(reason) = self.over.recv(), if given_up.is_none() => {
                    tracing::error!("giving up (on_failure = exit): {reason}");
                    given_up = Some(reason);
                    self.stop();
                }
                () = self.notifier.due() => self.notifier.look(&self.shown).await,
                heard = self.signals.next() => match heard {
                    Heard::Interrupt if self.stopping => {
                        tracing::info!("stopped at once by a second SIGINT");
                        self.supervisors().for_each(Supervisor::abort);
                    }
                    Heard::Interrupt => {
                        tracing::info!("SIGINT: stopping after what is in hand");
                        self.stop();
                    }
                    Heard::Terminate => {
                        tracing::info!("SIGTERM: stopping at once");
                        self.stopping = true;
                        self.notifier.stopping();
                        self.supervisors().for_each(Supervisor::abort);
                    }
                    Heard::Hangup => self.reload(),
                },
            }
        }
        serving.shutdown().await;
        tracing::info!("stopped");
        given_up.map_or(Ok(()), |reason| Err(Error::GaveUp { reason }))
    }

    /// Opens the control sockets. One that cannot be had is missed by nobody but `londisted status`.
    fn listen(&self) -> JoinSet<()> {
        let mut serving = JoinSet::new();
        for (number, job) in self.jobs.iter().enumerate() {
            let Some(pidfile) = &job.service.pidfile else { continue };
            let throttling = job.service.limits().map(|limits| Throttling::new(limits, pidfile));
            if let Some(Err(error)) = throttling.as_ref().map(Throttling::recall) {
                tracing::error!("{}: no throttle holds: {error}", job.service.job);
            }
            match Socket::bind(pidfile) {
                Ok(socket) => _ = serving.spawn(socket.serve(self.shown.clone(), number, throttling)),
                Err(error) => {
                    tracing::warn!("{}: no londisted status and no throttle: {error}", job.service.job)
                }
            }
        }
        serving
    }

    /// Each job finishes what it has in hand, within its own time limit.
    fn stop(&mut self) {
        self.stopping = true;
        self.notifier.stopping();
        for job in &self.jobs {
            let limit = job.service.failure_policy.stop_timeout;
            job.supervisor.iter().for_each(|supervisor| supervisor.stop_within(limit));
        }
    }

    fn supervisors(&self) -> impl Iterator<Item = &Supervisor> {
        self.jobs.iter().filter_map(|job| job.supervisor.as_ref())
    }

    fn start(&mut self, index: usize) {
        let Some(job) = self.jobs.get_mut(index) else { return };
        let supervisor = job.service.start(job.log.clone(), &self.surroundings);
        job.supervisor = Some(supervisor.clone());
        self.shown.runs(index, Some(supervisor.clone()));
        self.ended.spawn(async move {
            supervisor.finished().await;
            index
        });
    }

    /// In the background, what the runtime of the language says when it aborts (a stack that overflows) goes to the
    /// first log file.
    pub(crate) fn last_words(&self) {
        let log = self.jobs.iter().find_map(|job| job.log.as_ref()).filter(|_| self.launch.background);
        if let Some(Err(error)) = log.map(|log| log.becomes_stderr()) {
            tracing::warn!("standard error stays closed: {error}");
        }
    }

    /// A job's parts have ended: its new settings take over, if there are any.
    fn replace(&mut self, index: usize) {
        let Some(job) = self.jobs.get_mut(index) else { return };
        job.supervisor = None;
        self.shown.runs(index, None);
        if let Some(newer) = job.replacement.take().filter(|_| !self.stopping) {
            job.service = newer;
            self.start(index);
        }
    }

    /// Opens the log files again, reads the ini files again, and starts anew the parts of jobs with other settings.
    /// What cannot be read leaves its job as it was.
    fn reload(&mut self) {
        for log in self.jobs.iter().filter_map(|job| job.log.as_ref()) {
            if let Err(error) = log.reopen() {
                tracing::error!("{error}");
            }
        }
        self.last_words();
        if self.stopping {
            return;
        }
        self.notifier.reloading();
        tracing::info!("reload (SIGHUP): log files opened again, reading the ini files again");
        for job in &mut self.jobs {
            match reread(job, &self.launch.overrides) {
                Ok(Reread::Anew(newer)) => {
                    job.replacement = Some(*newer);
                    job.supervisor.iter().for_each(Supervisor::stop);
                }
                Ok(Reread::Live(newer)) => match &mut job.replacement {
                    Some(replacement) => *replacement = *newer,
                    None => job.service = *newer,
                },
                Ok(Reread::Unchanged) => {}
                Err(error) => tracing::error!("the settings stay as they were: {error}"),
            }
        }
        let known: Vec<_> = self.jobs.iter().map(|job| job.service.ini.file()).collect();
        let files = self.launch.expanded().unwrap_or_default();
        for file in files.iter().filter(|file| !known.contains(&file.as_path())) {
            tracing::warn!("{} is new, which needs a restart of the process", file.display());
        }
        self.notifier.reloaded();
    }
}

/// What a reload means for a job.
enum Reread {
    Unchanged,
    /// Its parts have taken over the new settings.
    Live(Box<Service>),
    /// Its parts have to be started anew.
    Anew(Box<Service>),
}

/// Reads a job's settings again; what its running parts can take over holds at once.
fn reread(job: &Job, overrides: &[(String, String)]) -> Result<Reread, Error> {
    let service = job.replacement.as_ref().unwrap_or(&job.service);
    let (file, name) = (service.ini.file(), &service.job);
    let newer = Service::read(file, overrides, Some(service.section))?;
    newer.warnings().iter().for_each(|line| tracing::warn!("{line}"));
    let changes = service.changes(&newer)?;
    if !changes.identity.is_empty() {
        let keys = changes.identity.join(", ");
        tracing::error!(
            "{name}: {keys} changed, which makes it another job: nothing applied, restart the process"
        );
        return Ok(Reread::Unchanged);
    }
    if !changes.restart.is_empty() {
        tracing::warn!(
            "{name}: {} changed, which needs a restart of the process",
            changes.restart.join(", ")
        );
    }
    if !changes.live.is_empty() {
        tracing::info!("{name}: {} changed, from now on", changes.live.join(", "));
    }
    if !changes.now.is_empty() {
        tracing::info!("{name}: {} changed: starting the parts anew", changes.now.join(", "));
        return Ok(Reread::Anew(Box::new(service.renewed(newer))));
    }
    if changes.live.is_empty() {
        return Ok(Reread::Unchanged);
    }
    Ok(Reread::Live(Box::new(service.renewed(newer))))
}
