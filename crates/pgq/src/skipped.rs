//! Columns of the source that a node's table lacks on purpose: `londiste_rs.skipped_column`.

use std::collections::BTreeMap;

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{row, rows};
use crate::error::Answer;

/// Skipped columns by table, as the queue names it.
pub async fn list<C: GenericClient>(client: &C, queue: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let sql = "select table_name, array_agg(column_name order by column_name) \
                 from londiste_rs.skipped_column where queue_name = $1 group by table_name";
    let found = rows(client, "londiste_rs.skipped_column", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Sets the skipped columns of a table: these, and no others.
pub async fn set<C: GenericClient>(client: &C, queue: &str, name: &str, columns: &[String]) -> Result<()> {
    let sql = "select londiste_rs.skip_columns($1, $2, $3)";
    row(client, "londiste_rs.skip_columns", sql, &[&queue, &name, &columns]).await?;
    Ok(())
}

/// Tables with skipped columns, and what to say of them.
pub async fn remarks<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select table_name, remark from londiste_rs.skipped_remarks($1) order by table_name";
    let found = rows(client, "londiste_rs.skipped_remarks", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Whether the version of the connected node records skipped columns.
pub async fn are_recorded<C: GenericClient>(client: &C) -> Answer<bool> {
    let sql = "select to_regclass('londiste_rs.skipped_column') is not null";
    Ok(client.query_one(sql, &[]).await?.get(0))
}
