//! Definition of a table as the catalogs have it, in pieces of SQL. All of it is read with an empty `search_path`.

use anyhow::Result;
use pg::{Client, Ident, QualifiedName};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

const DETAILS: &str = "\
select c.relpersistence = 'u', c.reloptions,
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
       pg_catalog.obj_description(c.oid, 'pg_class')
  from pg_catalog.pg_class c where c.oid = $1";

const COLUMNS: &str = "\
select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attidentity::text, a.attgenerated::text, pg_catalog.pg_get_expr(d.adbin, d.adrelid),
       case when a.attcollation <> t.typcollation
            then (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                    from pg_catalog.pg_collation l join pg_catalog.pg_namespace n on n.oid = l.collnamespace
                   where l.oid = a.attcollation) end,
       case when a.attidentity <> '' then pg_catalog.pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) end,
       pg_catalog.col_description(a.attrelid, a.attnum)
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
 order by a.attnum";

fn partitions_query() -> String {
    let tree = pg::partition_tree("$1");
    format!(
        "\
select c.oid, n.nspname::text, c.relname::text, pn.nspname::text, pc.relname::text,
       pg_catalog.pg_get_expr(c.relpartbound, c.oid),
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end, c.relkind = 'f'
  from {tree} t
  join pg_catalog.pg_class c on c.oid = t.relid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class pc on pc.oid = t.parentrelid
  join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
 where t.level > 0
 order by t.level, n.nspname, c.relname"
    )
}

const CHECKS: &str = "\
select conname::text, pg_catalog.pg_get_constraintdef(oid), pg_catalog.obj_description(oid, 'pg_constraint')
  from pg_catalog.pg_constraint
 where conrelid = $1 and contype = 'c' and conislocal and coninhcount = 0
 order by conname";

/// The first server version that knows virtual generated columns; an older one can store what they compute.
const VIRTUAL_COLUMNS: u32 = 180_000;

/// What is said of the table as a whole.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) unlogged: bool,
    options: Option<Vec<String>>,
    partition_key: Option<String>,
    pub(crate) comment: Option<String>,
}

impl Details {
    pub(crate) fn partitioned_by(&self) -> String {
        partition_by(self.partition_key.as_deref())
    }

    pub(crate) fn with_options(&self) -> String {
        self.options.as_ref().map(|options| format!(" with ({})", options.join(", "))).unwrap_or_default()
    }
}

fn partition_by(key: Option<&str>) -> String {
    key.map(|key| format!(" partition by {key}")).unwrap_or_default()
}

pub(crate) async fn details(session: &Client, oid: u32) -> Result<Details> {
    let row = session.query_one(DETAILS, &[&oid]).await.map_err(pg::Error::from)?;
    Ok(Details { unlogged: row.get(0), options: row.get(1), partition_key: row.get(2), comment: row.get(3) })
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    data_type: String,
    not_null: bool,
    identity: String,
    generated: String,
    expression: Option<String>,
    collation: Option<String>,
    sequence: Option<String>,
    pub(crate) comment: Option<String>,
}

impl Column {
    /// As it stands in `create table` on a server of version `here`: without default and identity.
    pub(crate) fn clause(&self, here: u32) -> String {
        let mut clause = format!("{} {}", Ident::new(&self.name), self.data_type);
        if let Some(collation) = &self.collation {
            clause.push_str(&format!(" collate {collation}"));
        }
        if let Some(expression) = self.generated_as() {
            let kind = if self.generated == "v" && here >= VIRTUAL_COLUMNS { "virtual" } else { "stored" };
            clause.push_str(&format!(" generated always as ({expression}) {kind}"));
        }
        if self.not_null {
            clause.push_str(" not null");
        }
        clause
    }

    fn generated_as(&self) -> Option<&str> {
        if self.generated.is_empty() { None } else { self.expression.as_deref() }
    }

    /// Its default expression.
    pub(crate) fn default(&self) -> Option<&str> {
        if self.generated.is_empty() { self.expression.as_deref() } else { None }
    }

