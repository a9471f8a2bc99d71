//! Keys that ini files carry, and what becomes of each.

/// What a key of an ini file is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Read as it stands.
    Plain,
    /// A file name: `~` and the current directory are resolved.
    Path,
    /// Like `Plain`; an empty value is none.
    Optional,
    /// A length of time as PostgreSQL writes intervals, read as seconds; an empty value is none.
    Interval,
    /// May hold a password: never shown.
    Secret,
    /// An older spelling of another key.
    Alias(&'static str),
    /// Accepted because existing files have it; the text tells why it does nothing.
    Idle(&'static str),
}

/// When a new value counts for a process that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// On a reload, the running parts take it over.
    Live,
    /// On a reload, the job's parts are started anew.
    Anew,
    /// Never: the process has to be started anew.
    Restart,
    /// Never: with another value it is another job.
    Identity,
    /// Commands read it when they are run.
    Commands,
}

impl Reload {
    /// In the words of the documentation.
    pub fn as_str(self) -> &'static str {
        match self {
            Reload::Live => "at once",
            Reload::Anew => "yes",
            Reload::Restart => "no",
            Reload::Identity => "never",
            Reload::Commands => "\u{2013}",
        }
    }
}

/// A key, and all that is to be known of it but its type, which is the settings'.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    pub(crate) meaning: Meaning,
    /// What holds where it is not set, in the words of an ini file; `None`: nothing, or what depends on other things.
    pub default: Option<&'static str>,
    /// When a new value counts.
    pub reload: Reload,
}

impl Key {
    /// Something comes of it.
    pub fn is_read(&self) -> bool {
        !matches!(self.meaning, Alias(_) | Idle(_))
    }
}

const NONE: &str = "";

const fn key(name: &'static str, meaning: Meaning, default: &'static str, reload: Reload) -> Key {
    let default = if default.is_empty() { None } else { Some(default) };
    Key { name, meaning, default, reload }
}

const fn idle(name: &'static str, why: &'static str) -> Key {
    key(name, Idle(why), NONE, Commands)
}

use Meaning::{Alias, Idle, Interval, Optional, Path, Plain, Secret};
use Reload::{Anew, Commands, Identity, Live, Restart};

const FORMAT: &str = "the format of log lines is chosen with log_format = text|json";
const SKYLOG: &str = "skylog is not supported";
const LEAF: &str = "a node applies the tables added on it, and none else";
const COMPARE: &str = "compare has a query of its own (docs/compare.md)";
const BACKOFF: &str = "failures are retried with growing pauses up to exception_sleep";
const THREADS: &str = "copies run inside the worker, see parallel_copies";

const PGQD: &[Key] = &[
    key("job_name", Plain, NONE, Identity),
    key("logfile", Path, NONE, Restart),
    key("log_format", Plain, "text", Restart),
    key("log_size", Plain, "10MB", Restart),
    key("log_count", Plain, "3", Restart),
    key("pidfile", Path, NONE, Restart),
    key("on_failure", Plain, "retry", Anew),
    key("max_failures", Plain, "10", Anew),
    key("stop_timeout", Plain, "300", Anew),
    key("metrics_listen", Plain, NONE, Restart),
    key("metrics_hosts", Plain, NONE, Restart),
    key("base_connstr", Secret, NONE, Anew),
    key("password_file", Path, NONE, Anew),
    key("initial_database", Plain, "template1", Anew),
    key("database_list", Plain, NONE, Anew),
    key("syslog", Plain, "1", Restart),
    key("syslog_ident", Plain, "pgqd", Restart),
    key("syslog_facility", Plain, "daemon", Restart),
    key("check_period", Plain, "60", Anew),
    key("retry_period", Plain, "30", Anew),
    key("maint_period", Plain, "120", Anew),
    key("ticker_period", Plain, "1", Anew),
    key("stats_period", Plain, "30", Anew),
    key("connection_lifetime", Plain, "3600", Anew),
    key("statement_timeout", Plain, "300", Anew),
    key("long_statement_timeout", Plain, "86400", Anew),
    key("lock_timeout", Plain, "5", Anew),
    key("idle_in_transaction_session_timeout", Plain, "3600", Anew),
];

