//! How the functions of the API are called, and their codes judged.

use tokio_postgres::types::ToSql;
use tokio_postgres::{GenericClient, Row};

use crate::{Error, Result};

pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Names the failed statement.
pub(crate) fn failed(what: &str) -> impl FnOnce(tokio_postgres::Error) -> Error + '_ {
    move |source| Error::Sql { what: what.to_owned(), source: source.into() }
}

pub(crate) async fn rows<C: GenericClient>(
    client: &C,
    what: &str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>> {
    client.query(sql, parameters).await.map_err(failed(what))
}

pub(crate) async fn row<C: GenericClient>(
    client: &C,
    what: &str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Row> {
    client.query_one(sql, parameters).await.map_err(failed(what))
}

/// Calls a function with OUT columns `ret_code` and `ret_note`; a code of 300 and above is an error.
pub(crate) async fn coded<C: GenericClient>(
    client: &C,
    function: &'static str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Row> {
    let row = row(client, function, sql, parameters).await?;
    let code: i32 = row.get("ret_code");
    if code >= 300 {
        let note: Option<String> = row.get("ret_note");
        return Err(Error::Refused { function, code, note: note.unwrap_or_default() });
    }
    Ok(row)
}
