//! Looking at a node: one transaction and one round trip, whatever it has to tell.

use std::collections::BTreeMap;
use std::time::SystemTime;

use pg::Client;
use tokio::try_join;
use tokio_postgres::{GenericClient, Row};

use super::facts::{Outlook, TableOutlook};
use crate::call::{failed, row, rows};
use crate::compared::Summary;
use crate::comparison::{self, Comparison};
use crate::copy::progress;
use crate::node::NodeType;
use crate::{Result, conflict, node, switch, table};

/// Whether the connected node can be looked at: it is ours, and not too old.
pub async fn is_known<C: GenericClient>(client: &C) -> Result<bool> {
    switch::is_known(client).await
}

/// Looks at the connected node, outside of transactions. What is told is all of one moment.
pub async fn look(client: &Client, queue: &str) -> Result<Outlook> {
    // All of them are sent when the first is, in this order: a look that is given up leaves no transaction behind.
    let (_, info, consumers, tables, switch, troubles, rest, comparisons, conflicts, copies, _) = try_join!(
        biased;
        plain(client, "begin isolation level repeatable read read only"),
        node::require(client, queue),
        node::consumers(client, queue),
        table::list(client, queue),
        switch::recorded(client, queue),
        troubles(client, queue),
        rest(client, queue),
        comparison::standing(client, queue),
        conflict::list(client, queue),
        async { progress::standing(client, queue).await.map_err(failed("londiste_rs.copy_progress")) },
        plain(client, "commit"),
    )?;
    let seen = SystemTime::now();
    let compared = Summary::of(&comparisons, seen);
    let own = |state: &&node::ConsumerState| Some(&state.consumer) == info.worker.as_ref();
    let error = consumers.iter().find(own).and_then(|state| state.error.clone());
    let mut comparisons: BTreeMap<String, Comparison> =
        comparisons.into_iter().map(|one| (one.table.clone(), one)).collect();
    let mut troubles = troubles;
    let mut copies: BTreeMap<_, _> = copies.into_iter().map(|copy| (copy.table.clone(), copy)).collect();
    let conflicts: BTreeMap<_, _> = conflicts.into_iter().map(|one| (one.table, one.conflicts)).collect();
    let tables = tables.into_iter().filter(|info| info.local).map(|info| {
        let trouble = troubles.remove(&info.name);
        TableOutlook {
            state: info.state,
            parked: trouble.as_ref().is_some_and(|(parked, _)| *parked),
            trouble: trouble.map(|(_, why)| why),
            size: None,
            copy: copies.remove(&info.name),
            comparison: comparisons.remove(&info.name),
            conflicts: conflicts.get(&info.name).copied().unwrap_or_default(),
            name: info.name,
        }
    });
    Ok(Outlook {
        tables: tables.collect(),
        node: info.name,
        kind: info.node_type,
        switch,
        error: error.filter(|_| info.node_type != NodeType::Root || !info.paused),
        paused: info.paused,
        coming_fkeys: number(&rest, "fkeys"),
        stopping_drift: number(&rest, "drift"),
        compared,
        seen,
    })
}

async fn plain(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(failed("looking at the node"))
}

fn number(row: &Row, column: &str) -> usize {
    usize::try_from(row.get::<_, i64>(column)).unwrap_or_default()
}

/// Why tables do not go on, and whether they are parked.
async fn troubles<C: GenericClient>(client: &C, queue: &str) -> Result<BTreeMap<String, (bool, String)>> {
    let sql = "select table_name, parked, trouble from londiste_rs.table_troubles($1)";
    let found = rows(client, "londiste_rs.table_troubles", sql, &[&queue]).await?;
    let mut troubles = BTreeMap::new();
    for row in found {
        let entry = (row.get::<_, bool>(1), row.get::<_, String>(2));
        let known = troubles.entry(row.get::<_, String>(0)).or_insert_with(|| entry.clone());
        if entry.0 {
            *known = entry;
        }
    }
    Ok(troubles)
}

async fn rest<C: GenericClient>(client: &C, queue: &str) -> Result<Row> {
    let sql = "select (select count(*) from londiste.pending_fkeys) \
                    + (select count(*) from londiste_rs.unvalidated_fkey) as fkeys, \
                      (select count(*) from londiste_rs.drift_list($1) d \
                        where d.subject = 'definition' and d.stops) as drift";
    row(client, "foreign keys and drift", sql, &[&queue]).await
}

/// Bytes that tables take on the connected provider, as far as its catalogs and statistics tell, which no lock of the
/// application keeps anybody from reading. A table that was never vacuumed has only the latter: some fifty rows make a
/// page.
pub async fn sizes<C: GenericClient>(provider: &C, tables: &[&str]) -> Result<BTreeMap<String, i64>> {
    let sql = "with recursive part(name, relid) as ( \
                    select f.name, c.oid from unnest($1::text[]) f(name) \
                      left join (select format('%s.%s', n.nspname, r.relname) as name, r.oid \
                                   from pg_class r join pg_namespace n on n.oid = r.relnamespace \
                                  where r.relkind in ('r', 'p')) c using (name) \
                    union all select p.name, i.inhrelid from part p join pg_inherits i on i.inhparent = p.relid) \
               select p.name, coalesce(\
                   sum(greatest(c.relpages, pg_stat_get_live_tuples(c.oid) / 50) + greatest(t.relpages, 0)), \
                   0)::int8 * 8192 \
                 from part p left join pg_class c on c.oid = p.relid left join pg_class t on t.oid = c.reltoastrelid \
                group by 1";
    let found = rows(provider, "measuring the tables to copy", sql, &[&tables]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}
