//! Foreign keys that replication has changed: waiting for the worker to bring them back, or doing it where no worker will.

use std::collections::BTreeSet;

use anyhow::Result;
use pg::{Client, Session};
use tokio_postgres::Transaction;

use crate::londiste::support::batch_outcome::Apart;
use crate::londiste::support::job::Job;
use crate::londiste::support::retry_on_lock;

/// What the worker has still to do for the foreign keys of some tables.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    /// It will restore or validate these, one text each.
    pub(crate) coming: Vec<String>,
    /// It has failed with these, with the remedy.
    pub(crate) failed: Vec<String>,
}

/// Foreign keys at either end of these tables of this database that are not back yet. Those that wait for the copy of another table do not count.
pub(crate) async fn awaited(session: &Client, tables: &BTreeSet<String>) -> Result<Awaited> {
    let names: Vec<&String> = tables.iter().collect();
    let sql = "select c.table_name, c.fkey_name, c.state \
                 from londiste_rs.changed_fkey c \
                where (c.table_name = any ($1) or c.to_table = any ($1)) and c.error is null \
                  and (c.state = 'unvalidated' or c.state = 'dropped' and exists \
                       (select from londiste_rs.restorable_fkeys() r where r.from_table = c.table_name and r.fkey_name = c.fkey_name)) \
                order by 1, 2";
    let rows = session.query(sql, &[&names]).await.map_err(pg::Error::from)?;
    let text = |row: &tokio_postgres::Row| {
        let step = if row.get::<_, &str>(2) == "dropped" { "restored" } else { "validated" };
        format!("foreign key {} of {} is being {step}", row.get::<_, &str>(1), row.get::<_, &str>(0))
    };
    let coming = rows.iter().map(text).collect();
    let sql = "select format('%s: %s', table_name, trouble) from londiste_rs.fkey_troubles() \
                where table_name = any ($1) or to_table = any ($1)";
    let rows = session.query(sql, &[&names]).await.map_err(pg::Error::from)?;
    Ok(Awaited { coming, failed: rows.iter().map(|row| row.get(0)).collect() })
}

/// Restores and validates all foreign keys that can be, where no worker will do it any more. Validating reads both tables once.
pub(crate) async fn bring_back(job: &Job, session: &mut Session, apart: &mut Apart) -> Result<()> {
    for (step, call, done) in [
        ("restore", "select londiste_rs.restore_fkey($1, $2)", "is back"),
        ("validate", "select londiste_rs.validate_fkey($1, $2)", "is validated"),
    ] {
        // what has failed before is tried once more
        let sql = "select c.table_name, c.fkey_name from londiste_rs.changed_fkey c \
                    where case c.state when 'unvalidated' then $1 = 'validate' when 'dropped' then $1 = 'restore' and exists \
                          (select from londiste_rs.restorable_fkeys() r where r.from_table = c.table_name and r.fkey_name = c.fkey_name) \
                          else false end order by 1, 2";
        for row in session.query(sql, &[&step]).await.map_err(pg::Error::from)? {
            let (table, fkey): (String, String) = (row.get(0), row.get(1));
            let object = format!("foreign key {fkey} of {table}");
            let work = async |transaction: &Transaction<'_>| {
                // the session's limit is for statements that ask
                transaction
                    .batch_execute("set local statement_timeout = 0")
                    .await
                    .map_err(pg::Error::from)?;
                transaction.query_one(call, &[&table, &fkey]).await.map_err(pg::Error::from)?;
                Ok(format!("{object} {done}"))
            };
            let result = retry_on_lock::in_transaction(job, session, &object, work).await;
            if let Err(error) = &result {
                let text = crate::terminal::describe(error);
                let sql = "select londiste_rs.fkey_failed($1, $2, $3)";
                session.query_one(sql, &[&table, &fkey, &text]).await.map_err(pg::Error::from)?;
                let sql = "select trouble from londiste_rs.fkey_troubles() where table_name = $1 and strpos(trouble, $2) > 0";
                let told = session.query_opt(sql, &[&table, &fkey]).await.map_err(pg::Error::from)?;
                apart.failed(&table, &told.map_or(text, |row| row.get(0)));
            } else {
                apart.take(&object, result);
            }
        }
    }
    Ok(())
}
