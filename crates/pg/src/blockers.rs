//! Blockers: the sessions that keep another one waiting for a lock.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Client;

use crate::{Error, Result};

const BLOCKERS: &str = "\
select b.pid, coalesce(a.usename::text, '?'), coalesce(a.application_name, ''), coalesce(a.state, '?'),
       extract(epoch from clock_timestamp() - coalesce(a.xact_start, a.backend_start))::float8,
       left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 100), coalesce(a.backend_type, '')
  from (select distinct unnest(pg_catalog.pg_blocking_pids($1)) as pid) b
  left join pg_catalog.pg_stat_activity a on a.pid = b.pid
 order by 1";

/// What the server shows of sessions of other roles.
const HIDDEN: &str = "<insufficient privilege>";

/// A session that holds a lock, or waits for it in front.
#[derive(Clone, Debug)]
pub struct Blocker {
    /// Its server process; 0 of a prepared transaction.
    pub pid: i32,
    /// Its role.
    pub user: String,
    /// Its `application_name`.
    pub application: String,
    /// `active`, `idle in transaction` and so on.
    pub state: String,
    /// Age of its transaction; `None` where it is not shown to this role.
    pub age: Option<Duration>,
    /// Beginning of its last statement; `None` where it is not shown to this role.
    pub query: Option<String>,
    /// `client backend`, `autovacuum worker` and so on.
    pub kind: String,
}

/// The sessions that the server process `waiting` waits for; none where it does not wait. To be asked on another
/// connection.
///
/// # Errors
/// The query failed.
pub async fn blockers(client: &Client, waiting: i32) -> Result<Vec<Blocker>> {
    let rows = client.query(BLOCKERS, &[&waiting]).await.map_err(Error::from)?;
    let blocker = |row: &tokio_postgres::Row| Blocker {
        pid: row.get(0),
        user: row.get(1),
        application: row.get(2),
        state: row.get(3),
        age: row.get::<_, Option<f64>>(4).map(|age| Duration::from_secs_f64(age.max(0.0))),
        query: Some(row.get(5)).filter(|query| query != HIDDEN),
        kind: row.get(6),
    };
    Ok(rows.iter().map(blocker).collect())
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("a prepared transaction (see pg_prepared_xacts)");
        }
        write!(f, "process {} (", self.pid)?;
        if !self.kind.is_empty() && self.kind != "client backend" {
            write!(f, "{}, ", self.kind)?;
        }
        write!(f, "user {}, application \"{}\", {}", self.user, self.application, self.state)?;
        if let Some(age) = self.age {
            write!(f, ", in transaction for {} s", age.as_secs())?;
        }
        match &self.query {
            Some(query) => write!(f, "): {query}"),
            None => f.write_str("); its query is shown to members of pg_read_all_stats"),
        }
    }
}
