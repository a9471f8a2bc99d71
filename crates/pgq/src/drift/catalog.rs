//! Questions to the catalogs of either side: whether any definition has changed, and which relations and types are
//! looked at. They run on any provider, also where nothing of ours is installed, and take no lock of a table.

use tokio_postgres::{GenericClient, Row};

use crate::Result;
use crate::call::{row, rows};

/// `root`: the relations of the names $1 of tables; `rel`: these with all their partitions; `seq`: the relations of
/// the names $2 of sequences. As `londiste_rs.find_relation` reads names.
const RELATIONS: &str = "\
with recursive named (name, is_table) as (
    select n, true from unnest($1) n union all select n, false from unnest($2) n),
found (name, is_table, oid) as (
    select f.name, f.is_table, r.oid from named f
     cross join lateral (
           select c.oid
             from (select case when strpos(f.name, '.') > 0 then f.name else 'public.' || f.name end) full_name (n)
             join pg_catalog.pg_namespace s on starts_with(full_name.n, s.nspname || '.')
             join pg_catalog.pg_class c on c.relnamespace = s.oid
              and c.relname = substr(full_name.n, length(s.nspname) + 2)
            order by length(s.nspname) limit 1) r),
root (name, oid) as (select name, oid from found where is_table),
seq (oid) as (select oid from found where not is_table),
rel (oid, top) as (
    select oid, oid from root
    union
    select i.inhrelid, rel.top from rel join pg_catalog.pg_inherits i on i.inhparent = rel.oid
      join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition)";

/// A word for each catalog row that says something of these relations, or of a type of the application's; another word
/// whenever the row is written. VACUUM, ANALYZE and TRUNCATE leave all of them as they are.
const DEFINITIONS: &str = "\
, spot (oid) as (select n.oid from pg_catalog.pg_namespace n
                  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'),
part (word) as (
    select concat('n', name, ' ', oid) from found
    union all
    select concat('c', c.oid, ' ', c.relname, ' ', c.relnamespace, ' ', c.relkind, c.relpersistence, c.relrowsecurity,
                  c.relforcerowsecurity, c.relispartition)
      from pg_catalog.pg_class c where c.oid in (select oid from rel union all select oid from seq)
    union all
    select concat('h', h.inhrelid, ' ', h.xmin) from pg_catalog.pg_inherits h where h.inhrelid in (select oid from rel)
    union all
    select concat('a', a.attrelid, ' ', a.attnum, ' ', a.xmin) from pg_catalog.pg_attribute a
     where a.attrelid in (select oid from rel) and a.attnum > 0
    union all
    select concat('d', d.oid, ' ', d.xmin) from pg_catalog.pg_attrdef d where d.adrelid in (select oid from rel)
    union all
    select concat('k', k.oid, ' ', k.xmin) from pg_catalog.pg_constraint k
     where k.conrelid in (select oid from rel) and k.contype in ('c', 'u', 'p', 'x')
    union all
    select concat('i', i.indexrelid, ' ', i.xmin) from pg_catalog.pg_index i
     where i.indrelid in (select oid from rel) and i.indisunique
    union all
    select concat('s', s.seqrelid, ' ', s.xmin) from pg_catalog.pg_sequence s where s.seqrelid in (select oid from seq)
    union all
    select concat('t', t.oid, ' ', t.xmin) from pg_catalog.pg_type t
     where t.typtype in ('e', 'd', 'r') and t.typnamespace in (select oid from spot)
    union all
    select concat('e', e.oid, ' ', e.xmin) from pg_catalog.pg_enum e
    union all
    select concat('k', k.oid, ' ', k.xmin) from pg_catalog.pg_constraint k where k.contypid <> 0
    union all
    select concat('a', a.attrelid, ' ', a.attnum, ' ', a.xmin)
      from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid
     where c.relkind = 'c' and c.relnamespace in (select oid from spot))
select concat(count(*), ' ', sum(hashtextextended(word, 0))) from part";

/// What may be replicated, and what is.
const REPLICABLE: &str = "\
select concat(count(*), ' ', sum(hashtextextended(word, 0))) from (
    select concat(c.oid, ' ', c.relname, ' ', c.relnamespace, ' ', c.relkind, c.relispartition,
                  c.relpersistence) as word
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't' and n.nspname !~ '^pg_'
    union all
    select concat('t', t.table_name, ' ', t.dest_table) from londiste.table_info t where t.queue_name = $1 and t.local
    union all
    select concat('s', s.seq_name) from londiste.seq_info s where s.queue_name = $1 and s.local) w";

/// The node can say what is not replicated, and this role may ask: it is a root, and ours.
const CAN_TELL: &str = "\
select to_regprocedure('londiste_rs.missing(text,text)') is not null
   and has_schema_privilege(to_regnamespace('londiste_rs')::oid, 'usage')
   and has_table_privilege(to_regclass('londiste.table_info'), 'select')
   and has_table_privilege(to_regclass('londiste.seq_info'), 'select')
   and exists (select from pgq_node.get_node_info($1) i where i.node_type = 'root')";

/// Texts that are others when something has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// Of the definitions on the provider and on this node.
    pub definitions: [String; 2],
    /// Of what the root may replicate, and what it does; `None`: it cannot be asked.
    pub replicable: Option<String>,
}

