//! Migrations that this process works on: a queue each, told from the outlooks of its workers.

use std::collections::BTreeMap;

use pgq::node::NodeType;
use pgq::outlook::{self, Outlook, Situation, Stage, State};

use super::now::{JobStatus, PartNow};
use crate::stage::{Command, commands};

/// A queue's migration.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) queue: String,
    pub(crate) stage: Stage,
    pub(crate) commands: Vec<Command>,
}

/// Migrations of all jobs whose workers have looked at their nodes.
pub(crate) fn all(jobs: &[JobStatus]) -> Vec<Migration> {
    let mut queues: BTreeMap<&str, Vec<&JobStatus>> = BTreeMap::new();
    for job in jobs {
        if let Some(node) = job.worker().and_then(|worker| worker.facts.node.as_ref()) {
            queues.entry(&node.queue).or_default().push(job);
        }
    }
    queues.into_iter().filter_map(|(queue, jobs)| of(queue, &jobs)).collect()
}

fn of(queue: &str, jobs: &[&JobStatus]) -> Option<Migration> {
    let nodes: Vec<&Outlook> = jobs.iter().filter_map(|job| job.outlook()).collect();
    if nodes.is_empty() {
        return None;
    }
    let workers = || jobs.iter().filter_map(|job| Some((*job, job.worker()?)));
    let failing = workers().find_map(|(job, worker)| {
        let why = worker.status.last_error.clone()?;
        Some((format!("the worker of {} fails", job.name), why))
    });
    let follows = |worker: &PartNow| {
        worker.facts.node.as_ref().is_some_and(|node| node.kind != NodeType::Root.as_str())
    };
    let lag =
        workers().filter(|(_, worker)| follows(worker)).filter_map(|(_, worker)| worker.facts.lag()).max();
    let stage = outlook::stage(&Situation { nodes: &nodes, lag, failing });
    // the subscriber is another process's
    if stage.state == State::NotBegun && nodes.iter().all(|node| node.kind == NodeType::Root) {
        return None;
    }
    let ini = |node: &str| {
        let job = jobs.iter().find(|job| job.outlook().is_some_and(|seen| seen.node == node))?;
        Some(job.file.display().to_string())
    };
    Some(Migration { queue: queue.to_owned(), commands: commands(&stage, ini), stage })
}
