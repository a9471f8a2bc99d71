//! Name of a session (`application_name`): its job, and what the session is for.

use std::fmt;
use std::time::Duration;

use tokio_postgres::GenericClient;

use crate::error::Answer;

/// What a worker or a copy uses a session for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The worker's session on its node.
    Worker,
    /// The same, while it writes a large batch.
    Batch(Batch),
    /// Holding the node's lock, or waiting for it.
    Node,
    /// The worker's session on the provider.
    Provider,
    /// Checks at the start.
    Check,
    /// Storing why the worker has stopped.
    Error,
    /// Foreign keys that come back.
    ForeignKeys,
    /// Looking who holds locks.
    Locks,
    /// A copy's connection that has no table yet.
    Copy,
    /// The copy of a table.
    CopyOf(&'a str),
    /// Building indexes of a copy.
    CopyIndex,
    /// Looking how the provider fares while tables are copied.
    CopyProbe,
    /// Comparing rows.
    Compare,
    /// Materialized views and statistics behind a switch.
    Care,
    /// Looking at the definitions of tables.
    Drift,
    /// Looking for problems of which hooks are told.
    Hooks,
}

/// How far a large batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Events that were read.
    pub events: u64,
    /// How many there are, by an estimate.
    pub about: i64,
}

/// The name of a session. `Display` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionName<'a> {
    /// `job_name`.
    pub job: &'a str,
    /// What the session is for.
    pub purpose: Purpose<'a>,
}

impl fmt::Display for SessionName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.job)?;
        match self.purpose {
            Purpose::Worker => f.write_str("worker"),
            Purpose::Batch(Batch { events, about }) => write!(f, "worker {events}/{about}"),
            Purpose::Node => f.write_str("node"),
            Purpose::Provider => f.write_str("provider"),
            Purpose::Check => f.write_str("check"),
            Purpose::Error => f.write_str("error"),
            Purpose::ForeignKeys => f.write_str("foreign keys"),
            Purpose::Locks => f.write_str("locks"),
            Purpose::Copy => f.write_str("copy"),
            Purpose::CopyOf(table) => write!(f, "copy {table}"),
            Purpose::CopyIndex => f.write_str("copy index"),
            Purpose::CopyProbe => f.write_str("copy probe"),
            Purpose::Compare => f.write_str("compare"),
            Purpose::Care => f.write_str("care"),
            Purpose::Drift => f.write_str("drift"),
            Purpose::Hooks => f.write_str("hooks"),
        }
    }
}

impl Batch {
    /// Reads the name of a session of `job`; `None` where that writes no large batch.
    pub fn parse(name: &str, job: &str) -> Option<Batch> {
        let (events, about) = name.strip_prefix(job)?.strip_prefix(" worker ")?.split_once('/')?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !(is_number(events) && is_number(about)) {
            return None;
        }
        Some(Batch { events: events.parse().ok()?, about: about.parse().ok()? })
    }
}

/// Large batches that sessions of a job write in the connected database, and for how long.
pub async fn batches<C: GenericClient>(client: &C, job: &str) -> Answer<Vec<(Batch, Duration)>> {
    let sql = "select application_name, extract(epoch from clock_timestamp() - xact_start)::float8 \
                 from pg_stat_activity where datname = current_database() and starts_with(application_name, $1)";
    let sessions = client.query(sql, &[&job]).await?;
    let batch = |row: &tokio_postgres::Row| {
        let seconds: Option<f64> = row.get(1);
        let time = Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default();
        Some((Batch::parse(row.get(0), job)?, time))
    };
    Ok(sessions.iter().filter_map(batch).collect())
}

/// Whether the connected database has a session of this name, or of one that goes on behind a blank.
pub async fn is_there<C: GenericClient>(client: &C, name: &str) -> Answer<bool> {
    let sql = "select exists (select from pg_stat_activity where datname = current_database() \
                  and pid <> pg_backend_pid() and (application_name = $1 or starts_with(application_name, $1 || ' ')))";
    Ok(client.query_one(sql, &[&name]).await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let batch = Batch { events: 120_000, about: 400_000 };
        let name = SessionName { job: "mover", purpose: Purpose::Batch(batch) }.to_string();
        assert_eq!(name, "mover worker 120000/400000");
        assert_eq!(Batch::parse(&name, "mover"), Some(batch));
        assert_eq!(Batch::parse(&name, "move"), None);
    }

    #[test]
    fn other_sessions_write_no_large_batch() {
        for purpose in [Purpose::Worker, Purpose::ForeignKeys, Purpose::CopyOf("worker 1/2")] {
            let name = SessionName { job: "mover", purpose }.to_string();
            assert_eq!(Batch::parse(&name, "mover"), None, "{name}");
        }
        for name in ["mover worker 1/", "mover worker +1/2", "mover worker 12", ""] {
            assert_eq!(Batch::parse(name, "mover"), None, "{name}");
        }
    }
}
