//! Calls of the functions of the API, and their codes.

use std::time::SystemTime;

use pg::{Ask, Typed};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, Row};

use crate::{Error, Result};

/// A value whose SQL type is known here, so that a statement travels with its values in one round trip: nothing has to
/// be asked first.
pub(crate) trait Parameter: ToSql + Sync {
    /// The value and its type.
    fn typed(&self) -> (&(dyn ToSql + Sync), Type);
}

macro_rules! parameter {
    ($($rust:ty => $sql:ident),+ $(,)?) => {$(
        impl Parameter for $rust {
            fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
                (self, Type::$sql)
            }
        }
    )+};
}

parameter! {
    &str => TEXT, String => TEXT, Option<&str> => TEXT, Option<String> => TEXT, pg::raw::Raw<'_> => TEXT,
    &[&str] => TEXT_ARRAY, &[String] => TEXT_ARRAY, Vec<&str> => TEXT_ARRAY, Vec<String> => TEXT_ARRAY,
    Vec<Option<String>> => TEXT_ARRAY, Vec<u8> => BYTEA, Option<Vec<u8>> => BYTEA, Vec<Vec<u8>> => BYTEA_ARRAY,
    Vec<Option<Vec<u8>>> => BYTEA_ARRAY, bool => BOOL, Vec<bool> => BOOL_ARRAY,
    Vec<u32> => OID_ARRAY, &[u32] => OID_ARRAY, Vec<Option<u32>> => OID_ARRAY, i32 => INT4, Option<i32> => INT4,
    i64 => INT8, Option<i64> => INT8, Vec<i64> => INT8_ARRAY, Option<f64> => FLOAT8, SystemTime => TIMESTAMPTZ,
}

pub(crate) type Parameters<'a> = &'a [&'a dyn Parameter];

/// A message as a parameter of `londiste_rs.storable`, through which every message goes that is kept in a database: it
/// may hold characters that the database's encoding lacks.
pub(crate) fn message(text: &str) -> Vec<u8> {
    pg::raw::shown(text).into_owned().into_bytes()
}

/// Names the failed statement.
pub(crate) fn failed(what: &str) -> impl FnOnce(tokio_postgres::Error) -> Error + '_ {
    move |source| Error::Sql { what: what.to_owned(), source: source.into() }
}

/// Rows of a question that is asked again and again.
pub(crate) async fn asked<C: Ask>(
    client: &C,
    what: &str,
    sql: &'static str,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>> {
    client.ask(sql, &typed(parameters)).await.map_err(failed(what))
}

/// The same of a question that has one answer; none is told as an error.
pub(crate) async fn asked_one<C: Ask>(
    client: &C,
    what: &str,
    sql: &'static str,
    parameters: Parameters<'_>,
) -> Result<Row> {
    let found = asked(client, what, sql, parameters).await?;
    found.into_iter().next().ok_or_else(|| Error::Nothing { what: what.to_owned() })
}

fn typed<'a>(parameters: Parameters<'a>) -> Vec<Typed<'a>> {
    parameters.iter().map(|parameter| parameter.typed()).collect()
}

pub(crate) async fn rows<C: GenericClient>(
    client: &C,
    what: &str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>> {
    client.query_typed(sql, &typed(parameters)).await.map_err(failed(what))
}

pub(crate) async fn row<C: GenericClient>(
    client: &C,
    what: &str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Row> {
    client.query_typed_one(sql, &typed(parameters)).await.map_err(failed(what))
}

/// Calls a function with OUT columns `ret_code` and `ret_note`; a code of 300 and above is an error.
pub(crate) async fn coded<C: GenericClient>(
    client: &C,
    function: &'static str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Row> {
    let row = row(client, function, sql, parameters).await?;
    judge(function, &row)?;
    Ok(row)
}

/// The same where a statement calls the function several times.
pub(crate) async fn all_coded<C: GenericClient>(
    client: &C,
    function: &'static str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<()> {
    let rows = rows(client, function, sql, parameters).await?;
    rows.iter().try_for_each(|row| judge(function, row))
}

/// The same of a statement that is given for each batch.
pub(crate) async fn all_coded_asked<C: Ask>(
    client: &C,
    function: &'static str,
    sql: &'static str,
    parameters: Parameters<'_>,
) -> Result<()> {
    let rows = asked(client, function, sql, parameters).await?;
    rows.iter().try_for_each(|row| judge(function, row))
}

fn judge(function: &'static str, row: &Row) -> Result<()> {
    let code: i32 = row.get("ret_code");
    if code >= 300 {
        let note: Option<String> = row.get("ret_note");
        return Err(Error::Refused { function, code, note: note.unwrap_or_default() });
    }
    Ok(())
}
