//! Foreign keys and triggers of one side come back, one in a transaction.

use anyhow::{Error, Result, bail};
use migration::complete::{NotBack, not_back};
use parts::fail_point;
use pgq::collected_fkeys::{self, Patience};
use pgq::foreign_key::{self, Step};
use pgq::own_form;
use tokio_postgres::Transaction;

use super::ends::End;
use crate::londiste::support::job::Job;
use crate::londiste::support::retry_on_lock;
use crate::terminal::describe;

/// The number of tries for a lock, a second apart, as the foreign key scripts have it.
const TRIES: u32 = 30;

/// Brings all back that replication has changed, and answers what does not come back.
///
/// # Errors
/// A lock is not to be had for all patience, or the connection is lost.
pub(super) async fn all(job: &Job, end: &mut End) -> Result<Vec<NotBack>> {
    let before = own_form::read(&*end.session).await.map_err(pg::Error::from)?;
    if end.is_installed {
        replicated(job, end).await?;
    }
    if collected_fkeys::is_installed(&*end.session).await? {
        collected(job, end).await?;
    }
    if end.is_installed {
        let name = format!("triggers of node {}", end.name());
        let node_type = end.node_type();
        let work = async |transaction: &Transaction<'_>| {
            foreign_key::restore_one_relaxed(transaction).await.map_err(|error| pg::Error::from(error).into())
        };
        let session = &mut end.session;
        while retry_on_lock::in_transaction_on(&end.job, node_type, session, &name, work).await? > 0 {}
        fail_point::reached("complete-relaxed");
    }
    let after = own_form::read(&*end.session).await.map_err(pg::Error::from)?;
    // triggers and indexes are as they were where nothing is remembered of them; foreign keys are looked at
    let form = own_form::OwnForm { foreign_keys: before.foreign_keys, ..after };
    Ok(not_back(&*end.session, &form).await?)
}

/// Foreign keys that copies have dropped.
async fn replicated(job: &Job, end: &mut End) -> Result<()> {
    let node_type = end.node_type();
    for step in [Step::Restore, Step::Validate] {
        for (table, fkey) in foreign_key::possible(&*end.session, step).await.map_err(pg::Error::from)? {
            let object = format!("foreign key {fkey} of {table}");
            let work = async |transaction: &Transaction<'_>| {
                step.take(transaction, &table, &fkey).await.map_err(|error| pg::Error::from(error).into())
            };
            let done =
                retry_on_lock::in_transaction_on(&end.job, node_type, &mut end.session, &object, work).await;
            if let Err(error) = done {
                if is_passing(&error) {
                    return Err(error);
                }
                job.terminal.warn(&format!("{object}: {}", describe(&error)));
            }
            fail_point::reached("complete-fkey");
        }
    }
    Ok(())
}

/// Whether the same statement may succeed later.
fn is_passing(error: &Error) -> bool {
    let told = error.chain().find_map(|cause| cause.downcast_ref::<pg::Error>());
    told.is_some_and(|told| told.is_lock_timeout() || told.is_retryable() || told.is_connection_lost())
}

/// Foreign keys that were taken away before the copies (`migrate`, `drop_fks.sql`).
async fn collected(job: &Job, end: &End) -> Result<()> {
    let session = &*end.session;
    if !collected_fkeys::try_lock(session).await? {
        bail!("one of the foreign key scripts runs in the database of node {}: let it end first", end.name());
    }
    collected_fkeys::look_again(session).await?;
    let patience = Patience { wait: job.settings.lock_timeout, tries: TRIES };
    let open: Vec<_> =
        collected_fkeys::list(session).await?.into_iter().filter(|fkey| fkey.is_open).collect();
    for fkey in &open {
        collected_fkeys::restore(session, fkey.id, patience).await?;
        fail_point::reached("complete-collected");
    }
    for step in collected_fkeys::validations(session).await? {
        if open.iter().any(|fkey| fkey.id == step.fkey) {
            collected_fkeys::validate(session, &step, patience).await?;
            fail_point::reached("complete-validated");
        }
    }
    for fkey in collected_fkeys::list(session).await?.into_iter().filter(|fkey| fkey.is_open) {
        let why = fkey.error.unwrap_or_else(|| "it was not brought back".to_owned());
        let what = format!("foreign key {} of {}: {why}", fkey.name, fkey.table);
        if collected_fkeys::gave_up_on_lock(&why) {
            bail!(what);
        }
        job.terminal.warn(&what);
    }
    Ok(())
}
