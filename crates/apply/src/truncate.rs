//! TRUNCATE of a table or of one of its partitions.

use tokio_postgres::{Client, Row};

use crate::refusal::Doing;
use crate::survey::splits;
use crate::{Change, Error, Op, Result};

const TARGET: &str = "
select c.oid, format('%I.%I', n.nspname, c.relname), c.relkind <> 'p'
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = $1::text::name and c.relname = $2::text::name and c.relkind in ('r', 'p', 'f')";

/// Deferrable constraints that may have checks waiting on a table that will be emptied: TRUNCATE is refused until they are done.
const WAITING: &str = "
with recursive emptied(oid) as (
    select $1::oid
    union
    select p.relid::oid from pg_partition_tree($1) p
    union
    select k.conrelid from emptied e join pg_catalog.pg_constraint k on k.confrelid = e.oid and k.contype = 'f')
select distinct format('%I.%I', n.nspname, k.conname)
  from emptied e
  join pg_catalog.pg_constraint k on e.oid in (k.conrelid, k.confrelid)
  join pg_catalog.pg_namespace n on n.oid = k.connamespace
 where k.condeferrable";

/// Empties the destination table, or the partition of it that the change names; with CASCADE.
///
/// # Errors
/// [`Error::TableMissing`], [`Error::PartitionMissing`], [`Error::Refused`].
pub(crate) async fn truncate(client: &Client, table: &str, change: &Change) -> Result<()> {
    let doing = || Doing {
        table,
        op: "truncate",
        first_event: change.event_id,
        last_event: change.event_id,
        key: None,
        row: None,
    };
    let found = find(client, table).await.map_err(|e| doing().refused(e))?;
    let found =
        found.ok_or_else(|| Error::TableMissing { table: table.to_owned(), event_id: change.event_id })?;
    let (mut oid, mut quoted, mut alone): (u32, String, bool) = (found.get(0), found.get(1), found.get(2));
    if let Op::TruncatePartition(partition) = &change.op {
        (oid, quoted, alone) = part(client, partition, oid)
            .await
            .map_err(|e| doing().refused(e))?
            .ok_or_else(|| Error::PartitionMissing {
                table: table.to_owned(),
                partition: partition.clone(),
                event_id: change.event_id,
            })?;
    }
    let waiting = client.query(WAITING, &[&oid]).await.map_err(|e| doing().refused(e))?;
    let waiting: Vec<String> = waiting.iter().map(|row| row.get(0)).collect();
    let only = if alone { "only " } else { "" };
    let mut sql = format!("truncate {only}{quoted} cascade");
    if !waiting.is_empty() {
        sql =
            format!("set constraints {} immediate; {sql}; set constraints all deferred", waiting.join(", "));
    }
    client.batch_execute(&sql).await.map_err(|e| doing().refused(e))
}

/// The relation of a plain name.
async fn find(client: &Client, plain: &str) -> std::result::Result<Option<Row>, tokio_postgres::Error> {
    for (schema, name) in splits(plain) {
        let found = client.query_opt(TARGET, &[&schema, &name]).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The partition of that name, if it belongs to the table.
async fn part(
    client: &Client,
    partition: &str,
    table: u32,
) -> std::result::Result<Option<(u32, String, bool)>, tokio_postgres::Error> {
    let Some(found) = find(client, partition).await? else { return Ok(None) };
    let oid: u32 = found.get(0);
    let belongs = "select exists (select from pg_partition_ancestors($1::oid) a where a.relid = $2::oid)";
    let belongs: bool = client.query_one(belongs, &[&oid, &table]).await?.get(0);
    Ok(belongs.then(|| (oid, found.get(1), found.get(2))))
}
