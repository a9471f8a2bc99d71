//! Row shapes that a provider has registered: `londiste_rs.shape`.

use pg::Ask;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use crate::error::Answer;

/// Whether the provider registers shapes: one with the stock extensions alone does not.
pub async fn are_registered<C: GenericClient>(provider: &C) -> Answer<bool> {
    let sql = "select to_regclass('londiste_rs.shape') is not null";
    Ok(provider.query_one(sql, &[]).await?.get(0))
}

/// Shapes with higher numbers than `from`, but for those that are known: number and description.
pub async fn newer<C: Ask>(provider: &C, from: i32, known: &[i32]) -> Answer<Vec<(i32, String)>> {
    let sql =
        "select shape_id, description from londiste_rs.shape where shape_id > $1 and shape_id <> all ($2)";
    let found = provider.ask(sql, &[(&from, Type::INT4), (&known, Type::INT4_ARRAY)]).await?;
    Ok(found.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Names of the columns that events of a table have had, by its shapes; `None` where the provider registers none.
pub async fn former_columns<C: GenericClient>(provider: &C, table: &str) -> Answer<Option<Vec<String>>> {
    if !are_registered(provider).await? {
        return Ok(None);
    }
    let sql = "select distinct c.value->>0 \
                 from londiste_rs.shape s cross join json_array_elements(s.description::json->'columns') c (value) \
                where s.table_name = $1";
    let found = provider.query(sql, &[&table]).await?;
    Ok(Some(found.iter().filter_map(|row| row.get(0)).collect()))
}
