//! Queries to the catalogs: rows as texts, in a read-only transaction.

use std::time::Duration;

use pg::Session;
use tokio_postgres::SimpleQueryMessage;

use crate::error::Result;

/// What is left out of the application's relations.
#[derive(Clone, Copy, Default)]
pub(crate) struct LeftOut<'a> {
    /// Everything in these schemas.
    pub(crate) schemas: &'a [String],
    /// Relations of these oids.
    pub(crate) relations: &'a [String],
    /// All but composite types and the relations of these oids.
    pub(crate) but: Option<&'a [u32]>,
}

/// Schemas of ours, with others that are not looked at, and the application's relations of every kind: none of these
/// schemas, of the server, or of an extension.
fn relations(left_out: LeftOut<'_>) -> String {
    let hidden = left_out.schemas.iter().map(String::as_str);
    let schemas: Vec<String> = pgq::install::SCHEMAS.into_iter().chain(hidden).map(pg::literal).collect();
    format!(
        "with recursive ours as (select unnest(array[{}]::name[]) as schema), rel as (
           select c.*, n.nspname, format('%I.%I', n.nspname, c.relname) as name
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
              and n.nspname not in (select schema from ours)
              and c.relpersistence <> 't' and c.oid <> all ('{{{}}}'::oid[]){}
              and not exists (select from pg_depend d
                               where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))\n",
        schemas.join(", "),
        left_out.relations.join(","),
        left_out.but.map(only).unwrap_or_default()
    )
}

fn only(oids: &[u32]) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!(" and (c.relkind = 'c' or c.oid = any ('{{{}}}'::oid[]))", oids.join(","))
}

/// Answers of a query that may use the relations of the application as `rel` and the schemas of ours as `ours`. It
/// begins with `select`, or with a comma and another `with` query.
pub(crate) async fn rows(session: &Session, sql: &str) -> Result<Vec<Vec<String>>> {
    rows_within(session, crate::session::QUICK, sql).await
}

/// The same within another time limit.
pub(crate) async fn rows_within(session: &Session, limit: Duration, sql: &str) -> Result<Vec<Vec<String>>> {
    rows_with(session, limit, "", sql).await
}

/// The same with settings of the transaction: `set local …;`.
pub(crate) async fn rows_with(
    session: &Session,
    limit: Duration,
    settings: &str,
    sql: &str,
) -> Result<Vec<Vec<String>>> {
    answers(session, &relations(LeftOut::default()), limit, settings, sql).await
}

/// The same of fewer relations.
pub(crate) async fn rows_without(
    session: &Session,
    left_out: LeftOut<'_>,
    limit: Duration,
    sql: &str,
) -> Result<Vec<Vec<String>>> {
    answers(session, &relations(left_out), limit, "", sql).await
}

async fn answers(
    session: &Session,
    relations: &str,
    limit: Duration,
    settings: &str,
    sql: &str,
) -> Result<Vec<Vec<String>>> {
    let sql = format!(
        "begin isolation level read committed read only; set local statement_timeout = {}; {settings} {} {sql}; commit",
        limit.as_millis(),
        relations
    );
    let answered = session.simple_query(&sql).await.map_err(pg::Error::from);
    if answered.is_err() {
        // Where it fails the connection is gone, which the first error says.
        _ = session.batch_execute("rollback").await;
    }
    let rows = answered?.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}
