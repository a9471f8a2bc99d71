//! Removal of a queue's traces and of our schemas from a database, once no table is replicated there any more.

use tokio_postgres::{GenericClient, Transaction};

use crate::Result;
use crate::call::{failed, row, rows};
use crate::install::SCHEMAS;

const DROP: &str = include_str!("../../../sql/uninstall/drop.sql");

/// A schema of ours that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Why it may not be removed; `None`: it may.
    pub stays: Option<String>,
}

/// A trigger on an application's table, named as SQL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The table.
    pub table: String,
    /// The trigger.
    pub name: String,
}

/// What still lives in the schemas besides a queue: `(text, is the node's)`.
const OTHERS: [(&str, &str, bool); 3] = [
    ("pgq.queue", "select 'queue ' || queue_name from pgq.queue where queue_name <> $1", false),
    (
        "pgq_node.node_info",
        "select 'node ' || node_name || ' of queue ' || queue_name from pgq_node.node_info where queue_name <> $1",
        true,
    ),
    (
        "londiste.table_info",
        "select distinct 'tables of queue ' || queue_name from londiste.table_info where queue_name <> $1 and local",
        true,
    ),
];

/// Our schemas that are there, and which of them have to stay: those of the stock extensions, those of another role or
/// of another installation, and those in which another queue or node than `queue`'s lives.
///
/// # Errors
/// A statement fails.
pub async fn schemas<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<Schema>> {
    let (mut of_queues, mut of_nodes) = (Vec::new(), Vec::new());
    let ours = "select to_regnamespace('londiste_rs') is not null";
    let has_ours: bool = row(client, "looking for installed schemas", ours, &[]).await?.get(0);
    for (table, sql, is_node) in OTHERS {
        if !is_readable(client, table).await? {
            continue;
        }
        let found = rows(client, table, sql, &[&queue]).await?;
        let found: Vec<String> = found.iter().map(|row| row.get(0)).collect();
        if is_node { of_nodes.extend(found) } else { of_queues.extend(found) }
    }
    of_queues.extend(of_nodes.iter().cloned());
    let sql = "select n.nspname::text as name, pg_get_userbyid(n.nspowner)::text as owner, \
                      pg_has_role(n.nspowner, 'usage') as is_ours, \
                      exists (select from pg_catalog.pg_depend d \
                               where d.classid = 'pg_catalog.pg_namespace'::regclass and d.objid = n.oid \
                                 and d.deptype = 'e') as is_stock \
                 from pg_catalog.pg_namespace n where n.nspname = any ($1) order by 1";
    let there = rows(client, "looking for installed schemas", sql, &[&SCHEMAS.as_slice()]).await?;
    let schema = |row: &tokio_postgres::Row| {
        let (name, owner): (String, String) = (row.get("name"), row.get("owner"));
        let others = if name == "pgq" { &of_queues } else { &of_nodes };
        let stays = if row.get("is_stock") {
            Some(format!("it belongs to the extension {name}"))
        } else if !row.get::<_, bool>("is_ours") {
            Some(format!("it belongs to role {owner}: connect as that role"))
        } else if !has_ours && name != "londiste_fk" {
            Some("it was not made by londiste-rs, whose schema londiste_rs is not there".to_owned())
        } else {
            (!others.is_empty()).then(|| format!("in use: {}", others.join(", ")))
        };
        Schema { name, stays }
    };
    Ok(there.iter().map(schema).collect())
}

async fn is_readable<C: GenericClient>(client: &C, table: &str) -> Result<bool> {
    let sql = "select to_regclass($1) is not null and has_schema_privilege(split_part($1, '.', 1), 'usage') \
                  and has_table_privilege(to_regclass($1), 'select')";
    Ok(row(client, table, sql, &[&table]).await?.get::<_, Option<bool>>(0).unwrap_or_default())
}

