//! Connections of a comparison, and how rows are read through them: as the texts that the server prints.

use pg::{Client, ConnectString, Session};
use tokio_postgres::SimpleQueryMessage;

use crate::Result;
use crate::error::During;

/// The four connections. Two of them hold the snapshots, and two see what is new.
#[derive(Debug)]
pub struct Sides {
    /// Rows of the source, under one snapshot at a time.
    pub source: Session,
    /// Ticks and events of the source.
    pub provider: Session,
    /// Rows of the target, under one snapshot at a time.
    pub target: Session,
    /// What is kept on the target.
    pub record: Session,
}

/// Rows are printed and read alike whatever server, database and role say, and no operator or type is found by a
/// `search_path`. The source's processors are the application's.
const PINNED: &str = "set search_path = pg_catalog; set max_parallel_workers_per_gather = 0; \
                      set default_transaction_isolation = 'read committed'";

impl Sides {
    /// Opens two connections to each side, named for those who look at the server's sessions.
    ///
    /// # Errors
    /// A server cannot be reached.
    pub async fn connect(here: &ConnectString, there: &ConnectString, application: &str) -> Result<Sides> {
        let (target, provider) = ("the target", "the provider");
        Ok(Sides {
            target: Session::connect(here, application).await.during(target)?,
            record: Session::connect(here, application).await.during(target)?,
            source: Session::connect(there, application).await.during(provider)?,
            provider: Session::connect(there, application).await.during(provider)?,
        })
    }

    /// Sets the sessions up. Call it once.
    ///
    /// # Errors
    /// A connection is lost.
    pub async fn pin(&self) -> Result<()> {
        for session in [&self.source, &self.provider, &self.target, &self.record] {
            apply::pin_session(session).await?;
            session.batch_execute(PINNED).await.during("setting up the session")?;
        }
        Ok(())
    }
}

/// Rows, as texts.
pub(crate) type Texts = Vec<Vec<Option<String>>>;

/// Rows of a query, as texts.
pub(crate) async fn texts(client: &Client, what: &str, sql: &str) -> Result<Texts> {
    Ok(each(client, what, &[sql.to_owned()]).await?.into_iter().flatten().collect())
}

/// Rows of each of several queries, which travel together.
pub(crate) async fn each(client: &Client, what: &str, queries: &[String]) -> Result<Vec<Texts>> {
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for message in client.simple_query(&queries.join("; ")).await.during(what)? {
        match message {
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|at| row.try_get(at).map(|value| value.map(str::to_owned)));
                rows.push(values.collect::<std::result::Result<_, _>>().during(what)?);
            }
            SimpleQueryMessage::CommandComplete(_) => all.push(std::mem::take(&mut rows)),
            _ => {}
        }
    }
    Ok(all)
}

/// Reads by the key's index rather than reading and sorting the whole table for each range.
pub(crate) async fn by_index(client: &Client, on: bool) -> Result<()> {
    let way = if on { "off" } else { "on" };
    let sql = format!("set enable_seqscan = {way}; set enable_sort = {way}");
    client.batch_execute(&sql).await.during("choosing the way to read")
}

/// Somebody waits behind a lock that a snapshot holds: TRUNCATE or ALTER TABLE, and all who come after it.
pub(crate) async fn is_in_the_way(sides: &Sides) -> Result<bool> {
    let sql = "select exists (select from pg_catalog.pg_locks l \
                               where not l.granted and $1 = any (pg_catalog.pg_blocking_pids(l.pid)))";
    for (session, reader) in [(&sides.provider, &sides.source), (&sides.record, &sides.target)] {
        let found = session.query_one(sql, &[&reader.backend_pid()]).await.during("looking who waits")?;
        if found.get(0) {
            return Ok(true);
        }
    }
    Ok(false)
}
