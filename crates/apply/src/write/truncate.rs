//! TRUNCATE of a table or of one of its partitions.

use pgq::partition;
use tokio_postgres::Client;

use crate::change::Partition;
use crate::target::partition_bounds;
use crate::target::table::Plan;
use crate::write::partition_rows;
use crate::write::partition_rows::Refusal;
use crate::write::refusal::Doing;
use crate::{Change, Error, Op, Result};

/// Deferrable constraints that may have checks waiting on a table that will be emptied: TRUNCATE is refused until they
/// are done.
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

/// Empties the destination table, with CASCADE, or takes the rows from it that the partition of the change has held.
///
/// # Errors
/// [`Error::PartitionUnlike`], [`Error::Refused`].
pub(crate) async fn truncate(client: &Client, plan: &Plan, change: &Change) -> Result<()> {
    match &change.op {
        Op::TruncatePartition(partition) => take_rows(client, plan, change, partition).await,
        _ => {
            let refused = |e| doing(plan, change).refused(e);
            empty(client, plan.catalog_entry.oid, &plan.quoted, plan.alone).await.map_err(refused)
        }
    }
}

fn doing<'a>(plan: &'a Plan, change: &Change) -> Doing<'a> {
    let (first_event, last_event) = (change.event_id, change.event_id);
    Doing { table: &plan.table, op: "truncate", first_event, last_event, key: None, row: None }
}

async fn empty(
    client: &Client,
    oid: u32,
    quoted: &str,
    alone: bool,
) -> std::result::Result<(), tokio_postgres::Error> {
    let waiting: Vec<String> = client.query(WAITING, &[&oid]).await?.iter().map(|row| row.get(0)).collect();
    let only = if alone { "only " } else { "" };
    let mut sql = format!("truncate {only}{quoted} cascade");
    if !waiting.is_empty() {
        sql =
            format!("set constraints {} immediate; {sql}; set constraints all deferred", waiting.join(", "));
    }
    client.batch_execute(&sql).await
}

/// By TRUNCATE where the target has a partition of the same rows, else by DELETE.
async fn take_rows(client: &Client, plan: &Plan, change: &Change, emptied: &Partition) -> Result<()> {
    let refused = |e| doing(plan, change).refused(e);
    let unlike = |reason: String, remedy: String| Error::PartitionUnlike {
        table: plan.table.clone(),
        partition: emptied.name.clone(),
        reason,
        remedy,
        event_id: change.event_id,
    };
    let Some(described) = &emptied.bounds else {
        let reason = "the event comes from an older version and lacks the partition's bounds".to_owned();
        return Err(unlike(reason, "resync the table".to_owned()));
    };
    let levels = partition_bounds::levels(described);
    let levels = levels.map_err(|reason| unlike(reason, "resync the table".to_owned()))?;
    let equal = partition::with_bounds(client, plan.catalog_entry.oid, described).await.map_err(refused)?;
    // of types of a database's own, equal bounds need not hold equal rows: enums sort, and are hashed, otherwise
    let comparable = levels.iter().all(partition_bounds::Level::is_comparable);
    if let Some(equal) = equal.filter(|_| comparable) {
        return empty(client, equal.oid, &equal.quoted, equal.is_leaf).await.map_err(refused);
    }
    let condition = match partition_rows::condition(client, plan, &levels).await {
        Ok(condition) => condition,
        Err(Refusal::Server(error)) => return Err(refused(error)),
        Err(Refusal::Unlike(reason)) => {
            let bounds: Vec<&str> = levels.iter().map(|level| level.bound.as_str()).collect();
            let remedy = format!(
                "give the target's table the source's partition key and a partition {}, then resume-table; \
                 or resync the table",
                bounds.join(", ")
            );
            return Err(unlike(reason, remedy));
        }
    };
    condition.delete(client, plan).await.map_err(refused)?;
    condition.clear(client).await.map_err(refused)
}