/// Triggers on tables outside our schemas that are the queue's, or call a function of one of `schemas`.
///
/// # Errors
/// A statement fails.
pub async fn triggers<C: GenericClient>(client: &C, queue: &str, schemas: &[String]) -> Result<Vec<Trigger>> {
    let sql = "select format('%I.%I', cn.nspname, c.relname), quote_ident(t.tgname) \
                 from pg_catalog.pg_trigger t \
                 join pg_catalog.pg_proc p on p.oid = t.tgfoid \
                 join pg_catalog.pg_namespace n on n.oid = p.pronamespace \
                 join pg_catalog.pg_class c on c.oid = t.tgrelid \
                 join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace \
                cross join (select '_londiste_' || case when octet_length('zzz__londiste_' || $1 || '_truncate') <= 63 \
                                                        then $1 else md5($1) end) q (name) \
                where not t.tgisinternal and t.tgparentid = 0 and cn.nspname <> all ($3) \
                  and (n.nspname = any ($2) \
                       or n.nspname = any ($3) \
                          and t.tgname in (q.name, 'zzz_' || q.name, q.name || '_insert', q.name || '_update', \
                                           q.name || '_delete', q.name || '_truncate')) \
                order by 1, 2";
    let found = rows(client, "looking for triggers", sql, &[&queue, &schemas, &SCHEMAS.as_slice()]).await?;
    Ok(found.iter().map(|row| Trigger { table: row.get(0), name: row.get(1) }).collect())
}

/// Drops one of them. The caller's transaction sets `lock_timeout`.
///
/// # Errors
/// The lock is not to be had, or the table is another role's.
pub async fn drop_trigger(transaction: &Transaction<'_>, trigger: &Trigger) -> Result<()> {
    let what = format!("dropping trigger {} of {}", trigger.name, trigger.table);
    let sql = format!("drop trigger if exists {} on {}", trigger.name, trigger.table);
    transaction.batch_execute(&sql).await.map_err(failed(&what))
}

/// Deletes what our tables keep of a queue whose node is dropped: records of tables, switches, steps, positions, and
/// the gates of queues that are gone.
///
/// # Errors
/// A statement fails.
pub async fn forget(transaction: &Transaction<'_>, queue: &str) -> Result<()> {
    for table in tables_of_queues(transaction).await? {
        let sql = format!("delete from {table} where queue_name = $1");
        rows(transaction, &table, &sql, &[&queue]).await?;
    }
    if !is_readable(transaction, "pgq.queue").await? {
        return Ok(());
    }
    let sql = "select format('%I.%I', n.nspname, c.relname) \
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                where n.nspname = 'londiste_rs' and c.relkind = 'S' and c.relname ~ '^gate_[0-9]+$' \
                  and not exists (select from pgq.queue q where c.relname = 'gate_' || q.queue_id)";
    for gate in rows(transaction, "looking for gates", sql, &[]).await? {
        let sql = format!("drop sequence {}", gate.get::<_, String>(0));
        transaction.batch_execute(&sql).await.map_err(failed(&sql))?;
    }
    Ok(())
}

/// What our tables still keep of a queue: `12 rows of londiste.table_info`.
///
/// # Errors
/// A statement fails.
pub async fn kept<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for table in tables_of_queues(client).await? {
        let sql = format!("select count(*) from {table} where queue_name = $1");
        let number: i64 = row(client, &table, &sql, &[&queue]).await?.get(0);
        if number > 0 {
            found.push(format!("{number} rows of {table}"));
        }
    }
    Ok(found)
}

/// Tables of ours, and of the stock API, whose rows belong to queues, those first that refer to others.
async fn tables_of_queues<C: GenericClient>(client: &C) -> Result<Vec<String>> {
    let sql = "select format('%I.%I', n.nspname, c.relname) \
                 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                 join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'queue_name' \
                where n.nspname in ('pgq', 'pgq_node', 'londiste', 'londiste_rs') and c.relkind in ('r', 'p') \
                  and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') \
                  and has_table_privilege(c.oid, 'delete') \
                order by exists (select from pg_catalog.pg_constraint k \
                                  where k.confrelid = c.oid and k.contype = 'f'), 1";
    let found = rows(client, "looking for tables of queues", sql, &[]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Drops these of our schemas. The caller's transaction sets `lock_timeout`.
///
/// # Errors
/// Objects elsewhere need what would be dropped: they are named.
pub async fn drop_schemas(transaction: &Transaction<'_>, schemas: &[String]) -> Result<()> {
    if schemas.is_empty() {
        return Ok(());
    }
    let sql = "select set_config('londiste_rs.uninstall', $1::text[]::text, true)";
    row(transaction, "naming the schemas", sql, &[&schemas]).await?;
    transaction.batch_execute(DROP).await.map_err(failed("removing the schemas"))
}
