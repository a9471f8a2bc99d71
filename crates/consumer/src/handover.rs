//! The worker's half of handing a table over from its copy.
//!
//! A copy in `wanna-sync:t` has the batch ending at t in hand and not applied. When the worker's batch in hand ends at T >= t, it says
//! `do-sync:T`; the copy applies what is before, until T is its batch in hand too, and says `ok`. Then the worker applies T with the table.

use std::time::Duration;

use pg::Session;
use pgq::Batch;
use pgq::table::{self, MergeState, TableInfo};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::During;
use crate::{Result, Worker};

/// A copy that does not answer for so long has a trouble of its own: the table goes back to catching up, the others go on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settles all tables whose copies have reached the batch in hand; answers the tables as they are then, `None` when stopped meanwhile.
pub(crate) async fn settle(
    worker: &Worker,
    target: &Session,
    batch: &Batch,
    mut tables: Vec<TableInfo>,
    stop: &CancellationToken,
) -> Result<Option<Vec<TableInfo>>> {
    let queue = worker.config.queue_name.as_str();
    let mut bell = worker.bell.listen();
    let began = Instant::now();
    loop {
        let mut open = Vec::new();
        for table in tables.iter().filter(|t| t.local) {
            let due = match table.state {
                MergeState::WannaSync(tick) => tick <= batch.tick,
                MergeState::DoSync(_) => true,
                _ => false,
            };
            if due {
                if table.state != MergeState::DoSync(batch.tick) {
                    advance(worker, target, table, MergeState::DoSync(batch.tick)).await?;
                }
                open.push(table.name.clone());
            }
        }
        if open.is_empty() {
            return Ok(Some(tables));
        }
        worker.bell.ring();
        bell.hush();
        tables = table::list(&**target, queue).await?;
        let unsettled = |t: &&TableInfo| t.local && matches!(t.state, MergeState::DoSync(_));
        if !tables.iter().any(|t| unsettled(&t)) {
            continue;
        }
        if began.elapsed() > PATIENCE {
            for table in tables.iter().filter(unsettled) {
                let name = &table.name;
                warn!(queue, table = name, tick = batch.tick, "its copy does not answer: it goes back to catching up");
                advance(worker, target, table, MergeState::CatchingUp).await?;
            }
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

/// Moves a table on, unless its copy has moved it meanwhile.
async fn advance(worker: &Worker, target: &Session, table: &TableInfo, to: MergeState) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    let sql = "update londiste.table_info set merge_state = $4 \
                where queue_name = $1 and table_name = $2 and merge_state = $3";
    let (from, to) = (table.state.to_column(), to.to_column());
    let moved = target.execute(sql, &[&queue, &table.name, &from, &to]).await.during("handing a table over")?;
    if moved == 1 {
        info!(job, queue, table = table.name, state = to, "table state");
    }
    Ok(())
}
