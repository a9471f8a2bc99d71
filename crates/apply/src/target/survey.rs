//! Survey of the target's catalog, once in each transaction: which tables are there, whether their structure is still
//! the one that their plans were made for, and which foreign keys link them.

use tokio_postgres::{Client, Statement};

use crate::{Error, Result};

/// What the catalog says about one destination table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CatalogEntry {
    /// Changes whenever columns or unique indexes do.
    pub(crate) fingerprint: String,
    pub(crate) oid: u32,
    /// When it was analyzed last it had so many pages that no plan reads all of it to find a few rows.
    pub(crate) is_large: bool,
    /// Foreign keys of this table.
    pub(crate) parents: Vec<Parent>,
}

/// The other end of a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) oid: u32,
    /// Something happens at once when the parent's row goes or changes its key, even where the check is deferred.
    pub(crate) acts: bool,
    /// What happens when the parent's key changes is that this table's row is changed.
    pub(crate) follows: bool,
}

const SURVEY: &str = "
select w.pos, c.oid,
       md5(concat(c.relkind,
           (select string_agg(concat_ws(' ', a.attname, a.atttypid, a.atttypmod, a.attcollation,
                                        a.attidentity, a.attgenerated),
                              ',' order by a.attnum)
              from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
           (select string_agg(concat_ws(' ', i.indexrelid, i.indisunique, i.indisprimary, i.indimmediate),
                              ',' order by i.indexrelid)
              from pg_catalog.pg_index i where i.indrelid = c.oid and (i.indisunique or i.indisexclusion)))),
       k.parents, k.acts, k.follows, c.relpages >= 1000
  from unnest($1::text[], $2::text[]) with ordinality as w(schema, name, pos)
  join pg_catalog.pg_namespace n on n.nspname = w.schema::name
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name::name
   and c.relkind in ('r', 'p', 'v', 'f')
 cross join lateral (
       select coalesce(array_agg(coalesce(pg_partition_root(k.confrelid), k.confrelid)::oid), '{}') as parents,
              coalesce(array_agg(k.confdeltype <> 'a' or k.confupdtype <> 'a'), '{}') as acts,
              coalesce(array_agg(k.confupdtype not in ('a', 'r')), '{}') as follows
         from pg_catalog.pg_constraint k
        where k.contype = 'f' and coalesce(k.conparentid, 0) = 0 -- all constraints have the same value in that index
          and k.conrelid = any (array(select c.oid union select p.relid from pg_partition_tree(c.oid) p))) k
 order by w.pos";

/// Prepares the survey.
///
/// # Errors
/// [`Error::Server`].
pub(crate) async fn prepare(client: &Client) -> Result<Statement> {
    client.prepare(SURVEY).await.map_err(Error::server("preparing the look at the target's catalog"))
}

/// Looks at the tables named (`schema.table`), and answers in the same order; `None` for a table that is not there.
///
/// # Errors
/// [`Error::Server`].
pub(crate) async fn run(
    client: &Client,
    survey: &Statement,
    tables: &[&str],
) -> Result<Vec<Option<CatalogEntry>>> {
    let ways: Vec<_> =
        tables.iter().enumerate().flat_map(|(at, table)| splits(table).map(move |way| (at, way))).collect();
    let (schemas, names): (Vec<_>, Vec<_>) = ways.iter().map(|(_, way)| *way).unzip();
    let rows = client
        .query(survey, &[&schemas, &names])
        .await
        .map_err(Error::server("looking at the target's catalog"))?;
    let mut catalog_entries = vec![None; tables.len()];
    for row in rows {
        let parents: Vec<u32> = row.get(3);
        let acts: Vec<bool> = row.get(4);
        let follows: Vec<bool> = row.get(5);
        let parents = parents.into_iter().zip(acts).zip(follows);
        let way = usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX);
        if let Some(catalog_entry) = ways
            .get(way)
            .and_then(|(at, _)| catalog_entries.get_mut(*at))
            .filter(|catalog_entry| catalog_entry.is_none())
        {
            *catalog_entry = Some(CatalogEntry {
                oid: row.get(1),
                fingerprint: row.get(2),
                is_large: row.get(6),
                parents: parents.map(|((oid, acts), follows)| Parent { oid, acts, follows }).collect(),
            });
        }
    }
    Ok(catalog_entries)
}

/// What schema and table a plain name may mean, the likeliest first: each of its dots may be the one that parts them.
pub(crate) fn splits(plain: &str) -> impl Iterator<Item = (&str, &str)> {
    let alone = (!plain.contains('.')).then_some(("public", plain));
    plain.match_indices('.').map(|(dot, _)| (&plain[..dot], &plain[dot + 1..])).chain(alone)
}
