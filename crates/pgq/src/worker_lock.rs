//! Lock that the transaction of one worker holds while it applies a batch of its node.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// Takes the lock until the caller's transaction ends; false where another session has it.
pub async fn try_take<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<bool> {
    let sql = "select pg_try_advisory_xact_lock(hashtext('londiste_rs.worker'), \
                                              hashtext(concat($1::text, ' ', $2::text)))";
    Ok(client.query_one(sql, &[&queue, &consumer]).await?.get(0))
}

/// The session that has the lock.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Its server process.
    pub pid: i32,
    /// Its `application_name`; empty of sessions of other roles.
    pub application: String,
    /// The machine that it comes from.
    pub machine: String,
}

/// Who has the lock.
pub async fn holder<C: GenericClient>(client: &C, queue: &str, consumer: &str) -> Answer<Option<Holder>> {
    let sql = "select l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'this machine') \
                 from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid \
                where l.locktype = 'advisory' and l.granted \
                  and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
                  and l.classid::int8 = hashtext('londiste_rs.worker')::int8 & 4294967295 \
                  and l.objid::int8 = hashtext(concat($1::text, ' ', $2::text))::int8 & 4294967295";
    let row = client.query_opt(sql, &[&queue, &consumer]).await?;
    Ok(row.map(|row| Holder { pid: row.get(0), application: row.get(1), machine: row.get(2) }))
}
