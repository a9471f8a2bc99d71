//! Advisory locks that are named by two texts.

use std::fmt;
use std::time::Duration;

use tokio_postgres::{GenericClient, Row};

use crate::error::Answer;

/// The session that has a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its server process.
    pub pid: i32,
    /// Its `application_name`; empty of sessions of other roles.
    pub application: String,
    /// The machine that it comes from.
    pub machine: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { pid, application, machine } = self;
        write!(f, "server process {pid} for application \"{application}\" on {machine}")
    }
}

impl Holder {
    fn read(row: &Row) -> Holder {
        Holder { pid: row.get(0), application: row.get(1), machine: row.get(2) }
    }
}

/// What is told of a holder, and the sessions that hold a lock of two texts, `$1` and `$2`, alone.
macro_rules! holders {
    ($what:literal) => {
        concat!(
            "select l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'this machine')",
            $what,
            " from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid \
             where l.locktype = 'advisory' and l.granted and l.mode = 'ExclusiveLock' \
               and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
               and l.classid::int8 = hashtext($1::text)::int8 & 4294967295 \
               and l.objid::int8 = hashtext($2::text)::int8 & 4294967295"
        )
    };
}

/// Who has the lock of these two texts in the connected database.
pub(crate) async fn holder<C: GenericClient>(
    client: &C,
    class: &str,
    object: &str,
) -> Answer<Option<Holder>> {
    let row = client.query_opt(holders!(""), &[&class, &object]).await?;
    Ok(row.as_ref().map(Holder::read))
}

/// Takes the lock until the session ends; false where another session has it. Never waits: a statement that waits for
/// a lock holds a snapshot meanwhile, which keeps VACUUM from its work.
pub(crate) async fn try_take<C: GenericClient>(client: &C, class: &str, object: &str) -> Answer<bool> {
    let sql = "select pg_try_advisory_lock(hashtext($1::text), hashtext($2::text))";
    Ok(client.query_one(sql, &[&class, &object]).await?.get(0))
}

/// Gives the lock back.
pub(crate) async fn release<C: GenericClient>(client: &C, class: &str, object: &str) -> Answer<()> {
    let sql = "select pg_advisory_unlock(hashtext($1::text), hashtext($2::text))";
    client.query_one(sql, &[&class, &object]).await?;
    Ok(())
}

/// Whether anybody has the lock in shared mode.
pub(crate) async fn is_shared<C: GenericClient>(client: &C, class: &str, object: &str) -> Answer<bool> {
    let sql = "select exists (select from pg_catalog.pg_locks l \
                where l.locktype = 'advisory' and l.granted and l.mode = 'ShareLock' \
                  and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
                  and l.classid::int8 = hashtext($1::text)::int8 & 4294967295 \
                  and l.objid::int8 = hashtext($2::text)::int8 & 4294967295)";
    Ok(client.query_one(sql, &[&class, &object]).await?.get(0))
}

/// Ends the session that has the lock when nothing has come from its client for `idle`, outside of statements and
/// transactions: the client stands still, or a machine between answers in its place. A role sees and ends its own
/// sessions only.
pub(crate) async fn end_idle_holder<C: GenericClient>(
    client: &C,
    class: &str,
    object: &str,
    idle: Duration,
) -> Answer<Option<Holder>> {
    let sql = concat!(
        holders!(", pg_catalog.pg_terminate_backend(l.pid)"),
        " and a.state = 'idle' and a.usename = current_user and l.pid <> pg_backend_pid() \
          and a.state_change < clock_timestamp() - $3::float8 * interval '1 second'"
    );
    let row = client.query_opt(sql, &[&class, &object, &idle.as_secs_f64()]).await?;
    Ok(row.as_ref().map(Holder::read))
}
