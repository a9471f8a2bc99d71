//! Trouble of tables: why their copies or their replay do not go on.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{message, row, rows};
use crate::error::Answer;

/// Stores why a table's copy does not go on, while the table is in the hands of a copy: what an attempt has to say
/// after the hand-over, or after the table was removed or asked for again, is dropped. What is said of a parked table
/// is left as it is.
pub async fn set_error<C: GenericClient>(client: &C, queue: &str, name: &str, error: &str) -> Result<()> {
    let sql = "select londiste_rs.keep_copy_error($1, $2, londiste_rs.storable($3))";
    row(client, "londiste_rs.keep_copy_error", sql, &[&queue, &name, &message(error)]).await?;
    Ok(())
}

/// Forgets why tables did not go on: they do.
pub async fn clear_errors<C: GenericClient>(client: &C, queue: &str, names: &[&str]) -> Result<()> {
    let sql = "delete from londiste_rs.table_error where queue_name = $1 and table_name = any ($2)";
    rows(client, "londiste_rs.table_error", sql, &[&queue, &names]).await?;
    Ok(())
}

/// Tables of the queue that do not go on: name, and why.
pub async fn troubles<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<(String, String)>> {
    let sql = "select table_name, trouble from londiste_rs.table_troubles($1)";
    Ok(client.query(sql, &[&queue]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Whether the connected node's version knows [`troubles`].
pub async fn knows_troubles<C: GenericClient>(client: &C) -> Answer<bool> {
    let sql = "select to_regprocedure('londiste_rs.table_troubles(text)') is not null";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

/// Clears the marks of parked tables that are `ok`: the stock worker has brought them to their end.
pub async fn clear_parked_ok<C: GenericClient>(client: &C, queue: &str) -> Answer<()> {
    let sql = "delete from londiste_rs.table_error e using londiste.table_info t \
                where e.queue_name = $1 and e.parked and t.queue_name = e.queue_name \
                  and t.table_name = e.table_name and t.local and t.merge_state = 'ok'";
    client.execute(sql, &[&queue]).await?;
    Ok(())
}
