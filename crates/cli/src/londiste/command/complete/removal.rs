//! Removal of one side's node, queue and schemas, once its tables are free.

use anyhow::Result;
use parts::fail_point;
use pgq::{node, uninstall};
use tokio_postgres::Transaction;

use super::arguments::Arguments;
use super::ends::End;
use super::side::Side;
use crate::londiste::support::job::Job;
use crate::londiste::support::retry_on_lock;

/// Removes triggers that are left, then all the rest in one transaction.
///
/// # Errors
/// Objects of the application need our schemas, or a lock is not to be had.
pub(super) async fn run(job: &Job, arguments: &Arguments, end: &mut End, side: &mut Side) -> Result<()> {
    let (queue, node_type) = (job.queue(), end.node_type());
    side.schemas = schemas(job, arguments, end).await?;
    let removable: Vec<String> = side.removable().map(str::to_owned).collect();
    for trigger in uninstall::triggers(&*end.session, queue, &removable).await? {
        let what = format!("trigger {} of {}", trigger.name, trigger.table);
        let work =
            async |transaction: &Transaction<'_>| Ok(uninstall::drop_trigger(transaction, &trigger).await?);
        retry_on_lock::in_transaction_on(&end.job, node_type, &mut end.session, &what, work).await?;
        fail_point::reached("complete-trigger");
    }
    if !end.is_installed && removable.is_empty() {
        return Ok(());
    }
    fail_point::reached("complete-before-removal");
    let node = end.node.as_ref().map(|node| node.name.clone());
    let is_installed = end.is_installed;
    let work = async |transaction: &Transaction<'_>| {
        if let Some(node) = &node {
            node::drop(transaction, queue, node).await?;
        }
        if is_installed {
            uninstall::forget(transaction, queue).await?;
        }
        Ok(uninstall::drop_schemas(transaction, &removable).await?)
    };
    // the ticker holds the queue's tables for moments
    let what = format!("queue {queue} of node {}", end.name());
    retry_on_lock::in_transaction_on(&end.job, node_type, &mut end.session, &what, work).await?;
    fail_point::reached("complete-removed");
    Ok(())
}

/// Our schemas on this side, and which stay.
pub(super) async fn schemas(job: &Job, arguments: &Arguments, end: &End) -> Result<Vec<uninstall::Schema>> {
    // without a node, a queue of this name is somebody else's
    let queue = if end.node.is_some() { job.queue() } else { "" };
    let mut schemas = uninstall::schemas(&*end.session, queue).await?;
    if arguments.keep_schemas {
        for schema in &mut schemas {
            schema.stays.get_or_insert_with(|| "--keep-schemas".to_owned());
        }
    }
    Ok(schemas)
}
