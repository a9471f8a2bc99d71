//! A table that goes from its copy to the worker at once: `ok`, with the snapshot of its rows in `custom_snapshot`.
//!
//! That is right where the worker's position lies before the snapshot: whatever the worker has still to apply and the snapshot has seen tells the
//! snapshot, and what it has not seen comes in the batches ahead. The worker must know of the table from its next batch on, so it holds a lock
//! while it applies one, looks for such tables when it has it, and a copy commits under the same lock.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{row, rows};

/// Expression of the worker, over queue and consumer: keeps copies from handing tables over until its transaction ends, and waits for those
/// that are about to.
pub const HOLD: &str =
    "pg_advisory_xact_lock(hashtext('londiste_rs.adoption'), hashtext(concat($1::text, ' ', $2::text)))";

const TRY: &str = "select pg_try_advisory_xact_lock_shared(hashtext('londiste_rs.adoption'), hashtext(concat($1::text, ' ', $2::text)))";

/// The newest tick that the provider's transaction in hand sees: all that is visible at it is in the transaction's snapshot. `None` for a table that
/// is not captured by functions generated here: a stock worker might go on with it, and that knows nothing of snapshots of tables that are `ok`.
pub async fn seen_tick<C: GenericClient>(provider: &C, queue: &str, table: &str) -> Result<Option<i64>> {
    let ours = "select to_regclass('londiste_rs.capture') is not null";
    if !row(provider, "londiste_rs.capture", ours, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let sql = "select max(t.tick_id) from pgq.tick t join pgq.queue q on q.queue_id = t.tick_queue \
                where q.queue_name = $1 and exists (select from londiste_rs.capture c where c.queue_name = $1 and c.table_name = $2)";
    Ok(row(provider, "pgq.tick", sql, &[&queue, &table]).await?.get(0))
}

/// Worker, under its lock: tables that are `ok` with a snapshot, and that.
pub async fn adopted<C: GenericClient>(target: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select table_name, custom_snapshot from londiste.table_info \
                where queue_name = $1 and local and merge_state = 'ok' and custom_snapshot is not null";
    let rows = rows(target, "londiste.table_info", sql, &[&queue]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Copy: what speaks about the table's hand-over in the transaction in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The worker applies a batch.
    Busy,
    /// The worker is behind the snapshot, and stays there until the transaction ends.
    Taken,
    /// The worker has come further than the snapshot, reads from another node, or other nodes read from this one.
    Refused,
}

/// Copy: may the table, whose rows are those of a snapshot of `provider_node` that sees tick `tick`, be the worker's when the transaction ends?
/// Never on a node that others subscribe to: their copies would read rows that are ahead of its queue.
pub async fn offer<C: GenericClient>(
    target: &C,
    queue: &str,
    consumer: &str,
    provider_node: &str,
    tick: i64,
) -> Result<Offer> {
    if !row(target, "pg_try_advisory_xact_lock_shared", TRY, &[&queue, &consumer]).await?.get::<_, bool>(0) {
        return Ok(Offer::Busy);
    }
    let sql = "select exists (select from pgq_node.local_state l join pgq_node.node_info n using (queue_name) \
                               where l.queue_name = $1 and l.consumer_name = $2 and l.provider_node = $3 \
                                 and l.last_tick_id <= $4 and n.node_type = 'leaf')";
    let taken = row(target, "pgq_node.local_state", sql, &[&queue, &consumer, &provider_node, &tick]).await?;
    Ok(if taken.get(0) { Offer::Taken } else { Offer::Refused })
}
