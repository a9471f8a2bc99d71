//! Moving a table on only where its state is still what this copy believes: `remove-table` and `resync` may have come between.

use pg::Client;
use pgq::table::MergeState;

use crate::Result;
use crate::error::During;

/// Moves the table on in the caller's transaction; false when its state is another by now.
pub(crate) async fn advance(
    client: &Client,
    queue: &str,
    table: &str,
    from: MergeState,
    to: MergeState,
    snapshot: Option<&str>,
) -> Result<bool> {
    let sql = "update londiste.table_info set merge_state = $4, custom_snapshot = $5 \
                where queue_name = $1 and table_name = $2 and local and merge_state is not distinct from $3";
    let moved = client
        .execute(sql, &[&queue, &table, &from.to_column(), &to.to_column(), &snapshot])
        .await
        .during(format!("moving table {table} from {from} to {to}"))?;
    Ok(moved == 1)
}
