//! Which relations have the names of a queue's tables: `londiste_rs.table_identity`.

use std::collections::HashMap;

use pg::Ask;
use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{asked, row, rows};

/// The node of the queue in a database, and that database: what an object id belongs to. No row but on a root. Asked
/// in plain SQL, since a provider may have the stock extensions alone.
const HOME: &str = "select concat_ws(' ', n.node_name, d.oid) from pgq_node.node_info n \
                      join pg_catalog.pg_database d on d.datname = current_database() \
                     where n.queue_name = $1 and n.node_type = 'root'";

/// By table of the queue: the relation of that name, what captures it (`stock`: a row trigger of pgq whose first
/// argument is the queue), and the present name of the relation that is remembered ($2, $3).
const TABLES: &str = "\
with known as (select * from unnest($2::text[], $3::oid[]) k (table_name, relid)),
     named as (
    select distinct on (t.table_name) t.table_name, c.oid
      from londiste.table_info t
      left join (select k.oid, n.nspname, n.nspname || '.' || k.relname as name
                   from pg_catalog.pg_class k join pg_catalog.pg_namespace n on n.oid = k.relnamespace
                  where k.relkind in ('r', 'p')) c
        on c.name = coalesce(t.dest_table, t.table_name)
     where t.queue_name = $1 and t.local
     order by t.table_name, length(c.nspname))
select n.table_name, n.oid, g.capture, s.nspname || '.' || o.relname
  from named n
  left join known k using (table_name)
  left join pg_catalog.pg_class o on o.oid = k.relid
  left join pg_catalog.pg_namespace s on s.oid = o.relnamespace
  left join (select t.tgrelid, case when bool_or(p.nspname = 'pgq') then 'stock' else 'other' end as capture
               from pg_catalog.pg_trigger t
               join pg_catalog.pg_proc f on f.oid = t.tgfoid
               join pg_catalog.pg_namespace p on p.oid = f.pronamespace
              where not t.tgisinternal
                and (p.nspname = 'londiste_rs'
                     or p.nspname = 'pgq' and t.tgtype::int4 & 1 = 1
                        and substr(t.tgargs, 1, octet_length($1::text) + 1)
                     = convert_to($1::text, getdatabaseencoding()) || '\\000'::bytea)
              group by t.tgrelid) g on g.tgrelid = n.oid";

