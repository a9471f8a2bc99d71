//! A batch, tried until it is applied: tables that fail by themselves are parked in the transaction that applies it for the others.

use pg::Session;
use pgq::table::{MergeState, TableInfo};
use pgq::{Batch, fail_point};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::parking::Parkings;
use crate::relax::relax;
use crate::replay::{Done, Replay};
use crate::{Result, Worker, unsupported};

/// Applies a batch. After a failure nothing of it is left behind, on either side.
pub(crate) async fn apply(
    worker: &Worker,
    provider: &Session,
    target: &Session,
    replay: &mut Replay<'_>,
    batch: &Batch,
    tables: &[TableInfo],
    stop: &CancellationToken,
) -> Result<Done> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let mut parkings = Parkings::of(worker, batch);
    for table in tables.iter().filter(|table| table.local && table.state == MergeState::Ok) {
        if let Some(reason) = unsupported::reason(table) {
            parkings.refuse(table, reason);
        }
    }
    if !parkings.is_empty()
        && let Err(failed) = parkings.prepare(provider, target).await
    {
        parkings.withdraw(provider).await;
        return Err(failed);
    }
    loop {
        let error = match Box::pin(replay.apply(provider, target, batch, tables, &parkings)).await {
            Ok(done) => {
                replay.settle();
                parkings.tell();
                if !parkings.is_empty() {
                    fail_point::reached("parked");
                }
                return Ok(done);
            }
            Err(error) => error,
        };
        // a foreign key or trigger that came after the last look is relaxed, and the batch tried again
        if !error.is_connection_lost() && !stop.is_cancelled() {
            if relax(job, queue, target).await? > 0 {
                info!(job, queue, tick = batch.tick, "trying the batch again, foreign keys relaxed: {error}");
                continue;
            }
            if replay.disentangle(target, &error).await? {
                info!(
                    job,
                    queue,
                    tick = batch.tick,
                    "trying the batch again, with the final rows of tables only: {error}"
                );
                continue;
            }
            if parkings.add(target, tables, &error).await? {
                if let Err(failed) = parkings.prepare(provider, target).await {
                    parkings.withdraw(provider).await;
                    return Err(failed);
                }
                fail_point::reached("parking-prepared");
                continue;
            }
        }
        replay.settle();
        parkings.withdraw(provider).await;
        return Err(error);
    }
}
