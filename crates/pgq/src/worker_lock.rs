//! Locks of a node's worker. One for as long as it works, so that a second process with the same ini file stands by;
//! and one for each transaction that applies a batch, which holds whatever became of the first.

use std::time::Duration;

use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use crate::advisory;
use crate::error::Answer;
use crate::session_name::{Purpose, SessionName};

pub use crate::advisory::Holder;

/// Class of the lock of a session.
const NODE: &str = "londiste_rs.node";
/// Class of the lock of a transaction.
const BATCH: &str = "londiste_rs.worker";

fn object(queue: &str, consumer: &str) -> String {
    format!("{queue} {consumer}")
}

/// Makes the session the one that works for the node, until it ends; false where another session does.
pub async fn try_take_node<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<bool> {
    advisory::try_take(client, NODE, &object(queue, consumer)).await
}

/// Lets another session work for the node.
pub async fn release_node<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<()> {
    advisory::release(client, NODE, &object(queue, consumer)).await
}

/// Whose session works for the node.
pub async fn node_holder<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
) -> Answer<Option<Holder>> {
    advisory::holder(client, NODE, &object(queue, consumer)).await
}

/// Ends the session that works for the node when its client has stood still for `idle`.
pub async fn end_idle_node_holder<C: GenericClient>(
    client: &C,
    queue: &str,
    consumer: &str,
    idle: Duration,
) -> Answer<Option<Holder>> {
    advisory::end_idle_holder(client, NODE, &object(queue, consumer), idle).await
}

/// Ends what sessions of the job's worker and its copies are left in the connected database of a process that has lost
/// the node: they hold locks of tables. Answers how many there were.
pub async fn end_former<C: GenericClient>(client: &C, job: &str) -> Answer<i64> {
    let [worker, copy] =
        [Purpose::Worker, Purpose::Copy].map(|purpose| SessionName { job, purpose }.to_string());
    let sql = "select count(pg_catalog.pg_terminate_backend(pid)) from pg_catalog.pg_stat_activity \
                where datname = current_database() and usename = current_user and pid <> pg_backend_pid() \
                  and (application_name in ($1, $2) or starts_with(application_name, $1 || ' ') \
                       or starts_with(application_name, $2 || ' '))";
    Ok(client.query_one(sql, &[&worker, &copy]).await?.get(0))
}

/// Takes the lock of a batch until the caller's transaction ends; false where another session has it.
pub async fn try_take<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<bool> {
    // sent at once, when it is asked for: what is sent next is answered by what was committed before the lock was had
    let sql = "select pg_try_advisory_xact_lock(hashtext($1), hashtext($2))";
    let object = object(queue, consumer);
    Ok(client.query_typed_one(sql, &[(&BATCH, Type::TEXT), (&object, Type::TEXT)]).await?.get(0))
}

/// Who has the lock of a batch.
pub async fn holder<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<Option<Holder>> {
    advisory::holder(client, BATCH, &object(queue, consumer)).await
}
