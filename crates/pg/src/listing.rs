//! What there is to replicate in a database.

use tokio_postgres::Client;

use crate::{
    Error, QualifiedName, Result,
    structure::{TableKind, kind},
};

/// A user's own relations: nothing temporary, nothing of the system's, of the queue's or of an extension's.
const RELATIONS: &str = "\
select n.nspname, c.relname, c.relkind::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind::text = any ($1) and (not c.relispartition or $2) and c.relpersistence <> 't'
   and n.nspname not in ('pg_catalog', 'information_schema', 'pgq', 'pgq_ext', 'pgq_node', 'londiste', 'londiste_rs', 'londiste_fk')
   and n.nspname !~ '^pg_(toast|temp)'
   and not exists (select from pg_catalog.pg_depend d
                    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
                      and d.deptype = 'e')
 order by n.nspname, c.relname";

/// The user's tables: ordinary, partitioned, foreign. A partitioned table is one table: its partitions are not listed.
///
/// # Errors
/// The query failed.
pub async fn list_tables(client: &Client) -> Result<Vec<(QualifiedName, TableKind)>> {
    let found = relations(client, &["r", "p", "f"], false).await?;
    Ok(found.into_iter().map(|(name, relkind)| (name, kind(&relkind, false))).collect())
}

/// The user's tables as the stock triggers see them: ordinary and foreign ones, the partitions instead of their partitioned table.
///
/// # Errors
/// The query failed.
pub async fn list_leaf_tables(client: &Client) -> Result<Vec<QualifiedName>> {
    Ok(relations(client, &["r", "f"], true).await?.into_iter().map(|(name, _)| name).collect())
}

/// The user's sequences, those behind serial and identity columns included.
///
/// # Errors
/// The query failed.
pub async fn list_sequences(client: &Client) -> Result<Vec<QualifiedName>> {
    Ok(relations(client, &["S"], false).await?.into_iter().map(|(name, _)| name).collect())
}

async fn relations(client: &Client, kinds: &[&str], partitions: bool) -> Result<Vec<(QualifiedName, String)>> {
    match client.query(RELATIONS, &[&kinds, &partitions]).await {
        Ok(rows) => Ok(rows
            .iter()
            .map(|row| (QualifiedName { schema: row.get(0), name: row.get(1) }, row.get(2)))
            .collect()),
        Err(e) => Err(Error::from(e).during("listing the relations of the database")),
    }
}
