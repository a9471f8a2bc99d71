//! Partitions of a target's table, compared with those of the source.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// A partition of the target.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its object id.
    pub oid: u32,
    /// Its name, quoted.
    pub quoted: String,
    /// It has no partitions of its own.
    pub is_leaf: bool,
}

/// The partition of a table that holds the rows between the bounds described, whatever its name.
pub async fn with_bounds<C: GenericClient>(
    client: &C,
    table: u32,
    bounds: &str,
) -> Answer<Option<Partition>> {
    let sql = "select p.relid::oid, format('%I.%I', n.nspname, c.relname), c.relkind <> 'p' \
                 from pg_partition_tree($1::oid) p \
                 join pg_catalog.pg_class c on c.oid = p.relid and c.relkind in ('r', 'p', 'f') \
                 join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
                where londiste_rs.partition_bounds(c.oid, $1::oid) = $2::text \
                limit 1";
    let row = client.query_opt(sql, &[&table, &bounds]).await?;
    Ok(row.map(|row| Partition { oid: row.get(0), quoted: row.get(1), is_leaf: row.get(2) }))
}

/// A column of the target as a partition key.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    /// Its type, that of a domain's base.
    pub type_name: String,
    /// The type is one of PostgreSQL's own base types.
    pub is_built_in: bool,
    /// What identifies its collation on any server.
    pub collation: Option<String>,
    /// Equal values are equal bytes.
    pub is_deterministic: bool,
    /// Its type modifier; -1 where values are not rounded by it.
    pub rounds: i32,
}

/// A column of a table as a partition key.
pub async fn key_column<C: GenericClient>(client: &C, table: u32, column: &str) -> Answer<KeyColumn> {
    let sql = "select londiste_rs.base_type_name(a.atttypid), \
                      londiste_rs.base_type_name(a.atttypid) in ( \
                          select 'pg_catalog.' || t.typname from pg_catalog.pg_type t \
                           where t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace \
                             and t.typtype = 'b' and t.typelem = 0), \
                      londiste_rs.collation_identity(a.attcollation), \
                      coalesce((select l.collisdeterministic from pg_catalog.pg_collation l \
                                 where l.oid = a.attcollation), true), \
                      case when londiste_rs.base_type_name(a.atttypid) in ('pg_catalog.varchar', 'pg_catalog.bpchar') \
                           then -1 else a.atttypmod end \
                 from pg_catalog.pg_attribute a \
                where a.attrelid = $1 and a.attname = $2::text::name and a.attnum > 0 and not a.attisdropped";
    let row = client.query_one(sql, &[&table, &column]).await?;
    Ok(KeyColumn {
        type_name: row.get(0),
        is_built_in: row.get(1),
        collation: row.get(2),
        is_deterministic: row.get(3),
        rounds: row.get(4),
    })
}