/// Compares the root's tables with what the node behind `here` remembers of them. `begun`: copies of these tables
/// begin, which take them as they are. `sticky`: what was noticed stays although its cause has gone. Nothing where
/// the provider is no root.
pub async fn compare_at_provider<P: GenericClient, C: GenericClient>(
    provider: &P,
    here: &C,
    queue: &str,
    begun: Option<&[&str]>,
    sticky: bool,
) -> Result<()> {
    let Some(home) = rows(provider, "pgq_node.node_info", HOME, &[&queue])
        .await?
        .first()
        .map(|row| row.get::<_, String>(0))
    else {
        return Ok(());
    };
    // the provider's other tables concern nobody here, and their names may have no place in this database's encoding
    let sql = "select t.table_name, k.relid from londiste.table_info t \
                 left join londiste_rs.known_at_provider($1, $2) k using (table_name) \
                where t.queue_name = $1 and t.local";
    let known = rows(here, "londiste_rs.known_at_provider", sql, &[&queue, &home]).await?;
    let known: HashMap<String, Option<u32>> = known.iter().map(|row| (row.get(0), row.get(1))).collect();
    let (names, oids): (Vec<&str>, Vec<Option<u32>>) =
        known.iter().map(|(name, relid)| (name.as_str(), *relid)).unzip();
    let found = rows(provider, "londiste.table_info", TABLES, &[&queue, &names, &oids]).await?;
    let (mut tables, mut relids, mut captures, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in &found {
        let table: String = row.get(0);
        if known.contains_key(&table) && begun.is_none_or(|begun| begun.contains(&table.as_str())) {
            tables.push(table);
            relids.push(row.get::<_, Option<u32>>(1));
            captures.push(row.get::<_, Option<String>>(2));
            names.push(row.get::<_, Option<String>>(3).map(String::into_bytes));
        }
    }
    let sql = "select londiste_rs.compare_at_provider($1, $2, $3, $4, $5, \
                   array(select londiste_rs.storable(n) from unnest($6) with ordinality u (n, place) \
                          order by place), $7, $8)";
    let fresh = begun.is_some();
    row(
        here,
        "londiste_rs.compare_at_provider",
        sql,
        &[&queue, &home, &tables, &relids, &captures, &names, &fresh, &sticky],
    )
    .await?;
    Ok(())
}

/// Of tables of the root, by name and object id: those that are not what is captured there under the name or, with the
/// stock triggers, what the node behind `here` remembers.
pub async fn strangers<P: GenericClient, C: GenericClient>(
    provider: &P,
    here: &C,
    queue: &str,
    tables: &[(&str, u32)],
) -> Result<Vec<String>> {
    let homes = rows(provider, "pgq_node.node_info", HOME, &[&queue]).await?;
    let Some(home) = homes.first().map(|row| row.get::<_, String>(0)) else { return Ok(Vec::new()) };
    let (names, oids): (Vec<&str>, Vec<u32>) = tables.iter().copied().unzip();
    let readable =
        "select coalesce(has_table_privilege(to_regclass('londiste_rs.capture'), 'select'), false)";
    if row(provider, "londiste_rs.capture", readable, &[]).await?.get(0) {
        let sql = "select c.table_name from londiste_rs.capture c \
                     join rows from (pg_catalog.unnest($2::text[]), \
                                     pg_catalog.unnest($3::pg_catalog.oid[])) t (name, relid) \
                       on t.name = c.table_name \
                    where c.queue_name = $1 and c.relid <> t.relid";
        let found = rows(provider, "londiste_rs.capture", sql, &[&queue, &names, &oids]).await?;
        if !found.is_empty() {
            return Ok(found.iter().map(|row| row.get(0)).collect());
        }
    }
    let sql = "select k.table_name from londiste_rs.known_at_provider($1, $2) k \
                 join rows from (pg_catalog.unnest($3::text[]), \
                                 pg_catalog.unnest($4::pg_catalog.oid[])) t (name, relid) \
                   on t.name = k.table_name \
                where k.relid <> 0 and k.relid <> t.relid";
    let found = rows(here, "londiste_rs.known_at_provider", sql, &[&queue, &home, &names, &oids]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Looks whether other relations have come under the names of this node's tables.
pub async fn compare_here<C: GenericClient>(here: &C, queue: &str) -> Result<()> {
    row(here, "londiste_rs.compare_here", "select londiste_rs.compare_here($1)", &[&queue]).await?;
    Ok(())
}

/// Keeps the relations of these tables as those that the caller's transaction, which brings their copies' first rows,
/// fills; where nothing is kept, or what was is not there any more.
pub async fn adopt_here<C: GenericClient>(here: &C, queue: &str, tables: &[&str]) -> Result<()> {
    row(here, "londiste_rs.adopt_here", "select londiste_rs.adopt_here($1, $2)", &[&queue, &tables]).await?;
    Ok(())
}

/// A table is to be copied again: both sides are taken as the next look finds them.
pub async fn know_again<C: GenericClient>(here: &C, queue: &str, table: &str) -> Result<()> {
    row(here, "londiste_rs.know_again", "select londiste_rs.know_again($1, $2)", &[&queue, &table]).await?;
    Ok(())
}

/// Of these tables, which the caller's transaction has written to: those that are others than their copies filled.
pub async fn exchanged_here<C: Ask>(here: &C, queue: &str, tables: &[&str]) -> Result<Vec<String>> {
    let sql = "select londiste_rs.exchanged_here($1, $2)";
    let found = asked(here, "londiste_rs.exchanged_here", sql, &[&queue, &tables]).await?;
    Ok(found.iter().map(|row| row.get(0)).collect())
}

/// Tables that are not what they were: name, what has become of them and what to do.
pub async fn others<C: GenericClient>(here: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select table_name, trouble from londiste_rs.other_tables($1)";
    let found = rows(here, "londiste_rs.other_tables", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Tells of such tables on the root; answers those that are told for the first time.
pub async fn tell<C: GenericClient>(root: &C, queue: &str) -> Result<Vec<(String, String)>> {
    let sql = "select table_name, notice from londiste_rs.tell_other_tables($1)";
    let told = rows(root, "londiste_rs.tell_other_tables", sql, &[&queue]).await?;
    Ok(told.iter().map(|row| (row.get(0), row.get(1))).collect())
}
