//! Status of this process, for the control socket, systemd and metrics. Nothing here asks a database.

mod json;
mod migration;
mod now;
mod text;

pub(crate) use migration::Migration;
pub(crate) use now::{JobStatus, PartNow};
pub(crate) use text::{period, size};

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::supervise::Supervisor;

/// The jobs of the process. Clones are the same jobs.
#[derive(Clone, Debug)]
pub(crate) struct Jobs {
    since: SystemTime,
    jobs: Arc<Mutex<Vec<Job>>>,
}

#[derive(Debug)]
struct Job {
    name: String,
    section: &'static str,
    file: PathBuf,
    supervisor: Option<Supervisor>,
}

impl Jobs {
    /// Jobs that do not run yet: name, section and ini file of each.
    pub(crate) fn new(jobs: impl Iterator<Item = (String, &'static str, PathBuf)>) -> Jobs {
        let jobs = jobs.map(|(name, section, file)| Job { name, section, file, supervisor: None });
        Jobs { since: SystemTime::now(), jobs: Arc::new(Mutex::new(jobs.collect())) }
    }

    /// The job with this number runs now, or no longer.
    pub(crate) fn runs(&self, number: usize, supervisor: Option<Supervisor>) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get_mut(number) {
            job.supervisor = supervisor;
        }
    }

    /// All of them, or the one with this number.
    pub(crate) fn now(&self, number: Option<usize>) -> Vec<JobStatus> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let chosen = jobs.iter().enumerate().filter(|(at, _)| number.is_none_or(|number| number == *at));
        let now = chosen.map(|(_, job)| JobStatus {
            name: job.name.clone(),
            section: job.section,
            file: job.file.clone(),
            parts: parts(job.supervisor.as_ref()),
        });
        now.collect()
    }

    /// Where the migrations stand that these jobs belong to. What other jobs of the process know of them counts, too.
    pub(crate) fn migrations(&self, jobs: &[JobStatus]) -> Vec<Migration> {
        let is_theirs = |migration: &Migration| {
            let nodes = jobs.iter().filter_map(|job| job.worker()?.facts.node.as_ref());
            nodes.into_iter().any(|node| node.queue == migration.queue)
        };
        migration::all(&self.now(None)).into_iter().filter(is_theirs).collect()
    }

    /// How long the process runs.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed().unwrap_or_default()
    }

    /// For machines.
    pub(crate) fn json(&self, number: Option<usize>) -> serde_json::Value {
        let jobs = self.now(number);
        json::process(self.since, &jobs, &self.migrations(&jobs))
    }

    /// For people.
    pub(crate) fn text(&self, number: Option<usize>) -> String {
        let jobs = self.now(number);
        text::process(self.age(), &jobs, &self.migrations(&jobs))
    }

    /// In a few words.
    pub(crate) fn line(&self) -> String {
        text::line(&self.now(None))
    }

    /// Every job stands by.
    pub(crate) fn stand_by(&self) -> bool {
        self.now(None).iter().all(JobStatus::stands_by)
    }

    /// Every job stands by, or has made a tick, applied a batch, or found that there is nothing to apply.
    pub(crate) fn are_ready(&self) -> bool {
        self.now(None).iter().all(JobStatus::is_ready)
    }
}

fn parts(supervisor: Option<&Supervisor>) -> Vec<PartNow> {
    let parts = supervisor.map(Supervisor::status).unwrap_or_default();
    parts.into_iter().map(|status| PartNow { facts: status.report.facts(), status }).collect()
}
