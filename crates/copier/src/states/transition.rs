//! Transition of a table whose state is still what this copy believes: `remove-table` and `resync` may have come
//! between.

use pg::Client;
use pgq::table::{self, MergeState};

use crate::Result;
use crate::error::During;

/// Moves the table on in the caller's transaction; false when its state is another by now.
pub(crate) async fn advance(
    client: &Client,
    queue: &str,
    name: &str,
    from: MergeState,
    to: MergeState,
    snapshot: Option<&str>,
) -> Result<bool> {
    Ok(!advance_all(client, queue, &[name], from, to, snapshot).await?.is_empty())
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
    let moved = table::advance(client, queue, tables, from, to, snapshot)
        .await
        .during(format!("moving table {} from {from} to {to}", tables.join(", ")))?;
    Ok(moved)
}
