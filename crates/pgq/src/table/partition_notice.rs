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

/// Subscriber: keeps what the root has told of a partition, in its transaction `txid`. `bounds` tell which rows it had,
/// where it has gone.
pub async fn keep_partition_notice<C: GenericClient>(
    client: &C,
    queue: &str,
    name: &str,
    partition: &str,
    notice: &str,
    txid: i64,
    bounds: Option<&str>,
) -> Result<Kept> {
    let sql = "select londiste_rs.keep_partition_notice($1, $2, $3, $4, $5, $6)";
    let what = "londiste_rs.keep_partition_notice";
    let kept: Option<String> =
        row(client, what, sql, &[&queue, &name, &partition, &notice, &txid, &bounds]).await?.get(0);
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

/// A partition that has gone on the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GonePartition {
    /// The replicated table, `schema.table`.
    pub table: String,
    /// The table that its rows would be in here, `schema.table`.
    pub dest: String,
    /// `schema.table` of the partition on the root.
    pub partition: String,
    /// Which rows it had, as `londiste_rs.partition_bounds` describes it.
    pub bounds: String,
    /// Whether they were here when that was last looked for.
    pub rows_here: Option<bool>,
}

/// Subscriber: partitions that have gone on the root, and whose rows are here as far as is known.
pub async fn gone_partitions<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<GonePartition>> {
    let sql =
        "select table_name, dest_table, part_name, bounds, rows_here from londiste_rs.gone_partitions($1)";
    let gone = rows(client, "londiste_rs.gone_partitions", sql, &[&queue]).await?;
    let partition = |row: &tokio_postgres::Row| GonePartition {
        table: row.get(0),
        dest: row.get(1),
        partition: row.get(2),
        bounds: row.get(3),
        rows_here: row.get(4),
    };
    Ok(gone.iter().map(partition).collect())
}

/// Subscriber: takes note of whether rows of a partition that has gone are here. Answers whether the table differs by
/// it.
pub async fn know_gone_rows<C: GenericClient>(
    client: &C,
    queue: &str,
    gone: &GonePartition,
    rows_here: bool,
) -> Result<bool> {
    let sql = "select londiste_rs.know_gone_rows($1, $2, $3, $4)";
    let GonePartition { table, partition, .. } = gone;
    Ok(row(client, "londiste_rs.know_gone_rows", sql, &[&queue, table, partition, &rows_here]).await?.get(0))
}
