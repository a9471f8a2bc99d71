//! Tables leave replication on one side, one in a transaction.

use anyhow::Result;
use parts::fail_point;
use pgq::table;

use super::ends::End;
use crate::londiste::support::job::Job;
use crate::londiste::support::retry_on_lock;

/// Takes all tables of the node out; answers their number.
///
/// # Errors
/// A lock is not to be had for all patience, or the server refuses.
pub(super) async fn tables(job: &Job, end: &mut End) -> Result<usize> {
    if end.node.is_none() {
        return Ok(0);
    }
    let queue = job.queue();
    let all = table::list(&*end.session, queue).await?;
    let names: Vec<String> = all.into_iter().filter(|info| info.local).map(|info| info.name).collect();
    let node_type = end.node_type();
    for name in &names {
        let note = retry_on_lock::in_transaction_on(
            &end.job,
            node_type,
            &mut end.session,
            name,
            async |transaction| Ok(table::remove(transaction, queue, name).await?),
        )
        .await?;
        // what does not come back is told at the end, with the statement for it
        if note.contains("cannot be brought back") || note.contains("do not come back") {
            job.terminal.warn(&format!("node {}: {note}", end.name()));
        }
        fail_point::reached("complete-table");
    }
    Ok(names.len())
}
