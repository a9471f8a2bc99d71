//! Which columns identify a row of a table.

use std::collections::HashMap;

use tokio_postgres::Client;

/// A NOT NULL that is not valid yet (PostgreSQL 18) may have NULLs under it. A deferrable key identifies nothing before its
/// transaction ends, so that capture does not use it. Object ids differ between servers, so
/// they take no part in the choice.
const KEYS: &str = "\
select distinct on (i.indrelid) i.indrelid, k.columns
  from pg_catalog.pg_index i
  join pg_catalog.pg_class ic on ic.oid = i.indexrelid
 cross join lateral (
       select pg_catalog.array_agg(a.attname::text order by u.place) as columns,
              pg_catalog.count(*) as number,
              pg_catalog.bool_and(a.attnotnull and not exists (
                  select from pg_catalog.pg_constraint n
                   where n.conrelid = i.indrelid and n.contype = 'n' and n.conkey = array[a.attnum]
                     and not n.convalidated)) as not_null
         from pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
         join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
        where u.place <= i.indnkeyatts) as k
 where i.indrelid = any ($1) and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
   and (i.indisprimary or (i.indisunique and not i.indisexclusion and k.not_null))
 order by i.indrelid, i.indisprimary desc, k.number, k.columns, ic.relname";

/// The key columns of tables, in the order of the index; of those that have an index that serves.
pub(crate) async fn columns(
    client: &Client,
    oids: &[u32],
) -> Result<HashMap<u32, Vec<String>>, tokio_postgres::Error> {
    let found = client.query(KEYS, &[&oids]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}
