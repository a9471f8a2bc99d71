//! Checks that wait for the end of the transaction, done before it.

use tokio_postgres::Client;

use crate::Result;
use crate::target::table::Plan;
use crate::write::refusal::Doing;

/// Deferrable constraints, constraint triggers among them, at either end of the table or of one of its partitions.
const CONSTRAINTS: &str = "
select distinct format('%I.%I', n.nspname, k.conname)
  from (select $1::oid as oid union select p.relid from pg_catalog.pg_partition_tree($1::oid) p) r
  join pg_catalog.pg_constraint k on r.oid in (k.conrelid, k.confrelid)
  join pg_catalog.pg_namespace n on n.oid = k.connamespace
 where k.condeferrable";

/// Does the checks of the table that are due.
///
/// # Errors
/// [`Error::Refused`](crate::Error::Refused) by the first that fails.
pub(crate) async fn check(client: &Client, plan: &Plan) -> Result<()> {
    let doing =
        || Doing { table: &plan.table, op: "commit", first_event: 0, last_event: 0, key: None, row: None };
    let found =
        client.query(CONSTRAINTS, &[&plan.catalog_entry.oid]).await.map_err(|e| doing().refused(e))?;
    let names: Vec<String> = found.iter().map(|row| row.get(0)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let sql = format!("set constraints {} immediate", names.join(", "));
    client.batch_execute(&sql).await.map_err(|e| doing().refused(e))
}
