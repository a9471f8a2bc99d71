//! Overview of a node's tables: which wait, which are alike, which another queue fills too.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// Whether a table waits for its copy.
pub async fn any_waits<C: GenericClient>(client: &C, queue: &str) -> Answer<bool> {
    let sql = "select exists (select from londiste.table_info \
                               where queue_name = $1 and local and merge_state is null)";
    Ok(client.query_one(sql, &[&queue]).await?.get(0))
}

/// Those of `tables` whose state, snapshot and position are the ones of table `first`. `prefix` and a table's name are
/// the name of its copy's consumer.
pub async fn alike<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[String],
    prefix: &str,
    first: &str,
) -> Answer<Vec<String>> {
    let sql = "select o.table_name from londiste.table_info o join pgq_node.local_state c using (queue_name) \
                where o.queue_name = $1 and o.table_name = any ($2) and o.local \
                  and c.consumer_name = $3 || o.table_name \
                  and (o.merge_state, o.custom_snapshot, c.last_tick_id) \
                    = (select t.merge_state, t.custom_snapshot, s.last_tick_id \
                         from londiste.table_info t join pgq_node.local_state s using (queue_name) \
                        where t.queue_name = $1 and t.table_name = $4 and s.consumer_name = $3 || $4)";
    let found = client.query(sql, &[&queue, &tables, &prefix, &first]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Tables that are not `ok` and into which the queue of another leaf brings rows too, with the name of such a queue.
pub async fn shared<C: GenericClient>(client: &C, queue: &str) -> Answer<Vec<(String, String)>> {
    let sql = "select t.table_name, min(o.queue_name) from londiste.table_info t \
                 join londiste.table_info o on o.queue_name <> t.queue_name and o.local \
                  and coalesce(o.dest_table, o.table_name) = coalesce(t.dest_table, t.table_name) \
                 join pgq_node.node_info n on n.queue_name = o.queue_name and n.node_type = 'leaf' \
                where t.queue_name = $1 and t.local and t.merge_state is distinct from 'ok' group by 1";
    let found = client.query(sql, &[&queue]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The statement that analyzes the tables; `None` where none of them is there.
pub async fn analyze_statement<C: GenericClient>(
    client: &C,
    queue: &str,
    tables: &[String],
) -> Answer<Option<String>> {
    let sql = "select 'analyze ' || string_agg(r.relation::regclass::text, ', ') \
                 from londiste.table_info t \
                cross join lateral londiste_rs.find_relation(coalesce(t.dest_table, t.table_name)) r (relation) \
                where t.queue_name = $1 and t.table_name = any ($2) and t.local and r.relation is not null";
    Ok(client.query_one(sql, &[&queue, &tables]).await?.get(0))
}

/// The relation of that name, and the partitioned tables above it, as `schema.table`.
pub async fn with_ancestors<C: GenericClient>(client: &C, name: &str) -> Answer<Vec<String>> {
    let sql = "select londiste_rs.plain_name(a.relid) \
                 from pg_partition_ancestors(londiste_rs.find_relation($1)) a union select $1";
    Ok(client.query(sql, &[&name]).await?.iter().map(|row| row.get(0)).collect())
}
