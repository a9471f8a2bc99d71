//! Tables and sequences of a database that a migration takes, by the catalogs alone.

use std::time::SystemTime;

use pg::{Session, literal};

use crate::catalog;
use crate::error::Result;

/// A table, a foreign table or a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// `r` a table, `f` a foreign table, `S` a sequence.
    pub kind: String,
    /// `schema.name`, unquoted, as the queue names it.
    pub name: String,
}

/// A table that is to be vacuumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaning {
    /// The table, as SQL names it.
    pub table: String,
    /// The role may vacuum it, with all its partitions.
    pub is_permitted: bool,
    /// All that holds rows of it was vacuumed since.
    pub is_done: bool,
}

/// What a root can replicate of this database, a partitioned table under its own name. Nothing has to be installed.
///
/// # Errors
/// The server does not answer.
pub async fn relations(session: &Session) -> Result<Vec<Relation>> {
    let sql = "select case relkind when 'p' then 'r' else relkind::text end, nspname || '.' || relname from rel \
                where relkind in ('r', 'p', 'f', 'S') and not relispartition order by nspname, relname";
    Ok(catalog::rows(session, sql).await?.into_iter().filter_map(relation).collect())
}

fn relation(row: Vec<String>) -> Option<Relation> {
    let [kind, name] = <[String; 2]>::try_from(row).ok()?;
    Some(Relation { kind, name })
}

/// Sequences that belong to columns of these tables, or that their defaults draw from.
///
/// # Errors
/// The server does not answer.
pub async fn sequences_of(session: &Session, tables: &[String]) -> Result<Vec<String>> {
    let sql = format!(
        ", wanted as (select oid from rel where {}),
         below as (select oid from wanted union select t.relid from wanted, pg_partition_tree(wanted.oid) t)
         select distinct rel.nspname || '.' || rel.relname from rel join pg_depend d
             on d.classid = 'pg_class'::regclass and d.objid = rel.oid and d.refclassid = 'pg_class'::regclass
                and d.refobjid in (select oid from below) and d.deptype in ('a', 'i')
          where rel.relkind = 'S'
         union
         select distinct rel.nspname || '.' || rel.relname from rel join pg_depend d
             on d.refclassid = 'pg_class'::regclass and d.refobjid = rel.oid and d.classid = 'pg_attrdef'::regclass
           join pg_attrdef a on a.oid = d.objid and a.adrelid in (select oid from below)
          where rel.relkind = 'S' order by 1",
        among(tables)
    );
    Ok(catalog::rows(session, &sql).await?.into_iter().flatten().collect())
}

/// Size on disk of these tables with their partitions and indexes.
///
/// # Errors
/// The server does not answer.
pub async fn bytes(session: &Session, tables: &[String]) -> Result<i64> {
    let sql = format!(
        ", wanted as (select oid from rel where {}),
         below as (select oid from wanted union select t.relid from wanted, pg_partition_tree(wanted.oid) t)
         select coalesce(sum(pg_total_relation_size(oid)), 0)::int8 from below",
        among(tables)
    );
    let rows = catalog::rows(session, &sql).await?;
    Ok(rows.first().and_then(|row| row.first()?.parse().ok()).unwrap_or_default())
}

/// These tables, and whether they were vacuumed since a time, or ever where none is given.
///
/// # Errors
/// The server does not answer.
pub async fn to_be_cleaned(
    session: &Session,
    tables: &[String],
    since: Option<SystemTime>,
) -> Result<Vec<Cleaning>> {
    let since = since.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let since = since.map_or(0.0, |since| since.as_secs_f64());
    let sql = format!(
        ", wanted as (select oid, name from rel where {}),
         leaf as (select part.top, c.oid, c.relowner
             from (select oid as top, oid as part from wanted
                   union select w.oid, t.relid from wanted w, pg_partition_tree(w.oid) t) part
             join pg_class c on c.oid = part.part and c.relkind = 'r')
         select w.name,
                coalesce(bool_and(pg_has_role(l.relowner, 'usage')
                  or (select pg_has_role(datdba, 'usage') from pg_database where datname = current_database())
                  or case when current_setting('server_version_num')::int >= 170000
                          then has_table_privilege(l.oid, 'maintain') else false end), true),
                coalesce(bool_and(coalesce(greatest(s.last_vacuum, s.last_autovacuum)
                  > to_timestamp({since}), false)), true)
           from wanted w left join leaf l on l.top = w.oid left join pg_stat_all_tables s on s.relid = l.oid
          group by w.name order by w.name",
        among(tables)
    );
    let cleaning = |row: Vec<String>| {
        let [table, may, done] = <[String; 3]>::try_from(row).ok()?;
        Some(Cleaning { table, is_permitted: may == "t", is_done: done == "t" })
    };
    Ok(catalog::rows(session, &sql).await?.into_iter().filter_map(cleaning).collect())
}

/// A condition on `rel`: one of these tables.
fn among(tables: &[String]) -> String {
    let names: Vec<String> = tables.iter().map(|name| literal(name)).collect();
    format!("relkind in ('r', 'p') and nspname || '.' || relname = any (array[{}]::text[])", names.join(", "))
}
