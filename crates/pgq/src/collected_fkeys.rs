//! Foreign keys of a target that are taken away before the copies and come back after them: `londiste_fk`, as the
//! scripts `collect_fks.sql`, `drop_fks.sql`, `restore_fks.sql` and `validate_fks.sql` do it.

use std::time::Duration;

use pg::literal;
use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{failed, row, rows};

const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/londiste_fk.sql"));

/// How long a statement waits for its lock, and how often it is tried, a second apart.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest wait for a lock.
    pub wait: Duration,
    /// The number of tries.
    pub tries: u32,
}

impl Patience {
    fn words(self) -> String {
        format!("'{}ms', {}", self.wait.as_millis(), self.tries)
    }
}

/// A foreign key of the connected database, by table and name, as SQL names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// The table that has it.
    pub table: String,
    /// Its name.
    pub name: String,
}

/// A foreign key that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Its number.
    pub id: i64,
    /// The table that has it, as SQL names it.
    pub table: String,
    /// Its name, as SQL names it.
    pub name: String,
    /// The tables at both ends, `schema.table` unquoted; of a partition the topmost table.
    pub ends: [String; 2],
    /// It is not on its table, or rows of its table are still to be checked, though they were.
    pub is_open: bool,
    /// Why the last run failed with it.
    pub error: Option<String>,
}

/// What has to be validated: a foreign key, or what one partition has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The foreign key's number.
    pub fkey: i64,
    leaf: Option<(String, String)>,
}

/// Name of a relation, `schema.name` unquoted; of a partition, that of the topmost table.
fn top(relation: &str) -> String {
    format!(
        "(select n.nspname || '.' || c.relname \
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
           where c.oid = coalesce(pg_catalog.pg_partition_root({relation})::oid, {relation}))"
    )
}

/// Foreign keys that are on their tables and have one of `tables` (`schema.table`, unquoted) at either end. Nothing has
/// to be installed.
pub async fn present<C: GenericClient>(client: &C, tables: &[String]) -> Result<Vec<Present>> {
    let sql = format!(
        "select format('%I.%I', s.nspname, t.relname), format('%I', k.conname) \
           from pg_catalog.pg_constraint k join pg_catalog.pg_class t on t.oid = k.conrelid \
           join pg_catalog.pg_namespace s on s.oid = t.relnamespace \
          where k.contype = 'f' and k.conparentid = 0 \
            and ({} = any ($1) or {} = any ($1)) order by 1, 2",
        top("k.conrelid"),
        top("k.confrelid")
    );
    let found = rows(client, "looking for foreign keys", &sql, &[&tables]).await?;
    Ok(found.iter().map(|row| Present { table: row.get(0), name: row.get(1) }).collect())
}

/// Whether the connected database remembers foreign keys.
pub async fn is_installed<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select to_regclass('londiste_fk.partition_fkey') is not null \
                  and to_regproc('londiste_fk.validation_steps') is not null";
    Ok(row(client, "londiste_fk", sql, &[]).await?.get(0))
}

/// Takes the lock of the scripts until the session ends; false where another session has it.
pub async fn try_lock<C: GenericClient>(client: &C) -> Result<bool> {
    let sql = "select pg_try_advisory_lock(hashtext('londiste_fk'), 0)";
    Ok(row(client, "londiste_fk", sql, &[]).await?.get(0))
}

/// Creates what is missing, and makes the functions those of this version.
pub async fn install<C: GenericClient>(client: &C) -> Result<()> {
    let script = format!("set client_min_messages = warning; {SCRIPT}; reset client_min_messages");
    client.batch_execute(&script).await.map_err(failed("installing schema londiste_fk"))
}

/// Remembers every foreign key that is there.
pub async fn collect<C: GenericClient>(client: &C) -> Result<()> {
    call(client, "call londiste_fk.collect()").await
}

/// Brings what is remembered in line with what is there, and forgets earlier failures.
pub async fn look_again<C: GenericClient>(client: &C) -> Result<()> {
    call(client, "call londiste_fk.look_again()").await
}

/// All that are remembered. Those that the replication worker holds, and brings back itself, are not open.
pub async fn list<C: GenericClient>(client: &C) -> Result<Vec<Collected>> {
    let sql = format!(
        "select f.id, format('%I.%I', f.schema_name, f.table_name), format('%I', f.fkey_name), \
                coalesce({}, f.schema_name || '.' || f.table_name), \
                coalesce({}, f.target_schema || '.' || f.target_table), \
                f.state <> 'collected' and (k.oid is null or f.was_valid and not k.convalidated) \
                and not londiste_fk.worker_holds(f, null, null) \
                and not londiste_fk.worker_validates(f.schema_name, f.table_name, f.fkey_name), f.error \
           from londiste_fk.foreign_key f \
           left join pg_catalog.pg_constraint k \
                  on k.oid = londiste_fk.find(f.schema_name, f.table_name, f.fkey_name) \
          order by 2, 3",
        top("londiste_fk.table_oid(f.schema_name, f.table_name)"),
        top("londiste_fk.table_oid(f.target_schema, f.target_table)")
    );
    let found = rows(client, "londiste_fk.foreign_key", &sql, &[]).await?;
    let collected = found.iter().map(|row| Collected {
        id: row.get(0),
        table: row.get(1),
        name: row.get(2),
        ends: [row.get(3), row.get(4)],
        is_open: row.get(5),
        error: row.get(6),
    });
    Ok(collected.collect())
}

/// Takes one off its table. Failure is remembered ([`Collected::error`]), not returned.
pub async fn drop<C: GenericClient>(client: &C, fkey: i64, patience: Patience) -> Result<()> {
    call(client, &format!("call londiste_fk.drop_fkey({fkey}, {})", patience.words())).await
}

/// Brings one back, NOT VALID. Failure is remembered, not returned.
pub async fn restore<C: GenericClient>(client: &C, fkey: i64, patience: Patience) -> Result<()> {
    call(client, &format!("call londiste_fk.restore_fkey({fkey}, {})", patience.words())).await
}

/// What is to be validated, in order: each partition that holds rows by itself, then the foreign key.
pub async fn validations<C: GenericClient>(client: &C) -> Result<Vec<Validation>> {
    let sql = "select v.fkey, v.leaf_schema::text, v.leaf_table::text \
                 from londiste_fk.validation_steps() with ordinality v (fkey, leaf_schema, leaf_table, place) \
                order by v.place";
    let found = rows(client, "londiste_fk.validation_steps", sql, &[]).await?;
    let leaf = |row: &tokio_postgres::Row| row.get::<_, Option<String>>(1).zip(row.get(2));
    Ok(found.iter().map(|row| Validation { fkey: row.get(0), leaf: leaf(row) }).collect())
}

/// Validates. Failure is remembered, not returned.
pub async fn validate<C: GenericClient>(client: &C, what: &Validation, patience: Patience) -> Result<()> {
    let (fkey, words) = (what.fkey, patience.words());
    let sql = match &what.leaf {
        None => format!("call londiste_fk.validate_fkey({fkey}, {words})"),
        Some((schema, table)) => {
            let (schema, table) = (literal(schema), literal(table));
            format!("call londiste_fk.validate_partition({fkey}, {schema}, {table}, {words})")
        }
    };
    call(client, &sql).await
}

async fn call<C: GenericClient>(client: &C, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(failed(sql))
}

/// Whether [`Collected::error`] tells that a lock was not to be had (`londiste_fk.attempt`): later it may be.
pub fn gave_up_on_lock(error: &str) -> bool {
    error.ends_with(" times)") && error.contains("(tried ")
}
