//! Subscriber: the loop of a leaf's worker around its batches.

use pg::Session;
use pgq::batch;
use pgq::node::NodeInfo;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::ended::Ended;
use crate::leaf::{Leaf, Step, Work};
use crate::{Result, Worker, hand_over};

/// Works until `stop` is cancelled or the connections are to be renewed.
///
/// # Errors
/// Any failure; the databases hold the position.
pub(crate) async fn run(
    worker: &Worker,
    target: &mut Session,
    node: &NodeInfo,
    stop: &CancellationToken,
) -> Result<Ended> {
    let mut leaf = Leaf::open(worker, target, node).await?;
    while !stop.is_cancelled() {
        match leaf.next_step(target).await? {
            Step::Reconnect => return Ok(Ended::Reconnect),
            Step::Changed => return Ok(Ended::Changed),
            Step::Wait { paused, still } => {
                worker.report.idle(paused);
                leaf.wait(target, still, stop).await;
            }
            Step::Recover(batch) => {
                let (job, queue) = (&worker.config.job_name, &worker.config.queue_name);
                debug!(job, queue, tick = batch.tick, "batch was applied before");
                batch::finish(&*leaf.provider, &batch).await?;
            }
            Step::HandOver(work) => {
                let Work { state, batch, tables } = work;
                let settled = hand_over::settle(worker, &leaf.provider, target, &batch, tables, stop).await?;
                let Some(tables) = settled else { break };
                leaf.apply(target, &Work { state, batch, tables }, stop).await?;
            }
            Step::Apply(work) => leaf.apply(target, &work, stop).await?,
        }
    }
    hand_over::give_back(worker, target).await?;
    Ok(Ended::Stopped)
}
