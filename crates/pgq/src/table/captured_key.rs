//! Key of a captured table: the columns by which its events identify rows.

use tokio_postgres::GenericClient;

use crate::Result;
use crate::call::{row, rows};
use crate::error::Answer;

/// A table with the columns by which its events tell rows.
#[derive(Clone, Debug)]
pub struct CapturedKey {
    /// The table.
    pub table: String,
    /// The columns, none where the whole row tells.
    pub key: Vec<String>,
}

/// The keys of captured tables of the root that is connected; none of a root whose tables the stock triggers capture.
pub async fn captured_keys<C: GenericClient>(client: &C, queue: &str) -> Result<Vec<CapturedKey>> {
    let ours = "select to_regprocedure('londiste_rs.captured_keys(text)') is not null";
    if !row(client, "looking for londiste_rs.captured_keys", ours, &[]).await?.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let sql = "select table_name, key from londiste_rs.captured_keys($1) where key <> '{}'";
    let found = rows(client, "londiste_rs.captured_keys", sql, &[&queue]).await?;
    Ok(found.iter().map(|row| CapturedKey { table: row.get(0), key: row.get(1) }).collect())
}

/// The key of one captured table, no column where it has none; `None` where the provider's version cannot tell.
pub async fn captured_key<C: GenericClient>(
    provider: &C,
    queue: &str,
    name: &str,
) -> Answer<Option<Vec<String>>> {
    let ours = "select pg_catalog.to_regprocedure('londiste_rs.captured_keys(text)') is not null";
    if !provider.query_one(ours, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let sql = "select coalesce((select key from londiste_rs.captured_keys($1) where table_name = $2), '{}')";
    Ok(Some(provider.query_one(sql, &[&queue, &name]).await?.get(0)))
}

/// What is to be said of keys of tables of the connected node that are not primary keys there, with the tables' names.
pub async fn key_remarks<C: GenericClient>(
    client: &C,
    keys: &[CapturedKey],
) -> Result<Vec<(String, String)>> {
    let columns =
        keys.iter().flat_map(|key| key.key.iter().map(|column| (key.table.as_str(), column.as_str())));
    let (names, columns): (Vec<&str>, Vec<&str>) = columns.unzip();
    let sql = "select t.name, r.remark \
                 from (select name, array_agg(part order by place) as key \
                         from unnest($1::text[], $2::text[]) with ordinality as u (name, part, place) group by name) t \
                cross join lateral \
                      (select londiste_rs.key_remark(londiste_rs.find_relation(t.name), t.key) as remark) r \
                where r.remark is not null order by 1";
    let found = rows(client, "londiste_rs.key_remark", sql, &[&names, &columns]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}
