//! Notice of a partition that came with rows in it, or went, without events for its rows.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{row, rows};

/// Root: partitions of captured tables that came with rows in them, or went, since the last call: table, partition,
/// what happened. The subscribers are told by events.
pub async fn notice_partitions<C: GenericClient>(
    client: &C,
    queue: &str,
) -> Result<Vec<(String, String, String)>> {
    let sql = "select table_name, part_name, notice from londiste_rs.notice_partitions($1)";
    let noticed = rows(client, "londiste_rs.notice_partitions", sql, &[&queue]).await?;
    Ok(noticed.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// What a subscriber makes of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It does not matter here.
    No,
    /// It is kept, and told by `tables`.
    Yes,
    /// The table's copy in chunks is begun anew.
    CopiedAnew,
}

/// Subscriber: keeps what the root has told of a partition, in its transaction `txid`.
pub async fn keep_partition_notice<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    partition: &str,
    notice: &str,
    txid: i64,
) -> Result<Kept> {
    let sql = "select londiste_rs.keep_partition_notice($1, $2, $3, $4, $5)";
    let what = "londiste_rs.keep_partition_notice";
    let kept: Option<String> =
        row(client, what, sql, &[&queue, &name, &partition, &notice, &txid]).await?.get(0);
    Ok(match kept.as_deref() {
        None => Kept::No,
        Some("copied anew") => Kept::CopiedAnew,
        Some(_) => Kept::Yes,
    })
}

/// Subscriber: the table is copied again, what was told of its partitions matters no more.
pub async fn forget_partition_notices<C: GenericClient>(client: &C, queue: &str, name: &str) -> Result<()> {
    let sql = "delete from londiste_rs.partition_notice where queue_name = $1 and table_name = $2";
    let failed = crate::call::failed("londiste_rs.partition_notice");
    client.execute(sql, &[&queue, &name]).await.map_err(failed)?;
    Ok(())
}
