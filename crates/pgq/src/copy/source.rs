//! Relations of the source that hold a table's rows, and their files.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// SQL that answers the files of table `$1`, a quoted name, as text, `relation:file` with commas between: a rewrite or
/// a TRUNCATE gives a relation another file. An expression, so that one statement takes it with a snapshot.
pub const FILES: &str = "\
(select coalesce(string_agg(r.relid || ':' || coalesce(pg_catalog.pg_relation_filenode(r.relid), 0), ','
                            order by r.relid), '')
   from londiste_rs.row_relations($1::text::regclass) r)";

/// Those of the tables, by quoted name and object id, whose names lead to other relations.
pub async fn exchanged<C: GenericClient>(provider: &C, tables: &[(String, u32)]) -> Answer<Vec<String>> {
    let (names, oids): (Vec<&str>, Vec<u32>) = tables.iter().map(|(name, oid)| (name.as_str(), *oid)).unzip();
    let sql = "select t.name from unnest($1::text[], $2::oid[]) t (name, relid) \
                where t.name::regclass::oid <> t.relid";
    Ok(provider.query(sql, &[&names, &oids]).await?.iter().map(|row| row.get(0)).collect())
}

/// A relation that holds rows of a table.
#[derive(Clone, Debug)]
pub struct RowRelation {
    /// Its object id, as text.
    pub oid: String,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its pages; none where it is gone.
    pub pages: Option<i64>,
}

/// The relations that hold the rows of a table, as large as they are now.
pub async fn row_relations<C: GenericClient>(provider: &C, table: u32) -> Answer<Vec<RowRelation>> {
    let sql = "select r.relid::text, n.nspname::text, c.relname::text, \
                      pg_catalog.pg_relation_size(r.relid) / pg_catalog.current_setting('block_size')::int8 \
                 from londiste_rs.row_relations($1) r join pg_catalog.pg_class c on c.oid = r.relid \
                 join pg_catalog.pg_namespace n on n.oid = c.relnamespace order by r.relid";
    let found = provider.query(sql, &[&table]).await?;
    let relation = |row: &tokio_postgres::Row| RowRelation {
        oid: row.get(0),
        schema: row.get(1),
        name: row.get(2),
        pages: row.get(3),
    };
    Ok(found.iter().map(relation).collect())
}

/// Whether a partition (its object id as text) was attached with rows in it.
pub async fn has_older_rows<C: GenericClient>(provider: &C, relation: &str) -> Answer<bool> {
    let sql = "select londiste_rs.has_older_rows($1::text::oid)";
    Ok(provider.query_one(sql, &[&relation]).await?.get(0))
}
