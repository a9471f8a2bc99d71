//! Settings of a ticker.

use std::time::Duration;

use pg::values::{list, parsed};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Section `[pgqd]`, as far as it is about ticking. Times are in seconds, with fractions.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// How to reach the server; a database name in it is replaced.
    #[serde(default, deserialize_with = "parsed")]
    pub base_connstr: pg::ConnectString,
    /// Where to list the databases when `database_list` is empty.
    pub initial_database: String,
    /// The databases to tend; empty: all that allow connections.
    #[serde(default, deserialize_with = "list")]
    pub database_list: Vec<String>,
    /// How often databases are listed, and those without queues looked at again.
    #[serde(deserialize_with = "period")]
    pub check_period: Duration,
    /// How often events come back from the retry queue.
    #[serde(deserialize_with = "period")]
    pub retry_period: Duration,
    /// How often the databases' upkeep is done.
    #[serde(deserialize_with = "period")]
    pub maint_period: Duration,
    /// How often ticks are made where they are due.
    #[serde(deserialize_with = "period")]
    pub ticker_period: Duration,
    /// How often a line of statistics is logged.
    #[serde(deserialize_with = "period")]
    pub stats_period: Duration,
    /// A connection is replaced by a new one after this time.
    #[serde(deserialize_with = "period")]
    pub connection_lifetime: Duration,
    /// How long sessions wait; read by their owner, as `statement_timeout` and so on.
    #[serde(skip)]
    pub limits: pg::Limits,
}

impl Config {
    /// The databases that it is to tick, one line each, for telling two tickers apart.
    pub fn works_on(&self) -> Vec<String> {
        let named = |database: &str| format!("ticks of {}", self.database(database));
        match self.database_list.as_slice() {
            [] => vec![format!("ticks of all databases of {}", self.base_connstr)],
            some => some.iter().map(|database| named(database)).collect(),
        }
    }

    /// The connect string of one database.
    pub(crate) fn database(&self, name: &str) -> pg::ConnectString {
        self.base_connstr.with("dbname", name).within(self.limits)
    }
}

/// Seconds; the shortest that makes sense for a server is a hundredth.
fn period<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(input)?;
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| (0.01..=1e9).contains(seconds));
    let seconds = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| D::Error::custom("expected a number of seconds, 0.01 or more, such as 5 or 0.5"))
}
