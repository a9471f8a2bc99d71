//! `worker --rewind` and `worker --reset`: after one side was restored to another state, the queue's and this node's word on the worker's
//! position differ. One of the two is taken for both.

use anyhow::{Context, Result, bail};
use daemon::control;
use pgq::{batch, node};

use super::Outcome;
use super::job::Job;

/// Whose word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// `--rewind`: this node's.
    OfNode,
    /// `--reset`: the queue's.
    OfQueue,
}

pub(crate) async fn run(job: &Job, position: Position) -> Result<Outcome> {
    let local = job.local().await?;
    let (queue, info) = (job.queue(), &local.info);
    if local.is_root() {
        bail!("node {} is the root of queue {queue}: its worker has no position of another node", info.name);
    }
    if let Some(pid) = job.settings.pidfile.as_deref().and_then(|pidfile| control::running(pidfile).ok()) {
        let ini = job.ini.display();
        bail!(
            "the worker runs (process {pid}): stop it first, londiste -s {ini}, and start it again behind this"
        );
    }
    let (Some(worker), Some(applied)) = (&info.worker, info.last_tick) else {
        bail!("node {} of queue {queue} has no worker; see node-status", info.name);
    };
    let provider = job.provider_of(info).await?;
    let there = batch::subscription(&*provider.session, queue, worker).await?;
    if there == Some(applied) {
        job.terminal.say(&format!("both sides say tick {applied} already"));
        return Ok(Outcome::Done);
    }
    match (position, there) {
        (Position::OfNode, _) => {
            batch::move_all(&*provider.session, queue, &[worker], applied).await.with_context(|| {
                format!(
                    "consumer {worker} cannot go on behind tick {applied}; where the provider does not have that tick (any more), copy anew: \
                     drop-node, create-leaf, add-table"
                )
            })?;
            let before = there.map_or_else(|| "nowhere".to_owned(), |tick| format!("at tick {tick}"));
            job.terminal.say(&format!(
                "consumer {worker} stood {before} in queue {queue} and goes on behind tick {applied}, as node {} has it",
                info.name
            ));
        }
        (Position::OfQueue, None) => {
            bail!(
                "consumer {worker} is not subscribed to queue {queue} on node {}; --rewind does that",
                provider.info.name
            );
        }
        (Position::OfQueue, Some(tick)) => {
            node::set_completed(&*local.session, queue, worker, tick).await?;
            job.terminal.say(&format!(
                "node {} stood at tick {applied} and goes on behind tick {tick}, as queue {queue} has it",
                info.name
            ));
            job.terminal.warn(&match tick > applied {
                true => format!("changes between ticks {applied} and {tick} are not applied here: compare, and resync what differs"),
                false => format!("changes between ticks {tick} and {applied} are applied once more: compare, and resync what differs"),
            });
        }
    }
    Ok(Outcome::Done)
}
