//! Partitions that have gone on the root, with rows that this node may have: in a partition of other bounds, or in a
//! table that is not partitioned. They are looked for when the root tells, and now and then, since users delete them.

use pg::Session;
use pgq::table::{self, GonePartition};
use tracing::{info, warn};

use crate::error::During;
use crate::{Error, Result, Worker};

/// Looks for the rows of all partitions that have gone, and keeps what is to be told of them.
///
/// # Errors
/// The connection is lost.
pub(crate) async fn look(worker: &Worker, target: &Session) -> Result<()> {
    let (job, queue) = (worker.config.job_name.as_str(), worker.config.queue_name.as_str());
    for gone in table::gone_partitions(&**target, queue).await? {
        let GonePartition { dest, partition, .. } = &gone;
        apply::begin(target, worker.config.limits).await?;
        let found = apply::has_rows_of(target, dest, &gone.bounds).await;
        let settled = if found.is_ok() { "commit" } else { "rollback" };
        target.batch_execute(settled).await.during("looking for the rows of a partition")?;
        // what cannot be told counts as different
        let here = match found.map_err(Error::from) {
            Ok(Ok(here)) => here,
            Ok(Err(reason)) => {
                warn!(
                    job,
                    queue,
                    table = dest,
                    partition,
                    "the partition has gone on the root; whether its rows are here cannot be told: {reason}"
                );
                true
            }
            Err(error) if error.is_connection_lost() => return Err(error),
            Err(error) => {
                warn!(
                    job,
                    queue,
                    table = dest,
                    partition,
                    "the partition has gone on the root; its rows could not be looked for: {error}"
                );
                true
            }
        };
        let differs = table::know_gone_rows(&**target, queue, &gone, here).await?;
        match (gone.rows_here, differs) {
            (Some(true), true) => {}
            (_, true) => {
                warn!(
                    job,
                    queue,
                    table = dest,
                    partition,
                    "the partition has gone on the root, its rows are here: see tables"
                );
            }
            (_, false) => {
                info!(
                    job,
                    queue,
                    table = dest,
                    partition,
                    "the partition has gone on the root, none of its rows is here"
                );
            }
        }
    }
    Ok(())
}
