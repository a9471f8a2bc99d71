//! Settings of a node.

use std::path::PathBuf;
use std::time::Duration;

use migration::schema::NameMap;
use serde::Deserialize;

use crate::ini::failure_policy::{FailurePolicy, Listen, OnFailure};
use crate::log::Format;
use pg::values::{
    bytes, count, flag, list, name, optional_number, optional_parsed, optional_seconds, optional_text,
    parsed, seconds, seconds_from_one,
};

/// Section `[londiste]`. The worker and the copies read their own parts of it
/// ([`super::Ini::section`]); this is the whole, for commands.
#[derive(Debug, Clone, Deserialize)]
pub struct LondisteSettings {
    /// The worker's name; without the key, the file's name without `.ini`.
    #[serde(deserialize_with = "name")]
    pub job_name: String,
    /// The worker's consumer on the queue; without the key, the job's name.
    #[serde(deserialize_with = "name")]
    pub consumer_name: String,
    /// The queue that connects the nodes.
    #[serde(deserialize_with = "name")]
    pub queue_name: String,
    /// This node's database.
    #[serde(deserialize_with = "parsed")]
    pub db: pg::ConnectString,
    /// Where to log besides the terminal.
    pub logfile: Option<PathBuf>,
    /// How lines of the log file look.
    pub log_format: Format,
    /// The log file is rotated when it has so many bytes; 0: not by the process.
    #[serde(deserialize_with = "bytes")]
    pub log_size: u64,
    /// Rotated log files that are kept.
    pub log_count: u32,
    /// Needed by `-d`, `-s`, `-k`, `-r`.
    pub pidfile: Option<PathBuf>,
    /// What follows when a part fails without end.
    pub on_failure: OnFailure,
    /// How many failures in a row, without progress, are without end.
    #[serde(deserialize_with = "count")]
    pub max_failures: usize,
    /// How long a graceful stop may take.
    #[serde(deserialize_with = "seconds")]
    pub stop_timeout: Duration,
    /// Where the status page and the metrics are served.
    #[serde(default, deserialize_with = "optional_parsed")]
    pub metrics_listen: Option<Listen>,
    /// Names under which they may be asked for, besides addresses and this machine's own.
    #[serde(default, deserialize_with = "list")]
    pub metrics_hosts: Vec<String>,
    /// A root's process makes the ticks where nobody else does.
    #[serde(deserialize_with = "flag")]
    pub stand_in_ticker: bool,
    /// How long a part waits for a hint before it looks again.
    #[serde(deserialize_with = "seconds")]
    pub loop_delay: Duration,
    /// How many tables are copied at once.
    #[serde(deserialize_with = "count")]
    pub parallel_copies: usize,
    /// How long a change of a table's definition waits for its lock before it tries again later.
    #[serde(deserialize_with = "seconds")]
    pub lock_timeout: Duration,
    /// The longest that a statement which asks or steers may take.
    #[serde(deserialize_with = "seconds")]
    pub statement_timeout: Duration,
    /// The same for statements that take as long as their data: batches, indexes, foreign keys, VACUUM.
    #[serde(deserialize_with = "seconds")]
    pub long_statement_timeout: Duration,
    /// The longest that a transaction may stand still.
    #[serde(deserialize_with = "seconds")]
    pub idle_in_transaction_session_timeout: Duration,
    /// Which triggers `add-table` puts on the root's tables.
    #[serde(deserialize_with = "parsed")]
    pub capture: pgq::table::Capture,
    /// The node's name for `create-*`.
    #[serde(default, deserialize_with = "optional_text")]
    pub node_name: Option<String>,
    /// How other nodes reach this one, for `create-*`.
    #[serde(default, deserialize_with = "optional_parsed")]
    pub public_node_location: Option<pg::ConnectString>,
    /// The provider for `create-branch` and `create-leaf`.
    #[serde(default, deserialize_with = "optional_parsed")]
    pub initial_provider_location: Option<pg::ConnectString>,
    /// Added to the connect strings of other nodes, such as a password.
    #[serde(default, deserialize_with = "optional_parsed")]
    pub remote_extra_connstr: Option<pg::ConnectString>,
    /// Globs: only these tables are taken by `--all`, and become known on a leaf.
    #[serde(default)]
    pub register_only_tables: consumer::Globs,
    /// Globs: only these sequences.
    #[serde(default)]
    pub register_only_seqs: consumer::Globs,
    /// Globs: never these tables.
    #[serde(default)]
    pub register_skip_tables: consumer::Globs,
    /// Globs: never these sequences.
    #[serde(default)]
    pub register_skip_seqs: consumer::Globs,
    /// How often the root publishes the global watermark.
    #[serde(deserialize_with = "seconds")]
    pub global_wm_publish_period: Duration,
    /// How often a node reports its own watermark.
    #[serde(deserialize_with = "seconds")]
    pub local_wm_publish_period: Duration,
    /// A batch should have at least so many events.
    #[serde(default, deserialize_with = "optional_number")]
    pub pgq_batch_collect_events: Option<u64>,
    /// A batch should span at least so long.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub pgq_batch_collect_interval: Option<Duration>,
    /// The worker stays so far behind the queue.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub pgq_keep_lag: Option<Duration>,
    /// How often a line of statistics is logged when nothing happens.
    #[serde(deserialize_with = "seconds")]
    pub keepalive_stats: Duration,
    /// A connection is replaced by a new one after this time.
    #[serde(deserialize_with = "seconds")]
    pub connection_lifetime: Duration,
    /// The longest pause before a failed part is tried again.
    #[serde(deserialize_with = "seconds")]
    pub exception_sleep: Duration,
    /// What is done where rows of this node are not those that the changes expect.
    #[serde(deserialize_with = "parsed")]
    pub on_conflict: consumer::OnConflict,
    /// What becomes of tables with values in columns that this node lacks.
    #[serde(deserialize_with = "parsed")]
    pub missing_columns: consumer::MissingColumns,
    /// The longest pause before a parked table is tried again whose cause may pass by itself; 0: never.
    #[serde(deserialize_with = "seconds")]
    pub table_retry_period: Duration,
    /// The worker compares each table so long after its last comparison; without it, it compares none.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub compare_every: Option<Duration>,
    /// So many tables are compared at once.
    #[serde(deserialize_with = "count")]
    pub compare_connections: usize,
    /// A comparison gives its snapshots up after this, and goes on with new ones.
    #[serde(deserialize_with = "seconds_from_one")]
    pub compare_slice: Duration,
    /// Run before a switch freezes the root; a failure ends the switch.
    #[serde(default, deserialize_with = "optional_text")]
    pub hook_before_freeze: Option<String>,
    /// Run when the new root takes changes.
    #[serde(default, deserialize_with = "optional_text")]
    pub hook_after_switch: Option<String>,
    /// Run when a switch was taken back.
    #[serde(default, deserialize_with = "optional_text")]
    pub hook_on_abort: Option<String>,
    /// The worker runs it for each problem that comes, and when it is over.
    #[serde(default, deserialize_with = "optional_text")]
    pub hook_on_problem: Option<String>,
    /// The worker runs it when the switch can be made.
    #[serde(default, deserialize_with = "optional_text")]
    pub hook_on_ready: Option<String>,
    /// There should be more room than this where the process writes; 0: that does not matter.
    #[serde(deserialize_with = "bytes")]
    pub disk_reserve: u64,
    /// A hook is ended after this.
    #[serde(deserialize_with = "seconds_from_one")]
    pub hook_timeout: Duration,
    /// The worker of a leaf looks so often whether definitions of both sides are the same; 0: never.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub drift_every: Option<Duration>,
    /// Schemas that extensions were put into, and where they are on the other side.
    #[serde(default, deserialize_with = "parsed")]
    pub extension_schema: NameMap,
    /// Roles of the source, and what they are on the target.
    #[serde(default, deserialize_with = "parsed")]
    pub role_map: NameMap,
}

