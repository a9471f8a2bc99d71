//! Present structure of a table, from the catalogs.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::{Client, Row};

use crate::{BASE_TYPE, EQUALS, Error, Ident, QualifiedName, Result, key};

const TABLES: &str = "\
select u.place, c.oid, c.relkind::text, c.relispartition, c.relpersistence::text, pn.nspname, p.relname
  from rows from (pg_catalog.unnest($1::text[]),
                  pg_catalog.unnest($2::text[])) with ordinality as u (schema, name, place)
  join pg_catalog.pg_namespace n on n.nspname = u.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = u.name
  left join pg_catalog.pg_inherits i on i.inhrelid = c.oid and c.relispartition
  left join pg_catalog.pg_class p on p.oid = i.inhparent
  left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
 where c.relkind not in ('i', 'I', 't', 'c')";

/// A structure that seems to lack something is read so many times.
const TRIES: usize = 3;

const COLUMNS: &str = "\
select a.attnum, a.attname, tn.nspname, t.typname, t.oid, pg_catalog.format_type(t.oid, a.atttypmod),
       a.attnotnull, a.attgenerated::text, a.attidentity::text, a.atthasdef, a.attrelid,
       pg_catalog.format('%I.%I', bn.nspname, b.typname), $EQUALS
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace$BASE_TYPE
 where a.attrelid = any ($1) and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum";

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
    /// The columns that identify a row, by the rule that capture has; empty where there is no such index.
    pub key: Vec<String>,
}

impl Table {
    /// What stands before its name where its own rows are meant, and its partitions' with them: `only `, or nothing.
    pub fn only(&self) -> &'static str {
        if self.kind == TableKind::Partitioned { "" } else { "only " }
    }
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
    /// The type of its values, quoted as `type_name`: without domain.
    pub value_type: String,
    /// `operator(schema.=)` by which two of its values are equal.
    pub equals: String,
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
    Ok(tables(client, std::slice::from_ref(name)).await?.remove(name))
}

/// The present structure of those of the tables that exist.
///
/// # Errors
/// A query failed.
async fn tables(client: &Client, names: &[QualifiedName]) -> Result<HashMap<QualifiedName, Table>> {
    let asked = |e: tokio_postgres::Error| {
        let of = names.first().map(ToString::to_string).unwrap_or_default();
        let others = if names.len() > 1 { " and others" } else { "" };
        Error::from(e).during(format!("reading the structure of {of}{others}"))
    };
    let mut found = named(client, names).await.map_err(asked)?;
    for _ in 0..TRIES {
        let tables = described(client, names, &found).await.map_err(asked)?;
        if tables.values().all(|table| !table.columns.is_empty() && !table.key.is_empty()) {
            return Ok(tables);
        }
        // three queries, and a table may have been dropped or exchanged between them
        let again = named(client, names).await.map_err(asked)?;
        let oids = |rows: &[Row]| rows.iter().map(|row| row.get(1)).collect::<BTreeSet<u32>>();
        if oids(&again) == oids(&found) {
            return Ok(tables);
        }
        found = again;
    }
    described(client, names, &found).await.map_err(asked)
}

/// What has the names.
async fn named(
    client: &Client,
    names: &[QualifiedName],
) -> std::result::Result<Vec<Row>, tokio_postgres::Error> {
    let schemas: Vec<&str> = names.iter().map(|name| name.schema.as_str()).collect();
    let plain: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    client.query(TABLES, &[&schemas, &plain]).await
}

/// Columns and keys of what was found.
async fn described(
    client: &Client,
    names: &[QualifiedName],
    found: &[Row],
) -> std::result::Result<HashMap<QualifiedName, Table>, tokio_postgres::Error> {
    let oids: Vec<u32> = found.iter().map(|row| row.get(1)).collect();
    let mut columns: HashMap<u32, Vec<Column>> = HashMap::new();
    let mut keys = HashMap::new();
    if !oids.is_empty() {
        let of_columns = COLUMNS.replace("$EQUALS", EQUALS).replace("$BASE_TYPE", BASE_TYPE);
        for row in client.query(&of_columns, &[&oids]).await? {
            columns.entry(row.get(10)).or_default().push(column(&row));
        }
        keys = key::key_columns(client, &oids).await?;
    }
    let known = |row: &Row| {
        let place = usize::try_from(row.get::<_, i64>(0)).ok()?;
        let name = names.get(place.checked_sub(1)?)?.clone();
        let oid: u32 = row.get(1);
        let parent: (Option<String>, Option<String>) = (row.get(5), row.get(6));
        let table = Table {
            oid,
            name: name.clone(),
            kind: kind(row.get(2), row.get(3)),
            partition_of: parent.0.zip(parent.1).map(|(schema, name)| QualifiedName { schema, name }),
            persistence: match row.get(4) {
                "u" => Persistence::Unlogged,
                "t" => Persistence::Temporary,
                _ => Persistence::Permanent,
            },
            columns: columns.get(&oid).cloned().unwrap_or_default(),
            key: keys.get(&oid).cloned().unwrap_or_default(),
        };
        Some((name, table))
    };
    Ok(found.iter().filter_map(known).collect())
}

/// The table of a plain name, as the SQL API and `ev_extra1` hold it: any of its dots may part schema and name, and the
/// first one that leads to a relation does.
///
/// # Errors
/// The query failed.
pub async fn find_table(client: &Client, plain: &str) -> Result<Option<Table>> {
    Ok(find_tables(client, &[plain]).await?.pop().flatten())
}

/// The same for several names, in their order.
///
/// # Errors
/// As [`find_table`].
pub async fn find_tables(client: &Client, plain: &[&str]) -> Result<Vec<Option<Table>>> {
    let readings: Vec<Vec<QualifiedName>> =
        plain.iter().map(|plain| QualifiedName::readings(plain).collect()).collect();
    let found = tables(client, &readings.concat()).await?;
    Ok(readings.iter().map(|names| names.iter().find_map(|name| found.get(name)).cloned()).collect())
}

/// What `relkind` and `relispartition` say.
fn kind(relkind: &str, partition: bool) -> TableKind {
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
        value_type: row.get(11),
        equals: row.get(12),
    }
}
