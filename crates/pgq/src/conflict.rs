//! Counts of changes that met other rows than the source had: `londiste_rs.table_conflict`.

use std::collections::HashMap;
use std::time::SystemTime;

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{message, row, rows};
use crate::error::Answer;

/// The last of some conflicts.
#[derive(Clone, Debug)]
pub struct Last<'a> {
    /// insert, update, delete.
    pub op: &'a str,
    /// Key columns and their values.
    pub key: &'a str,
    /// `ev_id`.
    pub event: i64,
}

/// Conflicts of a table since the counter was made.
#[derive(Clone, Debug)]
pub struct Counter {
    /// `schema.table`, as the queue names it.
    pub table: String,
    /// How many.
    pub conflicts: i64,
}

/// Counts conflicts of a table, in the transaction of the batch.
pub async fn count<C: GenericClient>(
    client: &C,
    queue: &str,
    table: &str,
    conflicts: i64,
    last: &Last<'_>,
) -> Result<()> {
    let sql = "select londiste_rs.count_conflicts($1, $2, $3, $4, londiste_rs.storable($5), $6)";
    let Last { op, key, event } = last;
    row(client, "londiste_rs.count_conflicts", sql, &[&queue, &table, &conflicts, op, &message(key), event])
        .await?;
    Ok(())
}

/// When tables of a queue have met their last conflict, by the database's clock.
pub async fn last_times<C: GenericClient>(client: &C, queue: &str) -> Result<HashMap<String, SystemTime>> {
    let sql = "select table_name, last_time from londiste_rs.table_conflict where queue_name = $1";
    let rows = rows(client, "londiste_rs.table_conflict", sql, &[&queue]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The counters of a queue's tables.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Counter>> {
    let sql = "select table_name, conflicts from londiste_rs.table_conflict where queue_name = $1 order by table_name";
    let rows = rows(client, "londiste_rs.table_conflict", sql, &[&queue]).await?;
    let counter =
        |row: &tokio_postgres::Row| Counter { table: row.get("table_name"), conflicts: row.get("conflicts") };
    Ok(rows.iter().map(counter).collect())
}

/// Whether the version of the connected node records conflicts.
pub async fn are_recorded<C: GenericClient>(client: &C) -> Answer<bool> {
    let sql = "select to_regclass('londiste_rs.table_conflict') is not null";
    Ok(client.query_one(sql, &[]).await?.get(0))
}