/// Asks both sides: two or three queries of the catalogs.
pub async fn stamps<C: GenericClient>(
    provider: &C,
    node: &C,
    queue: &str,
    tables: &[(String, String)],
    seqs: &[String],
) -> Result<Stamps> {
    const WHAT: &str = "looking for changed definitions";
    let sql = format!("{RELATIONS}{DEFINITIONS}");
    let [there, here] = names(tables);
    let there: String = row(provider, WHAT, &sql, &[&there, &seqs]).await?.get(0);
    let here: String = row(node, WHAT, &sql, &[&here, &seqs]).await?.get(0);
    let can_tell: Option<bool> = row(provider, WHAT, CAN_TELL, &[&queue]).await?.get(0);
    let replicable = match can_tell {
        Some(true) => Some(row(provider, WHAT, REPLICABLE, &[&queue]).await?.get(0)),
        _ => None,
    };
    Ok(Stamps { definitions: [there, here], replicable })
}

/// A replicated table on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Its place among the tables that were asked for.
    pub place: usize,
    /// Its name, quoted for SQL.
    pub quoted: String,
    /// What it is partitioned by; empty: it is not.
    pub partitioned_by: String,
    /// It has a default partition, which takes rows that have no other.
    pub has_default: bool,
    /// It, and all its partitions, with their names quoted for SQL.
    pub members: Vec<(u32, String)>,
    /// Types of the application's that its columns use, directly or within others, quoted.
    pub types: Vec<String>,
}

/// What is looked at on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Tables that are there.
    pub tables: Vec<Relation>,
    /// Sequences that are there, with their places among those that were asked for, and their names quoted.
    pub seqs: Vec<(usize, u32, String)>,
}

const TABLES: &str = "\
, used (top, typ) as (
    select r.oid, a.atttypid from root r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0
       and not a.attisdropped
    union
    select u.top, x.typ from used u join pg_catalog.pg_type t on t.oid = u.typ cross join lateral (
        select t.typelem where t.typelem <> 0 and t.typtype = 'b'
        union all select t.typbasetype where t.typtype = 'd'
        union all select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
        union all select r.rngtypid from pg_catalog.pg_range r
                   where t.typtype = 'm' and (to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
        union all select a.atttypid from pg_catalog.pg_attribute a
                   where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) x (typ))
select n.place::int8, format('%I.%I', s.nspname, c.relname) as quoted,
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) else '' end as partitioned_by,
       exists (select from pg_catalog.pg_partitioned_table d
                where d.partrelid = c.oid and d.partdefid <> 0) as has_default,
       array(select m.oid from rel m where m.top = c.oid order by m.oid) as members,
       array(select format('%I.%I', ms.nspname, mc.relname) from rel m join pg_catalog.pg_class mc on mc.oid = m.oid
               join pg_catalog.pg_namespace ms on ms.oid = mc.relnamespace where m.top = c.oid order by m.oid) as names,
       array(select format('%I.%I', ts.nspname, t.typname) from used u join pg_catalog.pg_type t on t.oid = u.typ
               join pg_catalog.pg_namespace ts on ts.oid = t.typnamespace
              where u.top = c.oid and t.typtype in ('e', 'd', 'c', 'r') and ts.nspname !~ '^pg_' order by 1) as types
  from root join unnest($1) with ordinality n (name, place) on n.name = root.name
  join pg_catalog.pg_class c on c.oid = root.oid
  join pg_catalog.pg_namespace s on s.oid = c.relnamespace
 order by n.place";

const SEQUENCES: &str = "\
select n.place::int8, c.oid, format('%I.%I', s.nspname, c.relname) as quoted
  from found join unnest($2) with ordinality n (name, place) on n.name = found.name and not found.is_table
  join pg_catalog.pg_class c on c.oid = found.oid
  join pg_catalog.pg_namespace s on s.oid = c.relnamespace
 order by n.place";

/// The relations and types of both sides.
pub async fn scope<C: GenericClient>(
    provider: &C,
    node: &C,
    tables: &[(String, String)],
    seqs: &[String],
) -> Result<[Scope; 2]> {
    let [there, here] = names(tables);
    Ok([of_side(provider, &there, seqs).await?, of_side(node, &here, seqs).await?])
}

async fn of_side<C: GenericClient>(client: &C, names: &[String], seqs: &[String]) -> Result<Scope> {
    const WHAT: &str = "looking for the definitions of replicated tables";
    let found = rows(client, WHAT, &format!("{RELATIONS}{TABLES}"), &[&names, &seqs]).await?;
    let relation = |row: &Row| {
        let (members, names): (Vec<u32>, Vec<String>) = (row.get("members"), row.get("names"));
        Relation {
            place: place(row),
            quoted: row.get("quoted"),
            partitioned_by: row.get("partitioned_by"),
            has_default: row.get("has_default"),
            members: members.into_iter().zip(names).collect(),
            types: row.get("types"),
        }
    };
    let tables = found.iter().map(relation).collect();
    let found = rows(client, WHAT, &format!("{RELATIONS}\n{SEQUENCES}"), &[&names, &seqs]).await?;
    let seqs = found.iter().map(|row| (place(row), row.get("oid"), row.get("quoted"))).collect();
    Ok(Scope { tables, seqs })
}

/// Places are counted from 1 by the server.
fn place(row: &Row) -> usize {
    usize::try_from(row.get::<_, i64>("place") - 1).unwrap_or_default()
}

/// Names on the provider, and on this node.
fn names(tables: &[(String, String)]) -> [Vec<String>; 2] {
    let (there, here) = tables.iter().cloned().unzip();
    [there, here]
}
