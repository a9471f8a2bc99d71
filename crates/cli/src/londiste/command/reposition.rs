//! `worker --rewind` and `worker --reset`: after one side was set back, the queue's and this node's word on the
//! worker's position differ. One of the two is taken for both.

use anyhow::{Context, Result, bail};
use daemon::control;
use pgq::position::{self, Kept, Mark};
use pgq::table::{self, MergeState};
use pgq::{batch, node, worker_lock};

use crate::londiste::command::resync;
use crate::londiste::support::job::{Job, Node};
use crate::londiste::support::outcome::Outcome;

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
    let (queue, info) = (job.queue(), &local.info.clone());
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
    let holder = worker_lock::node_holder(&*local.session, queue, worker).await;
    if let Some(holder) = holder.map_err(pg::Error::from).context("looking who works on the node")? {
        bail!(
            "the worker runs elsewhere, or the process that stands by has taken over ({holder}): stop every \
             process with this ini file first, on its machine, and start them again behind this"
        );
    }
    let provider = job.provider_of(info).await?;
    let sides = Sides::look(queue, worker, applied, &local, &provider).await?;
    match position {
        _ if sides.agree() => job.terminal.say(&format!("both sides say tick {applied} already")),
        Position::OfNode => rewind(job, &sides).await?,
        Position::OfQueue => reset(job, local, &sides).await?,
    }
    Ok(Outcome::Done)
}

/// The worker's position on both sides.
struct Sides<'a> {
    node: String,
    worker: &'a str,
    provider: &'a Node,
    /// Last tick that this node has applied, with what is kept of it.
    applied: i64,
    kept: Option<Kept>,
    /// The provider's tick of that number.
    same_number: Option<Mark>,
    /// Last tick finished at the provider.
    finished: Option<i64>,
    /// The provider's newest tick.
    newest: i64,
}

impl<'a> Sides<'a> {
    async fn look(
        queue: &str,
        worker: &'a str,
        applied: i64,
        local: &Node,
        provider: &'a Node,
    ) -> Result<Sides<'a>> {
        let there = &*provider.session;
        let name = &local.info.name;
        if !node::subscribers(there, queue).await?.iter().any(|subscriber| subscriber.node == *name) {
            bail!(
                "node {} knows no subscriber {name} of queue {queue}: it was set back to a time before this \
                 node was made, or the node was dropped there. Make this node anew: drop-node, create-leaf, \
                 add-table",
                provider.info.name
            );
        }
        Ok(Sides {
            node: name.clone(),
            worker,
            provider,
            applied,
            kept: position::kept(&*local.session, queue, worker).await?,
            same_number: position::mark(there, queue, applied).await?,
            finished: batch::subscription(there, queue, worker).await?,
            newest: batch::last_tick(there, queue).await?.unwrap_or_default(),
        })
    }

    /// The provider's tick of this number is another one.
    fn is_other_tick(&self) -> bool {
        let both = self.kept.as_ref().zip(self.same_number.as_ref());
        both.is_some_and(|(kept, mark)| !kept.may_be(self.applied, mark, &self.provider.info.name))
    }

    /// The provider has forgotten what this node has applied, or this node comes from before that.
    fn is_other_history(&self) -> bool {
        self.is_other_tick() || self.applied > self.newest
    }

    fn agree(&self) -> bool {
        self.finished == Some(self.applied) && !self.is_other_tick()
    }
}

async fn rewind(job: &Job, sides: &Sides<'_>) -> Result<()> {
    let (queue, worker, applied, there) =
        (job.queue(), sides.worker, sides.applied, &*sides.provider.session);
    if sides.is_other_tick() {
        bail!(
            "tick {applied} of node {} is not the one that node {} has applied: their histories differ. Take \
             the provider's word, worker --reset, then compare both sides and resync the tables that differ",
            sides.provider.info.name,
            sides.node
        );
    }
    batch::move_all(there, queue, &[worker], applied).await.with_context(|| {
        format!(
            "consumer {worker} cannot go on behind tick {applied}; where the provider does not have that \
             tick (any more), take its word: worker --reset, compare, resync; or copy anew: drop-node, \
             create-leaf, add-table"
        )
    })?;
    node::publish_watermark(there, queue, &sides.node, applied).await?;
    let before = sides.finished.map_or_else(|| "nowhere".to_owned(), |tick| format!("at tick {tick}"));
    job.terminal.say(&format!(
        "consumer {worker} stood {before} in queue {queue} and goes on behind tick {applied}, as node {} has it",
        sides.node
    ));
    Ok(())
}

async fn reset(job: &Job, mut local: Node, sides: &Sides<'_>) -> Result<()> {
    let (queue, worker, applied, there) =
        (job.queue(), sides.worker, sides.applied, &*sides.provider.session);
    let Some(tick) = sides.finished else {
        bail!(
            "consumer {worker} is not subscribed to queue {queue} on node {}; --rewind does that",
            sides.provider.info.name
        );
    };
    let mark = position::mark(there, queue, tick).await?;
    let mark = mark.with_context(|| format!("tick {tick} of consumer {worker} is not in queue {queue}"))?;
    let transaction = local.session.transaction().await.map_err(pg::Error::from)?;
    position::complete(&transaction, queue, worker, tick, &mark).await?;
    let mut again = Vec::new();
    if sides.is_other_history() {
        // transaction ids of the other history say nothing: neither which events a copy's rows hold, nor where a copy
        // stands
        for info in table::list(&transaction, queue).await?.into_iter().filter(|info| info.local) {
            if info.state.is_copying() {
                resync::again(&transaction, queue, &info.name).await?;
                again.push(info.name);
            } else if info.snapshot.is_some() {
                table::set_state(&transaction, queue, &info.name, MergeState::Ok, None).await?;
            }
        }
    }
    transaction.commit().await.map_err(pg::Error::from)?;
    node::publish_watermark(there, queue, &sides.node, tick).await?;
    job.terminal.say(&format!(
        "node {} stood at tick {applied} and goes on behind tick {tick}, as queue {queue} has it",
        sides.node
    ));
    if !again.is_empty() {
        job.terminal.say(&format!("copied again, as their copies were under way: {}", again.join(", ")));
    }
    job.terminal.warn(&match () {
        () if sides.is_other_history() => format!(
            "tick {applied} that node {} has applied is not in the provider's history: changes around it may \
             be on one side only: compare, and resync what differs",
            sides.node
        ),
        () if tick > applied => format!(
            "changes between ticks {applied} and {tick} are not applied here: compare, and resync what differs"
        ),
        () => format!(
            "changes between ticks {tick} and {applied} are applied once more: compare, and resync what differs"
        ),
    });
    Ok(())
}