impl LondisteSettings {
    /// Under which names the schemas of both sides are compared.
    pub fn schema_names(&self) -> migration::schema::Options {
        migration::schema::Options {
            roles: self.role_map.0.clone(),
            moved: self.extension_schema.0.clone(),
            excluded: Vec::new(),
        }
    }

    /// Tables that lack columns of the source are held.
    pub fn holds_missing_columns(&self) -> bool {
        self.missing_columns == consumer::MissingColumns::Hold
    }

    /// Whether `register_only_tables` and `register_skip_tables` let a table be taken.
    pub fn registers_table(&self, name: &str) -> bool {
        consumer::Globs::permit(&self.register_only_tables, &self.register_skip_tables, name)
    }

    /// Whether `register_only_seqs` and `register_skip_seqs` let a sequence be taken.
    pub fn registers_seq(&self, name: &str) -> bool {
        consumer::Globs::permit(&self.register_only_seqs, &self.register_skip_seqs, name)
    }

    /// What the process does when things do not go well.
    pub fn failure_policy(&self) -> FailurePolicy {
        let (on_failure, stop_timeout) = (self.on_failure, self.stop_timeout);
        let max_failures = self.max_failures.try_into().unwrap_or(u32::MAX);
        let metrics_listen = self.metrics_listen.map(|Listen(address)| address);
        let metrics_hosts = self.metrics_hosts.clone();
        FailurePolicy { on_failure, max_failures, stop_timeout, metrics_listen, metrics_hosts }
    }

    /// How long sessions wait.
    pub fn limits(&self) -> pg::Limits {
        pg::Limits {
            statement: self.statement_timeout,
            long_statement: self.long_statement_timeout,
            lock: self.lock_timeout,
            idle_in_transaction: self.idle_in_transaction_session_timeout,
        }
    }
}
