//! Configuration of a worker: its part of section `[londiste]`.

use std::fmt;
use std::time::Duration;

use apply::{MissingColumns, OnConflict};
use pg::ConnectString;
use serde::Deserialize;

use crate::{Error, Globs};

/// Keys of the ini file that the worker reads; times in seconds.
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
    #[serde(default = "one")]
    pub loop_delay: f64,
    /// Tables copied at the same time.
    #[serde(default = "one_copy")]
    pub parallel_copies: usize,
    /// How long sessions wait; read by their owner, as `statement_timeout` and so on.
    #[serde(skip)]
    pub limits: pg::Limits,
    /// A batch waits for ticks with this many events; without it and `pgq_batch_collect_interval` it takes what is
    /// there.
    pub pgq_batch_collect_events: Option<i32>,
    /// A batch waits for ticks that span this much time.
    pub pgq_batch_collect_interval: Option<f64>,
    /// Stay behind the newest tick by this much.
    pub pgq_keep_lag: Option<f64>,
    /// Root: updates that change nothing are captured too.
    #[serde(default = "on")]
    pub capture_unchanged: bool,
    /// Root: how often the global watermark is published.
    #[serde(default = "five_minutes")]
    pub global_wm_publish_period: f64,
    /// How often a line of statistics is logged.
    #[serde(default = "five_minutes")]
    pub keepalive_stats: f64,
    /// Connections are opened anew after this time.
    #[serde(default = "twenty_minutes")]
    pub connection_lifetime: f64,
    /// What is done where rows of this node are not those that the changes expect.
    #[serde(default, deserialize_with = "on_conflict")]
    pub on_conflict: OnConflict,
    /// What becomes of tables with values in columns that this node lacks.
    #[serde(default, deserialize_with = "missing_columns")]
    pub missing_columns: MissingColumns,
    /// The longest pause before a parked table is tried again whose cause may pass by itself; 0: never.
    #[serde(default = "five_minutes")]
    pub table_retry_period: f64,
    /// Leaf: events of tables that are not replicated here stay at the provider; with `local_only_drop_execute`,
    /// scripts are not run here.
    #[serde(default)]
    pub local_only: bool,
    /// Leaf: scripts are not run here, where `local_only` is set too.
    #[serde(default)]
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
    #[serde(default = "five_minutes")]
    pub local_wm_publish_period: f64,
}

fn on_conflict<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<OnConflict, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn missing_columns<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<MissingColumns, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn on() -> bool {
    true
}

fn one() -> f64 {
    1.0
}

fn one_copy() -> usize {
    1
}

fn five_minutes() -> f64 {
    300.0
}

fn twenty_minutes() -> f64 {
    1200.0
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
    pub(crate) fn registers_table(&self, name: &str) -> bool {
        Globs::permit(&self.register_only_tables, &self.register_skip_tables, name)
    }

    /// Whether a sequence that the provider adds becomes known here.
    pub(crate) fn registers_seq(&self, name: &str) -> bool {
        Globs::permit(&self.register_only_seqs, &self.register_skip_seqs, name)
    }

    pub(crate) fn loop_delay(&self) -> Duration {
        Duration::from_secs_f64(self.loop_delay.max(0.0))
    }

    pub(crate) fn connection_lifetime(&self) -> Duration {
        // 0: never
        if self.connection_lifetime <= 0.0 {
            return Duration::MAX;
        }
        Duration::from_secs_f64(self.connection_lifetime.max(1.0))
    }

    pub(crate) fn keepalive_stats(&self) -> Duration {
        Duration::from_secs_f64(self.keepalive_stats.max(1.0))
    }

    fn collects_what_is_there(&self) -> bool {
        self.pgq_batch_collect_events.is_none() && self.pgq_batch_collect_interval.is_none()
    }

    /// Which ticks make a batch; `at_most` so many events, unless the file says what batches wait for.
    pub(crate) fn collect(&self, at_most: i32) -> pgq::batch::Collect {
        let duration = |seconds: Option<f64>| seconds.map(|s| Duration::from_secs_f64(s.max(0.0)));
        pgq::batch::Collect {
            keep_lag: duration(self.pgq_keep_lag),
            events: self.pgq_batch_collect_events,
            interval: duration(self.pgq_batch_collect_interval),
            at_most: self.collects_what_is_there().then_some(at_most),
            alone_from: None,
        }
    }
}

/// Reads a connect string; `which` tells whose it is.
pub(crate) fn parse(text: &str, which: &str) -> crate::Result<ConnectString> {
    text.parse().map_err(|source| Error::ConnectString { which: which.to_owned(), source })
}