    /// The words that make it an identity column with a sequence of the same name.
    pub(crate) fn identity(&self) -> Option<String> {
        let kind = match self.identity.as_str() {
            "a" => "always",
            "d" => "by default",
            _ => return None,
        };
        let name = self.sequence.as_ref().map(|name| format!(" (sequence name {name})")).unwrap_or_default();
        Some(format!("generated {kind} as identity{name}"))
    }
}

pub(crate) async fn columns(session: &Client, oid: u32) -> Result<Vec<Column>> {
    let column = |row: &Row| Column {
        name: row.get(0),
        data_type: row.get(1),
        not_null: row.get(2),
        identity: row.get(3),
        generated: row.get(4),
        expression: row.get(5),
        collation: row.get(6),
        sequence: row.get(7),
        comment: row.get(8),
    };
    each(session, COLUMNS, &[&oid], column).await
}

/// A partition, at any depth.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) oid: u32,
    pub(crate) name: QualifiedName,
    pub(crate) parent: QualifiedName,
    /// `FOR VALUES …` or `DEFAULT`.
    pub(crate) bound: String,
    partition_key: Option<String>,
    pub(crate) foreign: bool,
}

impl Partition {
    pub(crate) fn partitioned_by(&self) -> String {
        partition_by(self.partition_key.as_deref())
    }
}

pub(crate) async fn partitions(session: &Client, oid: u32) -> Result<Vec<Partition>> {
    let partition = |row: &Row| Partition {
        oid: row.get(0),
        name: QualifiedName::new(row.get::<_, String>(1), row.get::<_, String>(2)),
        parent: QualifiedName::new(row.get::<_, String>(3), row.get::<_, String>(4)),
        bound: row.get(5),
        partition_key: row.get(6),
        foreign: row.get(7),
    };
    each(session, &partitions_query(), &[&oid], partition).await
}

/// A check constraint of the table's own.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) definition: String,
    pub(crate) comment: Option<String>,
}

pub(crate) async fn checks(session: &Client, oid: u32) -> Result<Vec<Check>> {
    let check = |row: &Row| Check { name: row.get(0), definition: row.get(1), comment: row.get(2) };
    each(session, CHECKS, &[&oid], check).await
}

async fn each<T>(
    session: &Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    read: impl Fn(&Row) -> T,
) -> Result<Vec<T>> {
    let rows = session.query(sql, parameters).await.map_err(pg::Error::from)?;
    Ok(rows.iter().map(read).collect())
}

/// An index's definition for a table that may have another name here. The definition of an index on a partitioned table
/// says ONLY: here it shall be made on the partitions too.
pub(crate) fn index_on(definition: &str, source: &QualifiedName, dest: &QualifiedName) -> String {
    let quoted = |name: &str| {
        let plain = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit() || c == '$')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$');
        if plain { name.to_owned() } else { Ident::new(name).to_string() }
    };
    let written = [
        format!("{}.{}", quoted(&source.schema), quoted(&source.name)),
        format!("{}.{}", quoted(&source.schema), Ident::new(&source.name)),
        format!("{}.{}", Ident::new(&source.schema), quoted(&source.name)),
        source.to_string(),
    ];
    for name in &written {
        for only in ["", "ONLY "] {
            let there = format!(" ON {only}{name} USING ");
            if definition.contains(&there) {
                return definition.replacen(&there, &format!(" ON {dest} USING "), 1);
            }
        }
    }
    definition.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_moves_to_the_table_of_this_node() {
        let name = QualifiedName::new;
        for (definition, source, expected) in [
            (
                "CREATE INDEX i ON public.t USING btree (a)",
                name("public", "t"),
                "CREATE INDEX i ON \"x\".\"y\" USING btree (a)",
            ),
            (
                "CREATE INDEX i ON ONLY public.\"T\" USING btree (a)",
                name("public", "T"),
                "CREATE INDEX i ON \"x\".\"y\" USING btree (a)",
            ),
            (
                "CREATE INDEX i ON \"S\".\"user\" USING gin (a)",
                name("S", "user"),
                "CREATE INDEX i ON \"x\".\"y\" USING gin (a)",
            ),
        ] {
            assert_eq!(index_on(definition, &source, &name("x", "y")), expected);
        }
    }
}
