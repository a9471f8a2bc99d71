//! Configuration of a worker: its part of section `[londiste]`.

use std::fmt;
use std::time::Duration;

use apply::{MissingColumns, OnConflict};
use pg::ConnectString;
use pg::values::{flag, optional_seconds, parsed, seconds};
use serde::Deserialize;

use crate::{Error, Globs};

/// No time of these is shorter.
const SECOND: Duration = Duration::from_secs(1);

/// Keys of the ini file that the worker reads. Defaults are the owner's (`daemon::ini::keys`).
#[derive(Clone, Deserialize)]
pub struct Config {
    /// Name in logs, and the worker's consumer name unless `consumer_name` is set.
    pub job_name: String,
    /// The replicated queue.
    pub queue_name: String,
    /// Connect string of this node.
    pub db: String,
    /// The worker's consumer name at the provider; `job_name` unless set.
    pub consumer_name: Option<String>,
    /// Added to the provider's public connect string.
    pub remote_extra_connstr: Option<String>,
    /// How long to wait when there is nothing to do and nobody rings.
    #[serde(deserialize_with = "seconds")]
    pub loop_delay: Duration,
    /// Tables copied at the same time.
    pub parallel_copies: usize,
    /// How long sessions wait; read by their owner, as `statement_timeout` and so on.
    #[serde(skip)]
    pub limits: pg::Limits,
    /// A batch waits for ticks with this many events; without it and `pgq_batch_collect_interval` it takes what is
    /// there.
    pub pgq_batch_collect_events: Option<i32>,
    /// A batch waits for ticks that span this much time.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub pgq_batch_collect_interval: Option<Duration>,
    /// Stay behind the newest tick by this much.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub pgq_keep_lag: Option<Duration>,
    /// Root: updates that change nothing are captured too.
    #[serde(deserialize_with = "flag")]
    pub capture_unchanged: bool,
    /// Root: how often the global watermark is published.
    #[serde(deserialize_with = "seconds")]
    pub global_wm_publish_period: Duration,
    /// Root: its process makes the ticks of its database where nobody else does.
    #[serde(deserialize_with = "flag")]
    pub stand_in_ticker: bool,
    /// How often a line of statistics is logged.
    #[serde(deserialize_with = "seconds")]
    pub keepalive_stats: Duration,
    /// Connections are opened anew after this time.
    #[serde(deserialize_with = "seconds")]
    pub connection_lifetime: Duration,
    /// What is done where rows of this node are not those that the changes expect.
    #[serde(deserialize_with = "parsed")]
    pub on_conflict: OnConflict,
    /// What becomes of tables with values in columns that this node lacks.
    #[serde(deserialize_with = "parsed")]
    pub missing_columns: MissingColumns,
    /// The longest pause before a parked table is tried again whose cause may pass by itself; 0: never.
    #[serde(deserialize_with = "seconds")]
    pub table_retry_period: Duration,
    /// Leaf: events of tables that are not replicated here stay at the provider; with `local_only_drop_execute`,
    /// scripts are not run here.
    #[serde(deserialize_with = "flag")]
    pub local_only: bool,
    /// Leaf: scripts are not run here, where `local_only` is set too.
    #[serde(deserialize_with = "flag")]
    pub local_only_drop_execute: bool,
    /// Leaf: only these tables of the provider become known here.
    #[serde(default)]
    pub register_only_tables: Globs,
    /// Leaf: these tables of the provider do not become known here.
    #[serde(default)]
    pub register_skip_tables: Globs,
    /// Leaf: the same of sequences.
    #[serde(default)]
    pub register_only_seqs: Globs,
    /// Leaf: the same of sequences.
    #[serde(default)]
    pub register_skip_seqs: Globs,
    /// How often the provider is told which tick this node needs.
    #[serde(deserialize_with = "seconds")]
    pub local_wm_publish_period: Duration,
}

/// Without its connect strings, which may hold passwords.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("job_name", &self.job_name)
            .field("queue_name", &self.queue_name)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The worker's consumer name.
    pub fn consumer(&self) -> &str {
        self.consumer_name.as_deref().unwrap_or(&self.job_name)
    }

    /// The provider's stored connect string as it is used from here.
    ///
    /// # Errors
    /// It cannot be read, or `remote_extra_connstr` cannot.
    pub fn provider_at(&self, location: &str) -> crate::Result<ConnectString> {
        let location = parse(location, "of the provider")?.within(self.limits);
        match &self.remote_extra_connstr {
            Some(extra) => Ok(location.merged(&parse(extra, "remote_extra_connstr")?)),
            None => Ok(location),
        }
    }

    /// The consumer name of a table's copy.
    pub(crate) fn copy_consumer(&self, table: &str) -> String {
        pgq::copy::consumer(&self.job_name, table)
    }

    /// Whether scripts that `EXECUTE` events bring are left out.
    pub(crate) fn drops_scripts(&self) -> bool {
        self.local_only && self.local_only_drop_execute
    }

    /// Whether a table that the provider adds becomes known here.
    pub fn registers_table(&self, name: &str) -> bool {
        Globs::permit(&self.register_only_tables, &self.register_skip_tables, name)
    }

    /// Whether a sequence that the provider adds becomes known here.
    pub fn registers_seq(&self, name: &str) -> bool {
        Globs::permit(&self.register_only_seqs, &self.register_skip_seqs, name)
    }

    pub(crate) fn connection_lifetime(&self) -> Duration {
        // 0: never
        if self.connection_lifetime.is_zero() {
            return Duration::MAX;
        }
        self.connection_lifetime.max(SECOND)
    }

    pub(crate) fn keepalive_stats(&self) -> Duration {
        self.keepalive_stats.max(SECOND)
    }

    fn collects_what_is_there(&self) -> bool {
        self.pgq_batch_collect_events.is_none() && self.pgq_batch_collect_interval.is_none()
    }

    /// Which ticks make a batch; `at_most` so many events, unless the file says what batches wait for.
    pub(crate) fn collect(&self, at_most: i32) -> pgq::batch::Collect {
        pgq::batch::Collect {
            keep_lag: self.pgq_keep_lag,
            events: self.pgq_batch_collect_events,
            interval: self.pgq_batch_collect_interval,
            at_most: self.collects_what_is_there().then_some(at_most),
            alone_from: None,
        }
    }
}

/// Reads a connect string; `which` tells whose it is.
pub(crate) fn parse(text: &str, which: &str) -> crate::Result<ConnectString> {
    text.parse().map_err(|source| Error::ConnectString { which: which.to_owned(), source })
}
