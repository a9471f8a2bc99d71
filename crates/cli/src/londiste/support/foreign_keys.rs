//! Foreign keys that replication has changed: waiting for the worker to bring them back, or doing it where no worker
//! will.

use std::collections::BTreeSet;

use anyhow::Result;
use pg::{Client, Session};
use pgq::foreign_key::report::{self, Coming};
use pgq::foreign_key::{self, Step};
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

/// Foreign keys at either end of these tables of this database that are not back yet. Those that wait for the copy of
/// another table do not count.
pub(crate) async fn awaited(session: &Client, tables: &BTreeSet<String>) -> Result<Awaited> {
    let names: Vec<&str> = tables.iter().map(String::as_str).collect();
    let text = |fkey: Coming| {
        let step = if fkey.dropped { "restored" } else { "validated" };
        format!("foreign key {} of {} is being {step}", fkey.name, fkey.table)
    };
    let coming = report::coming(session, &names).await.map_err(pg::Error::from)?;
    let failed = report::troubles(session, &names).await.map_err(pg::Error::from)?;
    let failed = failed.into_iter().map(|(table, trouble)| format!("{table}: {trouble}")).collect();
    Ok(Awaited { coming: coming.into_iter().map(text).collect(), failed })
}

/// Restores and validates all foreign keys that can be, where no worker will do it any more. Validating reads both
/// tables once.
pub(crate) async fn bring_back(job: &Job, session: &mut Session, apart: &mut Apart) -> Result<()> {
    for (step, done) in [(Step::Restore, "is back"), (Step::Validate, "is validated")] {
        // what has failed before is tried once more
        for (table, fkey) in foreign_key::possible(&**session, step).await.map_err(pg::Error::from)? {
            let object = format!("foreign key {fkey} of {table}");
            let work = async |transaction: &Transaction<'_>| {
                // the session's limit is for statements that ask
                transaction
                    .batch_execute("set local statement_timeout = 0")
                    .await
                    .map_err(pg::Error::from)?;
                step.take(transaction, &table, &fkey).await.map_err(pg::Error::from)?;
                Ok(format!("{object} {done}"))
            };
            let result = retry_on_lock::in_transaction(job, session, &object, work).await;
            if let Err(error) = &result {
                let text = crate::terminal::describe(error);
                foreign_key::set_error(&**session, &table, &fkey, &text).await.map_err(pg::Error::from)?;
                let trouble = report::trouble_of(&**session, &table, &fkey).await.map_err(pg::Error::from)?;
                apart.failed(&table, &trouble.unwrap_or(text));
            } else {
                apart.take(&object, result);
            }
        }
    }
    Ok(())
}
