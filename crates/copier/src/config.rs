//! Configuration of copies: their part of section `[londiste]`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use apply::{MissingColumns, OnConflict};
use pg::values::{bytes, bytes_of, optional_number, parsed, seconds};
use serde::Deserialize;

use crate::throttle::brake::Thresholds;
use crate::throttle::window::Window;

/// Keys of the ini file that copies read. Defaults are the owner's (`daemon::ini::keys`).
#[derive(Clone, Deserialize)]
pub struct Config {
    /// Name in logs, and the first part of the copies' consumer names.
    pub job_name: String,
    /// The replicated queue.
    pub queue_name: String,
    /// Connect string of this node.
    pub db: String,
    /// The worker's consumer name; `job_name` unless set.
    pub consumer_name: Option<String>,
    /// Added to the provider's public connect string.
    pub remote_extra_connstr: Option<String>,
    /// Tables copied at the same time, and so the connections to each side.
    pub parallel_copies: usize,
    /// Indexes built at the same time, over connections of their own to the target.
    pub parallel_index_builds: usize,
    /// `maintenance_work_mem` of index builds, as PostgreSQL writes it.
    pub copy_maintenance_work_mem: String,
    /// About how long a chunk of a large table takes, and with it the longest transaction on the source.
    #[serde(deserialize_with = "seconds")]
    pub copy_chunk_seconds: Duration,
    /// Pages of a chunk; 0: as many as fit into `copy_chunk_seconds`.
    pub copy_chunk_pages: i64,
    /// Bytes a second that all copies of the node read together, as `20MB`; none: as fast as it goes.
    #[serde(deserialize_with = "rate")]
    pub copy_rate_limit: Option<u64>,
    /// Hours in which copies read rows; empty: at any time.
    #[serde(default, deserialize_with = "parsed")]
    pub(crate) copy_window: Window,
    /// Copies are slowed down while the source takes longer than this to answer a tiny query; 0: that does not matter.
    #[serde(deserialize_with = "threshold")]
    pub(crate) copy_brake_latency: Option<Duration>,
    /// Copies are slowed down while replication is further behind than this; 0: that does not matter.
    #[serde(deserialize_with = "threshold")]
    pub(crate) copy_brake_lag: Option<Duration>,
    /// Copies are slowed down while more sessions than this are at work on the source; 0: that does not matter.
    #[serde(deserialize_with = "number")]
    pub(crate) copy_brake_sessions: Option<u64>,
    /// Copies are slowed down while there is less room than this where the process writes; 0: that does not matter.
    #[serde(deserialize_with = "room")]
    pub(crate) disk_reserve: Option<u64>,
    /// Where the process writes; told by its owner.
    #[serde(skip)]
    pub directories: Vec<PathBuf>,
    /// Connections are opened anew after this time, between two copies.
    #[serde(deserialize_with = "seconds")]
    pub connection_lifetime: Duration,
    /// How long to wait for the worker before looking again.
    #[serde(deserialize_with = "seconds")]
    pub loop_delay: Duration,
    /// How long sessions wait; read by their owner, as `statement_timeout` and so on.
    #[serde(skip)]
    pub limits: pg::Limits,
    /// What is done where rows of this node are not those that the changes expect.
    #[serde(deserialize_with = "parsed")]
    pub on_conflict: OnConflict,
    /// What becomes of tables with columns that this node lacks.
    #[serde(deserialize_with = "parsed")]
    pub missing_columns: MissingColumns,
}

fn threshold<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = String::deserialize(deserializer)?.trim().parse::<f64>().ok();
    let threshold = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let expected = "expected a number of seconds, such as 0.2, or 0 for no brake";
    let threshold = threshold.ok_or_else(|| serde::de::Error::custom(expected))?;
    Ok(Some(threshold).filter(|threshold| !threshold.is_zero()))
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = optional_number(deserializer)?;
    Ok(number.filter(|number| *number > 0))
}

fn room<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Some(bytes(deserializer)?).filter(|bytes| *bytes > 0))
}

fn rate<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let rate = bytes_of(&text).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "\"{text}\": expected bytes a second, as 500kB, 20MB or 0 for no limit"
        ))
    })?;
    Ok(Some(rate).filter(|rate| *rate > 0))
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
    pub(crate) fn worker(&self) -> &str {
        self.consumer_name.as_deref().unwrap_or(&self.job_name)
    }

    /// How long a chunk should take.
    pub(crate) fn chunk_goal(&self) -> Duration {
        self.copy_chunk_seconds.max(Duration::from_millis(100))
    }

    /// How long a copy waits for others before it looks again.
    pub(crate) fn patience(&self) -> Duration {
        self.loop_delay.max(Duration::from_millis(50))
    }

    /// When the brake is to be pressed.
    pub(crate) fn brake(&self) -> Thresholds {
        Thresholds {
            latency: self.copy_brake_latency,
            lag: self.copy_brake_lag,
            sessions: self.copy_brake_sessions,
            room: self.disk_reserve.filter(|_| !self.directories.is_empty()),
        }
    }

    /// The consumer name of a table's copy.
    pub(crate) fn consumer(&self, table: &str) -> String {
        pgq::copy::consumer(&self.job_name, table)
    }
}
