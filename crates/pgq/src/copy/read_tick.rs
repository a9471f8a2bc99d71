//! Tick that the source made after a copy had read: `londiste_rs.copy_tick`.
//!
//! The source's log is one sequence. A source that has the tick has all that the copy has seen; one that failed over to
//! a server without its last seconds, or was restored, lacks both, or gives the tick's number to another one.

use tokio_postgres::GenericClient;

use crate::call::rows;
use crate::position::{self, Kept, Mark};
use crate::{Result, batch};

/// Makes a tick at the provider, after a read; `None` where ticks are made by others only.
pub async fn make<C: GenericClient>(provider: &C, queue: &str) -> Result<Option<(i64, Mark)>> {
    let Some(tick) = batch::tick_now(provider, queue).await? else { return Ok(None) };
    Ok(position::mark(provider, queue, tick).await?.map(|mark| (tick, mark)))
}

/// Keeps a tick for tables, in the transaction that writes what was read of node `provider`.
pub async fn keep<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[&str],
    (tick, mark): &(i64, Mark),
    provider: &str,
) -> Result<()> {
    let sql = "insert into londiste_rs.copy_tick (queue_name, table_name, tick_id, tick_time, tick_snapshot, \
                                                  provider_node) \
               select $1, t, $3, $4, $5, $6 from unnest($2::text[]) t on conflict do nothing";
    let parameters: crate::call::Parameters<'_> =
        &[&queue, &tables, tick, &mark.time, &mark.snapshot, &provider];
    rows(client, "keeping a copy's tick", sql, parameters).await?;
    Ok(())
}

/// Forgets what is kept of tables: they are copied anew.
pub async fn forget<C: GenericClient>(client: &C, queue: &str, tables: &[&str]) -> Result<()> {
    let sql = "delete from londiste_rs.copy_tick where queue_name = $1 and table_name = any ($2)";
    rows(client, "forgetting a copy's ticks", sql, &[&queue, &tables]).await?;
    Ok(())
}

/// Compares the ticks kept for tables, up to tick `up_to`, with those of the provider, and forgets those that it has.
/// Answers the first table and tick that it has not.
pub async fn check<C: GenericClient>(
    client: &C,
    provider: &C,
    queue: &str,
    tables: &[&str],
    up_to: i64,
) -> Result<Option<(String, i64)>> {
    let sql = "select table_name, tick_id, tick_time, tick_snapshot, provider_node, \
                      (select s.provider_node from pgq_node.node_info n \
                         join pgq_node.local_state s on s.queue_name = n.queue_name \
                          and s.consumer_name = n.worker_name \
                        where n.queue_name = $1) \
                 from londiste_rs.copy_tick \
                where queue_name = $1 and table_name = any ($2) and tick_id <= $3 order by tick_id";
    let what = "comparing a copy's ticks";
    let kept = rows(client, what, sql, &[&queue, &tables, &up_to]).await?;
    if kept.is_empty() {
        return Ok(None);
    }
    for row in &kept {
        let tick = row.get(1);
        let kept = Kept { tick, mark: Mark { time: row.get(2), snapshot: row.get(3) }, provider: row.get(4) };
        let now: Option<String> = row.get(5);
        let there = position::mark(provider, queue, tick).await?;
        if !there.is_some_and(|there| kept.may_be(tick, &there, now.as_deref().unwrap_or_default())) {
            return Ok(Some((row.get(0), tick)));
        }
    }
    let sql =
        "delete from londiste_rs.copy_tick where queue_name = $1 and table_name = any ($2) and tick_id <= $3";
    rows(client, what, sql, &[&queue, &tables, &up_to]).await?;
    Ok(None)
}

/// The first of the ticks that are still kept for tables.
pub async fn first<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[&str],
) -> Result<Option<(String, i64)>> {
    let sql = "select table_name, tick_id from londiste_rs.copy_tick \
                where queue_name = $1 and table_name = any ($2) order by tick_id limit 1";
    let found = rows(client, "looking for a copy's ticks", sql, &[&queue, &tables]).await?;
    Ok(found.first().map(|row| (row.get(0), row.get(1))))
}
