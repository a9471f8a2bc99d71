//! The present structure of a table, from the catalogs.

use tokio_postgres::{Client, Row};

use crate::{Error, Ident, QualifiedName, Result, key};

const TABLE: &str = "\
select c.oid, c.relkind::text, c.relispartition, c.relpersistence::text, pn.nspname, p.relname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
  left join pg_catalog.pg_class p on p.oid = i.inhparent
  left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
 where n.nspname = $1 and c.relname = $2 and c.relkind not in ('i', 'I', 't', 'c')";

const COLUMNS: &str = "\
select a.attnum, a.attname, tn.nspname, t.typname, t.oid, pg_catalog.format_type(t.oid, a.atttypmod),
       a.attnotnull, a.attgenerated::text, a.attidentity::text, a.atthasdef
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
 where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
 order by a.attnum";

/// A table as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its object id, of this database only.
    pub oid: u32,
    /// Its name.
    pub name: QualifiedName,
    /// What it is.
    pub kind: TableKind,
    /// The partitioned table it is a partition of. A partitioned partition is of kind `Partitioned`.
    pub partition_of: Option<QualifiedName>,
    /// Whether it survives a crash, or the session.
    pub persistence: Persistence,
    /// Its columns in their order; dropped ones are left out.
    pub columns: Vec<Column>,
    /// The columns that identify a row: the primary key, else those of the smallest unique index that is complete,
    /// immediate and over NOT NULL columns only; empty where there is none. Both sides of a replication choose alike.
    pub key: Vec<String>,
}

/// What a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// A table of its own.
    Ordinary,
    /// A partitioned table; rows are in its partitions.
    Partitioned,
    /// A partition that holds rows itself.
    Partition,
    /// A foreign table, also one that is a partition.
    Foreign,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// Something newer than this program.
    Other,
}

/// How long a relation's rows stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Persistence {
    /// For good.
    Permanent,
    /// Until a crash.
    Unlogged,
    /// Until the session ends.
    Temporary,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its number in `pg_attribute`: grows, has gaps where columns were dropped.
    pub attnum: i16,
    /// Its name.
    pub name: String,
    /// Its type for casts, schema-qualified and quoted, without modifier: `"pg_catalog"."int4"`.
    pub type_name: String,
    /// Its type's object id, of this database only (but for built-in types).
    pub type_oid: u32,
    /// Its type with modifier as people write it; qualified only where the `search_path` does not find it.
    pub formatted: String,
    /// NOT NULL is declared on it (in PostgreSQL 18 possibly not yet validated).
    pub not_null: bool,
    /// It is computed from others (stored or virtual) and cannot be written.
    pub generated: bool,
    /// It is computed whenever it is read (PostgreSQL 18): triggers see NULL in its place.
    pub is_virtual: bool,
    /// It is an identity column.
    pub identity: Option<Identity>,
    /// It has a default expression.
    pub has_default: bool,
}

/// How an identity column takes values from statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Only with `overriding system value`.
    Always,
    /// Like any default.
    ByDefault,
}

/// The present structure of a table; none where there is no relation of that name.
///
/// # Errors
/// The query failed.
pub async fn table(client: &Client, name: &QualifiedName) -> Result<Option<Table>> {
    let asked = |e: tokio_postgres::Error| Error::from(e).during(format!("reading the structure of {name}"));
    let Some(found) = client.query_opt(TABLE, &[&name.schema, &name.name]).await.map_err(asked)? else {
        return Ok(None);
    };
    let oid: u32 = found.get(0);
    let columns = client.query(COLUMNS, &[&oid]).await.map_err(asked)?;
    let parent: (Option<String>, Option<String>) = (found.get(4), found.get(5));
    Ok(Some(Table {
        oid,
        name: name.clone(),
        kind: kind(found.get(1), found.get(2)),
        partition_of: parent.0.zip(parent.1).map(|(schema, name)| QualifiedName { schema, name }),
        persistence: match found.get(3) {
            "u" => Persistence::Unlogged,
            "t" => Persistence::Temporary,
            _ => Persistence::Permanent,
        },
        columns: columns.iter().map(column).collect(),
        key: key::columns(client, oid).await.map_err(asked)?,
    }))
}

/// The table of a plain name, as the SQL API and `ev_extra1` hold it: any of its dots may part schema and name, and the first one that
/// leads to a relation does.
///
/// # Errors
/// The query failed.
pub async fn find_table(client: &Client, plain: &str) -> Result<Option<Table>> {
    for name in QualifiedName::readings(plain) {
        let found = table(client, &name).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// What `relkind` and `relispartition` say.
pub(crate) fn kind(relkind: &str, partition: bool) -> TableKind {
    match relkind {
        "r" if partition => TableKind::Partition,
        "r" => TableKind::Ordinary,
        "p" => TableKind::Partitioned,
        "f" => TableKind::Foreign,
        "v" => TableKind::View,
        "m" => TableKind::MaterializedView,
        "S" => TableKind::Sequence,
        _ => TableKind::Other,
    }
}

fn column(row: &Row) -> Column {
    let (type_schema, type_name): (String, String) = (row.get(2), row.get(3));
    let generated = !row.get::<_, &str>(7).is_empty();
    Column {
        attnum: row.get(0),
        name: row.get(1),
        type_name: format!("{}.{}", Ident::new(type_schema), Ident::new(type_name)),
        type_oid: row.get(4),
        formatted: row.get(5),
        not_null: row.get(6),
        generated,
        is_virtual: row.get::<_, &str>(7) == "v",
        identity: match row.get(8) {
            "a" => Some(Identity::Always),
            "d" => Some(Identity::ByDefault),
            _ => None,
        },
        has_default: row.get::<_, bool>(9) && !generated,
    }
}
