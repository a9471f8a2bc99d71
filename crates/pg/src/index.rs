//! Indexes of a table, and the constraints they carry.

use tokio_postgres::{Client, Row};

use crate::{Error, QualifiedName, Result};

const SELECT: &str = "\
select ic.relname, pg_catalog.pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisexclusion,
       i.indimmediate, k.columns, i.indpred is not null, i.indisclustered, i.indisreplident, i.indisvalid,
       ic.relispartition, pg_catalog.obj_description(i.indexrelid, 'pg_class'),
       con.conname, con.contype::text, pg_catalog.pg_get_constraintdef(con.oid), con.condeferrable,
       con.condeferred, pg_catalog.obj_description(con.oid, 'pg_constraint'),
       (select t.spcname::text from pg_catalog.pg_tablespace t where t.oid = ic.reltablespace), am.amname,
       (select pg_catalog.array_agg(a.attnum::int4 order by a.attnum) from pg_catalog.pg_attribute a
         where a.attrelid = i.indexrelid and a.attstattarget >= 0),
       (select pg_catalog.array_agg(a.attstattarget::int4 order by a.attnum) from pg_catalog.pg_attribute a
         where a.attrelid = i.indexrelid and a.attstattarget >= 0),
       coalesce((select sum(pg_catalog.pg_relation_size(t.relid))
                   from pg_catalog.pg_partition_tree(i.indexrelid) t where t.isleaf),
                pg_catalog.pg_relation_size(i.indexrelid))::int8,
       i.indrelid, i.indexrelid, (select h.inhparent from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid),
       (select pg_catalog.string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ')
          from pg_catalog.pg_options_to_table(ic.reloptions) o)
  from pg_catalog.pg_index i
  join pg_catalog.pg_class ic on ic.oid = i.indexrelid
  join pg_catalog.pg_am am on am.oid = ic.relam
  join pg_catalog.pg_class c on c.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_constraint con
    on con.conindid = i.indexrelid and con.conrelid = i.indrelid and con.contype in ('p', 'u', 'x')
 cross join lateral (
       select pg_catalog.array_agg(a.attname::text order by u.place) as columns
         from pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
         left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum and u.attnum <> 0
        where u.place <= i.indnkeyatts) as k";

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name, in the schema of its table.
    pub name: String,
    /// The statement that makes it (`pg_get_indexdef`).
    pub definition: String,
    /// It allows no two equal rows.
    pub unique: bool,
    /// It is the primary key's.
    pub primary: bool,
    /// It is an exclusion constraint's.
    pub exclusion: bool,
    /// It is checked row by row, not at the end of statement or transaction.
    pub immediate: bool,
    /// Its key columns in order; none stands for an expression. Included columns are left out.
    pub columns: Vec<Option<String>>,
    /// It has a WHERE.
    pub partial: bool,
    /// The constraint it carries.
    pub constraint: Option<Constraint>,
    /// `cluster` sorts by it.
    pub clustered: bool,
    /// It is the table's replica identity.
    pub replica_identity: bool,
    /// The comment on it.
    pub comment: Option<String>,
    /// It is complete and may be used.
    pub valid: bool,
    /// Where it lies, unless in the database's own tablespace. The definition does not tell.
    pub tablespace: Option<String>,
    /// Its access method: `btree`.
    pub method: String,
    /// Columns of its own (expressions) with a statistics target, by number.
    pub statistics: Vec<(i32, i32)>,
    /// Its present size in bytes, in all partitions.
    pub bytes: i64,
    /// Its object id.
    pub oid: u32,
    /// Object id of its table.
    pub table: u32,
    /// Object id of the index of the partitioned table above that it belongs to.
    pub above: Option<u32>,
    /// Its storage parameters, as they stand behind WITH.
    pub options: Option<String>,
    /// It belongs to an index of the partitioned table above, and comes and goes with that.
    pub inherited: bool,
}

/// A constraint that an index carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ConstraintKind,
    /// What stands behind `constraint name` (`pg_get_constraintdef`), deferrability included.
    pub definition: String,
    /// It may be deferred to the end of the transaction.
    pub deferrable: bool,
    /// It is deferred unless a transaction says otherwise.
    pub deferred: bool,
    /// The comment on it.
    pub comment: Option<String>,
}

/// The constraints that have an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    /// PRIMARY KEY.
    PrimaryKey,
    /// UNIQUE.
    Unique,
    /// EXCLUDE.
    Exclusion,
}

/// All indexes of a table, the primary key's first, then by name.
///
/// # Errors
/// The query failed.
pub async fn indexes(client: &Client, table: &QualifiedName) -> Result<Vec<Index>> {
    let sql =
        format!("{SELECT} where n.nspname = $1 and c.relname = $2 order by i.indisprimary desc, ic.relname");
    match client.query(&sql, &[&table.schema, &table.name]).await {
        Ok(rows) => Ok(rows.iter().map(index).collect()),
        Err(e) => Err(Error::from(e).during(format!("reading the indexes of {table}"))),
    }
}

/// The indexes of several tables, given by their object ids; each table's in the order of [`indexes`].
///
/// # Errors
/// The query failed.
pub async fn indexes_of(client: &Client, tables: &[u32]) -> Result<Vec<Index>> {
    let sql = format!(
        "{SELECT} join pg_catalog.unnest($1::oid[]) with ordinality as wanted (oid, place) on wanted.oid = i.indrelid \
          order by wanted.place, i.indisprimary desc, ic.relname"
    );
    match client.query(&sql, &[&tables]).await {
        Ok(rows) => Ok(rows.iter().map(index).collect()),
        Err(e) => Err(Error::from(e).during("reading the indexes of tables")),
    }
}

fn index(row: &Row) -> Index {
    let name: Option<String> = row.get(13);
    Index {
        name: row.get(0),
        definition: row.get(1),
        unique: row.get(2),
        primary: row.get(3),
        exclusion: row.get(4),
        immediate: row.get(5),
        columns: row.get(6),
        partial: row.get(7),
        clustered: row.get(8),
        replica_identity: row.get(9),
        valid: row.get(10),
        inherited: row.get(11),
        comment: row.get(12),
        tablespace: row.get(19),
        method: row.get(20),
        statistics: {
            let numbers = |at| row.get::<_, Option<Vec<i32>>>(at).unwrap_or_default();
            numbers(21).into_iter().zip(numbers(22)).collect()
        },
        bytes: row.get(23),
        table: row.get(24),
        oid: row.get(25),
        above: row.get(26),
        options: row.get(27),
        constraint: name.map(|name| Constraint {
            name,
            kind: match row.get(14) {
                "p" => ConstraintKind::PrimaryKey,
                "u" => ConstraintKind::Unique,
                _ => ConstraintKind::Exclusion,
            },
            definition: row.get(15),
            deferrable: row.get(16),
            deferred: row.get(17),
            comment: row.get(18),
        }),
    }
}
