//! Advisory locks that are named by two texts.

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// The session that has a lock.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Its server process.
    pub pid: i32,
    /// Its `application_name`; empty of sessions of other roles.
    pub application: String,
    /// The machine that it comes from.
    pub machine: String,
}

/// Who has the lock of these two texts in the connected database.
pub(crate) async fn holder<C: GenericClient>(
    client: &C,
    class: &str,
    object: &str,
) -> Answer<Option<Holder>> {
    let sql = "select l.pid, coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'this machine') \
                 from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid \
                where l.locktype = 'advisory' and l.granted \
                  and l.database = (select oid from pg_catalog.pg_database where datname = current_database()) \
                  and l.classid::int8 = hashtext($1::text)::int8 & 4294967295 \
                  and l.objid::int8 = hashtext($2::text)::int8 & 4294967295";
    let row = client.query_opt(sql, &[&class, &object]).await?;
    Ok(row.map(|row| Holder { pid: row.get(0), application: row.get(1), machine: row.get(2) }))
}
