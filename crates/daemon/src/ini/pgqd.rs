//! Settings of a ticker.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::ini::failure_policy::{FailurePolicy, Listen, OnFailure};
use crate::log::{Format, Rotation, SyslogSettings};
use pg::values::{bytes, count, flag, list, name, optional_parsed, seconds};

/// Section `[pgqd]`: the process, and what the ticker itself reads.
#[derive(Debug, Clone)]
pub struct PgqdSettings {
    /// Name of the job in log lines.
    pub job_name: String,
    /// Where to log besides the terminal.
    pub logfile: Option<PathBuf>,
    /// How lines of the log file look.
    pub log_format: Format,
    /// When the log file is rotated, and how many are kept.
    pub log_rotation: Rotation,
    /// Needed by `-d`, `-s`, `-k`, `-r`.
    pub pidfile: Option<PathBuf>,
    /// `None` when `syslog = 0`.
    pub syslog: Option<SyslogSettings>,
    /// What the process does when things do not go well.
    pub failure_policy: FailurePolicy,
    /// What to tick, and how often.
    pub ticker: ticker::Config,
}

/// The part of the section that concerns the process.
#[derive(Deserialize)]
pub(super) struct Process {
    #[serde(deserialize_with = "name")]
    job_name: String,
    logfile: Option<PathBuf>,
    pidfile: Option<PathBuf>,
    log_format: Format,
    #[serde(deserialize_with = "bytes")]
    log_size: u64,
    log_count: u32,
    #[serde(deserialize_with = "flag")]
    syslog: bool,
    syslog_ident: String,
    syslog_facility: crate::log::Facility,
    on_failure: OnFailure,
    #[serde(deserialize_with = "count")]
    max_failures: usize,
    #[serde(deserialize_with = "seconds")]
    stop_timeout: Duration,
    #[serde(default, deserialize_with = "optional_parsed")]
    metrics_listen: Option<Listen>,
    #[serde(default, deserialize_with = "list")]
    metrics_hosts: Vec<String>,
    #[serde(deserialize_with = "seconds")]
    statement_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    long_statement_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    idle_in_transaction_session_timeout: Duration,
    #[serde(deserialize_with = "seconds")]
    lock_timeout: Duration,
}

impl Process {
    pub(super) fn with(self, mut ticker: ticker::Config) -> PgqdSettings {
        ticker.limits = pg::Limits {
            statement: self.statement_timeout,
            long_statement: self.long_statement_timeout,
            lock: self.lock_timeout,
            idle_in_transaction: self.idle_in_transaction_session_timeout,
        };
        PgqdSettings {
            job_name: self.job_name,
            logfile: self.logfile,
            log_format: self.log_format,
            log_rotation: Rotation { size: self.log_size, count: self.log_count },
            pidfile: self.pidfile,
            syslog: self
                .syslog
                .then_some(SyslogSettings { ident: self.syslog_ident, facility: self.syslog_facility }),
            failure_policy: FailurePolicy {
                on_failure: self.on_failure,
                max_failures: self.max_failures.try_into().unwrap_or(u32::MAX),
                stop_timeout: self.stop_timeout,
                metrics_listen: self.metrics_listen.map(|Listen(address)| address),
                metrics_hosts: self.metrics_hosts,
            },
            ticker,
        }
    }
}
