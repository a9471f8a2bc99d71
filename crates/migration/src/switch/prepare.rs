//! Preparation of the new root, while the old one takes changes: its queue, closed, and the capture of its tables.

use std::time::Duration;

use parts::fail_point;
use pgq::{switch, table};
use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::switch::Sides;

/// How often a table's lock is tried for; its worker holds it for moments, others may hold it longer.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);
/// How long one try waits: the worker waits behind it.
const WAIT: &str = "500ms";

/// Makes ready what the new root needs, and records the switch `id` there. Answers the number of tables. Capture on a
/// closed queue refuses whatever is not the worker's: the tables are guarded from now on as they were before.
///
/// # Errors
/// A table's lock is not to be had, or the role may not create triggers.
pub async fn prepare(sides: &mut Sides, id: &str, who: &str) -> Result<usize> {
    let queue = sides.queue.clone();
    let settings = switch::settings(&*sides.old, &queue).await?;
    switch::prepare(&*sides.new, &queue, id, &sides.old_node.name, who, &settings).await?;
    fail_point::reached("switch-prepared");
    let tables = table::list(&*sides.new, &queue).await?;
    let names: Vec<String> = tables.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    for name in &names {
        prepare_table(sides, &queue, name).await?;
    }
    fail_point::reached("switch-captured");
    Ok(names.len())
}

async fn prepare_table(sides: &mut Sides, queue: &str, name: &str) -> Result<()> {
    let mut tries = 1;
    loop {
        let done = once(sides, queue, name).await;
        match done {
            Err(Error::Pgq(pgq::Error::Sql { source, .. }))
                if source.is_lock_timeout() && tries < TRIES && !source.is_connection_lost() =>
            {
                tries += 1;
                sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn once(sides: &mut Sides, queue: &str, name: &str) -> Result<()> {
    let transaction = sides.new.transaction().await.map_err(pg::Error::from)?;
    let wait = format!("set local lock_timeout = '{WAIT}'");
    transaction.batch_execute(&wait).await.map_err(pg::Error::from)?;
    switch::prepare_table(&transaction, queue, name).await?;
    Ok(transaction.commit().await.map_err(pg::Error::from)?)
}