const LONDISTE: &[Key] = &[
    key("db", Secret, NONE, Anew),
    key("password_file", Path, NONE, Anew),
    key("queue_name", Plain, NONE, Identity),
    key("pgq_queue_name", Alias("queue_name"), NONE, Identity),
    key("job_name", Plain, NONE, Identity),
    key("consumer_name", Plain, NONE, Identity),
    key("pgq_consumer_id", Alias("consumer_name"), NONE, Identity),
    key("logfile", Path, NONE, Restart),
    key("log_format", Plain, "text", Restart),
    key("log_size", Plain, "10MB", Restart),
    key("log_count", Plain, "3", Restart),
    key("pidfile", Path, NONE, Restart),
    key("on_failure", Plain, "retry", Anew),
    key("max_failures", Plain, "10", Anew),
    key("stop_timeout", Plain, "300", Anew),
    key("metrics_listen", Plain, NONE, Restart),
    key("metrics_hosts", Plain, NONE, Restart),
    key("loop_delay", Plain, "1", Anew),
    key("parallel_copies", Plain, "1", Live),
    key("parallel_index_builds", Plain, "2", Anew),
    key("copy_maintenance_work_mem", Plain, "256MB", Anew),
    key("copy_chunk_seconds", Plain, "60", Anew),
    key("copy_chunk_pages", Plain, "0", Anew),
    key("copy_rate_limit", Plain, "0", Live),
    key("copy_window", Plain, NONE, Live),
    key("copy_brake_latency", Plain, "0", Live),
    key("copy_brake_lag", Plain, "0", Live),
    key("copy_brake_sessions", Plain, "0", Live),
    key("lock_timeout", Plain, "10", Anew),
    key("statement_timeout", Plain, "300", Anew),
    key("long_statement_timeout", Plain, "86400", Anew),
    key("idle_in_transaction_session_timeout", Plain, "3600", Anew),
    key("capture", Plain, "generated", Commands),
    key("capture_unchanged", Plain, "on", Commands),
    key("node_name", Plain, NONE, Commands),
    key("public_node_location", Secret, NONE, Commands),
    key("initial_provider_location", Secret, NONE, Commands),
    key("remote_extra_connstr", Secret, NONE, Anew),
    key("remote_password_file", Path, NONE, Anew),
    key("register_only_tables", Plain, NONE, Commands),
    key("register_only_seqs", Plain, NONE, Commands),
    key("register_skip_tables", Plain, NONE, Commands),
    key("register_skip_seqs", Plain, NONE, Commands),
    key("stand_in_ticker", Plain, "1", Anew),
    key("global_wm_publish_period", Plain, "300", Anew),
    key("local_wm_publish_period", Plain, "300", Anew),
    key("pgq_batch_collect_events", Optional, NONE, Anew),
    key("pgq_batch_collect_interval", Interval, NONE, Anew),
    key("pgq_keep_lag", Interval, NONE, Anew),
    key("keepalive_stats", Plain, "300", Anew),
    key("connection_lifetime", Plain, "1200", Anew),
    key("exception_sleep", Plain, "20", Anew),
    key("on_conflict", Plain, "error", Anew),
    key("missing_columns", Plain, "hold", Anew),
    key("table_retry_period", Plain, "300", Anew),
    key("compare_every", Interval, NONE, Anew),
    key("compare_connections", Plain, "1", Anew),
    key("compare_slice", Plain, "60", Anew),
    key("hook_before_freeze", Optional, NONE, Commands),
    key("hook_after_switch", Optional, NONE, Commands),
    key("hook_on_abort", Optional, NONE, Commands),
    key("hook_on_problem", Optional, NONE, Anew),
    key("hook_on_ready", Optional, NONE, Anew),
    key("hook_timeout", Plain, "10", Anew),
    key("disk_reserve", Plain, "100MB", Anew),
    key("drift_every", Interval, "60", Anew),
    key("extension_schema", Plain, NONE, Anew),
    key("role_map", Plain, NONE, Anew),
    key("local_only", Plain, "0", Commands),
    key("local_only_drop_execute", Plain, "0", Commands),
    idle("table_filter", LEAF),
    idle("compare_sql", COMPARE),
    idle("compare_fmt", COMPARE),
    idle("pgq_lazy_fetch", "batches are streamed, whatever their size"),
    idle("handler_modules", "no handlers are supported: a table with one is parked"),
    idle("threaded_copy_tables", THREADS),
    idle("threaded_copy_pool_size", THREADS),
    idle("pgq_autocommit", "a batch and its position are committed together"),
    idle("use_skylog", SKYLOG),
    idle("skylog_locations", SKYLOG),
    idle("config_format", "there is one format of ini files"),
    idle("exception_quiet", BACKOFF),
    idle("exception_grace", BACKOFF),
    idle("exception_reset", BACKOFF),
];

/// Families of logging keys, by their beginning.
const IDLE_PREFIXES: &[(&str, &str)] = &[("logfmt_", FORMAT), ("logdatefmt_", FORMAT)];

/// The keys that have a meaning in `section`, in the order of the documentation.
pub fn keys(section: &str) -> &'static [Key] {
    match section {
        "pgqd" => PGQD,
        "londiste" => LONDISTE,
        _ => &[],
    }
}

/// Their names.
pub fn known_keys(section: &str) -> impl Iterator<Item = &'static str> {
    keys(section).iter().map(|key| key.name)
}

fn find(section: &str, name: &str) -> Option<&'static Key> {
    keys(section).iter().find(|key| key.name == name)
}

/// What holds where a key is not set.
pub(crate) fn default(section: &str, name: &str) -> Option<&'static str> {
    find(section, name)?.default
}

/// Each key of `section` that has a value where it is not set, with that value.
pub(crate) fn defaults(section: &str) -> impl Iterator<Item = (String, String)> {
    keys(section).iter().filter_map(|key| Some((key.name.to_owned(), key.default?.to_owned())))
}

/// When a new value of a key counts.
pub(crate) fn reload(section: &str, name: &str) -> Reload {
    find(section, name).map_or(Anew, |key| key.reload)
}

/// What `key` means in `section`; `None` when nobody knows it.
pub(crate) fn meaning(section: &str, key: &str) -> Option<Meaning> {
    find(section, key).map(|key| key.meaning).or_else(|| {
        IDLE_PREFIXES.iter().find(|(prefix, _)| key.starts_with(prefix)).map(|(_, why)| Idle(why))
    })
}

/// The known key that `key` was probably meant to be.
pub(crate) fn nearest(section: &str, key: &str) -> Option<&'static str> {
    known_keys(section)
        .map(|known| (strsim::damerau_levenshtein(key, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(key.len()) / 2)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_key() {
        assert_eq!(nearest("londiste", "paralel_copies"), Some("parallel_copies"));
        assert_eq!(nearest("pgqd", "base_constr"), Some("base_connstr"));
        assert_eq!(nearest("pgqd", "zzzzzzzzzzzzzzzzzz"), None);
    }

    #[test]
    fn every_alias_leads_to_a_plain_key() {
        for key in LONDISTE.iter().chain(PGQD) {
            if let Alias(target) = key.meaning {
                assert_eq!(super::meaning("londiste", target), Some(Plain), "{}", key.name);
            }
        }
    }
}
