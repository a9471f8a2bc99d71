//! Hand-over of a table from its copy, the worker's half.
//!
//! A copy in `wanna-sync:t` has the batch ending at t in hand and not applied. When the worker's batch in hand ends at
//! T >= t, it says
//! `do-sync:T`; the copy applies what is before, until T is its batch in hand too, and says `ok`. Then the worker
//! applies T with the table.

use std::time::Duration;

use parts::fail_point;
use pg::Session;
use pgq::batch::{self, Batch};
use pgq::table::{self, MergeState, TableInfo};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::During;
use crate::{Result, Worker};

/// A copy that does not answer for so long has a trouble of its own: the table goes back to catching up, the others go
/// on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the table's copy has reached the batch in hand, so that the two meet there.
pub(crate) fn is_due(table: &TableInfo, batch: &Batch) -> bool {
    match table.state {
        MergeState::WannaSync(tick) => table.local && tick <= batch.tick,
        MergeState::DoSync(_) => table.local,
        _ => false,
    }
}

/// Settles all tables whose copies have reached the batch in hand; answers the tables as they are then, `None` when
/// stopped meanwhile.
pub(crate) async fn settle(
    worker: &Worker,
    provider: &Session,
    target: &Session,
    batch: &Batch,
    mut tables: Vec<TableInfo>,
    stop: &CancellationToken,
) -> Result<Option<Vec<TableInfo>>> {
    let queue = worker.config.queue_name.as_str();
    let waits = |table: &TableInfo| table.local && matches!(table.state, MergeState::WannaSync(_));
    if tables.iter().any(waits) && !batch::is_single(&**provider, queue, batch).await? {
        // it was opened before the copy came so far; the copy would have to stop in the middle of it
        return Ok(Some(tables));
    }
    let mut bell = worker.bell.listen();
    let began = Instant::now();
    loop {
        let due: Vec<&TableInfo> = tables.iter().filter(|table| is_due(table, batch)).collect();
        if due.is_empty() {
            return Ok(Some(tables));
        }
        advance(worker, target, &due, MergeState::DoSync(batch.tick)).await?;
        worker.bell.ring();
        bell.hush();
        tables = table::list(&**target, queue).await?;
        let unsettled = |t: &&TableInfo| t.local && matches!(t.state, MergeState::DoSync(_));
        if !tables.iter().any(|t| unsettled(&t)) {
            continue;
        }
        if began.elapsed() > PATIENCE {
            let unsettled: Vec<&TableInfo> = tables.iter().filter(unsettled).collect();
            for table in &unsettled {
                let (table, tick) = (&table.name, batch.tick);
                warn!(queue, table, tick, "its copy does not answer: it goes back to catching up");
            }
            advance(worker, target, &unsettled, MergeState::CatchingUp).await?;
            tables = table::list(&**target, queue).await?;
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = bell.wait(Duration::from_millis(500)) => {}
        }
        tables = table::list(&**target, queue).await?;
    }
}

/// Sends tables in the middle of a hand-over back to catching up, before this worker ends: the stock worker, should it
/// be the next one, starts no copy that it finds begun, and would hold up all tables for the ones that it finds here.
pub(crate) async fn give_back(worker: &Worker, target: &Session) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let left = table::leave_hand_overs(&**target, queue).await;
    for table in left.during("leaving tables to the next worker")? {
        info!(job, queue, table, state = "catching-up", "hand-over is left to the next worker");
    }
    Ok(())
}

/// Moves tables on that are not there yet, unless their copies have moved them meanwhile. All of them at once: tables
/// that were copied together stay together while they have the same state.
async fn advance(worker: &Worker, target: &Session, tables: &[&TableInfo], to: MergeState) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let tables = tables.iter().filter(|table| table.state != to);
    let from: Vec<(&str, MergeState)> = tables.map(|table| (table.name.as_str(), table.state)).collect();
    if from.is_empty() {
        return Ok(());
    }
    let moved = table::advance_each(&**target, queue, &from, to).await.during("handing tables over")?;
    if !moved.is_empty() {
        fail_point::reached("do-sync-set");
    }
    let state = to.to_column();
    for table in moved {
        info!(job, queue, table, state, "table state");
    }
    Ok(())
}
