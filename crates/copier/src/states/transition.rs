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
    Ok(!advance_all(client, queue, &[table], from, to, snapshot).await?.is_empty())
}

/// The same for several tables; answers which of them have moved.
pub(crate) async fn advance_all(
    client: &Client,
    queue: &str,
    tables: &[&str],
    from: MergeState,
    to: MergeState,
    snapshot: Option<&str>,
) -> Result<Vec<String>> {
    let sql = "update londiste.table_info set merge_state = $4, custom_snapshot = $5 \
                where queue_name = $1 and table_name = any ($2) and local and merge_state is not distinct from $3 \
            returning table_name";
    let moved = client
        .query(sql, &[&queue, &tables, &from.to_column(), &to.to_column(), &snapshot])
        .await
        .during(format!("moving table {} from {from} to {to}", tables.join(", ")))?;
    Ok(moved.iter().map(|row| row.get(0)).collect())
}
