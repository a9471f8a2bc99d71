//! Attempts to apply a batch. Tables that fail by themselves are parked in the transaction that applies it for the
//! others.

use std::time::Duration;

use parts::fail_point;
use pg::Session;
use pgq::Batch;
use pgq::table::{MergeState, NOT_SERVED, OTHER_TABLE, TableInfo};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::identity::Others;
use crate::parking::Parkings;
use crate::relax::relax;
use crate::replay::{Done, Replay};
use crate::{Error, Result, Worker, unsupported};

/// Pauses before a batch is tried again that a table's statement has failed in for a reason that says nothing of the
/// table, such as a deadlock. A table
/// that fails by it all the same is parked, or the others would wait for it for ever.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Both ends of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) provider: &'a Session,
    pub(crate) target: &'a Session,
}

/// Applies a batch. After a failure nothing of it is left behind, on either side.
pub(crate) async fn apply(
    worker: &Worker,
    sides: Sides<'_>,
    replay: &mut Replay<'_>,
    batch: &Batch,
    tables: &[TableInfo],
    others: &mut Others<'_>,
    stop: &CancellationToken,
) -> Result<Done> {
    let Sides { provider, target } = sides;
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let mut parkings = Parkings::of(worker, batch);
    let mut pauses = PAUSES.iter();
    refuse(&mut parkings, tables, others);
    prepare(&mut parkings, provider, target).await?;
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
        if !error.is_connection_lost() && !target.is_closed() && !stop.is_cancelled() {
            if let Error::Exchanged(names) = &error {
                others.compare_now(target).await?;
                refuse(&mut parkings, tables, others);
                if names.iter().all(|name| parkings.has(name)) {
                    prepare(&mut parkings, provider, target).await?;
                    info!(
                        job,
                        queue,
                        tick = batch.tick,
                        "trying the batch again without some tables: {error}"
                    );
                    continue;
                }
            }
            if relax(job, queue, target).await? > 0 {
                info!(job, queue, tick = batch.tick, "trying the batch again, foreign keys relaxed: {error}");
                continue;
            }
            if replay.ask(provider, target, &error).await? {
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
            if replay.check_before_commit(&error) {
                info!(
                    job,
                    queue,
                    tick = batch.tick,
                    "trying the batch again, to see whose check fails: {error}"
                );
                continue;
            }
            let passing = matches!(&error, Error::Apply(error) if error.is_passing());
            if passing && let Some(pause) = pauses.next() {
                info!(job, queue, tick = batch.tick, "trying the batch again: {error}");
                replay.afresh();
                let _ = stop.run_until_cancelled(tokio::time::sleep(*pause)).await;
                continue;
            }
            if parkings.add(target, tables, &error).await? {
                pauses = PAUSES.iter();
                prepare(&mut parkings, provider, target).await?;
                fail_point::reached("parking-prepared");
                continue;
            }
        }
        replay.settle();
        parkings.withdraw(provider).await;
        return Err(error);
    }
}

/// Leaves out the tables that the worker does not go on with.
fn refuse(parkings: &mut Parkings<'_>, tables: &[TableInfo], others: &Others<'_>) {
    for table in tables.iter().filter(|table| table.local && table.state == MergeState::Ok) {
        if let Some(reason) = unsupported::reason(table) {
            parkings.refuse(table, NOT_SERVED, reason);
        } else if let Some(reason) = others.reason(table) {
            parkings.refuse(table, OTHER_TABLE, reason.to_owned());
        }
    }
}

/// Prepares the parkings that are new; a failure takes all of them back.
async fn prepare(parkings: &mut Parkings<'_>, provider: &Session, target: &Session) -> Result<()> {
    let prepared = parkings.prepare(provider, target).await;
    if prepared.is_err() {
        parkings.withdraw(provider).await;
    }
    prepared
}
