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

use Meaning::{Alias, Idle, Interval, Optional, Path, Plain, Secret};

const ROTATE: &str = "log files are rotated from outside (logrotate, then -r)";
const FORMAT: &str = "the format of log lines is chosen with log_format = text|json";
const SKYLOG: &str = "skylog is not supported";
const LEAF: &str = "a node applies the tables added on it, and none else";
const COMPARE: &str = "compare has a query of its own (docs/compare.md)";
const BACKOFF: &str = "failures are retried with growing pauses up to exception_sleep";
const THREADS: &str = "copies run inside the worker, see parallel_copies";

const PGQD: &[(&str, Meaning)] = &[
    ("job_name", Plain),
    ("logfile", Path),
    ("log_format", Plain),
    ("pidfile", Path),
    ("on_failure", Plain),
    ("max_failures", Plain),
    ("stop_timeout", Plain),
    ("metrics_listen", Plain),
    ("metrics_hosts", Plain),
    ("base_connstr", Secret),
    ("password_file", Path),
    ("initial_database", Plain),
    ("database_list", Plain),
    ("syslog", Plain),
    ("syslog_ident", Plain),
    ("syslog_facility", Plain),
    ("check_period", Plain),
    ("retry_period", Plain),
    ("maint_period", Plain),
    ("ticker_period", Plain),
    ("stats_period", Plain),
    ("connection_lifetime", Plain),
    ("statement_timeout", Plain),
    ("long_statement_timeout", Plain),
    ("lock_timeout", Plain),
    ("idle_in_transaction_session_timeout", Plain),
];

const LONDISTE: &[(&str, Meaning)] = &[
    ("db", Secret),
    ("password_file", Path),
    ("queue_name", Plain),
    ("pgq_queue_name", Alias("queue_name")),
    ("job_name", Plain),
    ("consumer_name", Plain),
    ("pgq_consumer_id", Alias("consumer_name")),
    ("logfile", Path),
    ("log_format", Plain),
    ("pidfile", Path),
    ("on_failure", Plain),
    ("max_failures", Plain),
    ("stop_timeout", Plain),
    ("metrics_listen", Plain),
    ("metrics_hosts", Plain),
    ("loop_delay", Plain),
    ("parallel_copies", Plain),
    ("parallel_index_builds", Plain),
    ("copy_maintenance_work_mem", Plain),
    ("copy_chunk_seconds", Plain),
    ("copy_chunk_pages", Plain),
    ("copy_rate_limit", Plain),
    ("copy_window", Plain),
    ("copy_brake_latency", Plain),
    ("copy_brake_lag", Plain),
    ("lock_timeout", Plain),
    ("statement_timeout", Plain),
    ("long_statement_timeout", Plain),
    ("idle_in_transaction_session_timeout", Plain),
    ("capture", Plain),
    ("capture_unchanged", Plain),
    ("node_name", Plain),
    ("public_node_location", Secret),
    ("initial_provider_location", Secret),
    ("remote_extra_connstr", Secret),
    ("remote_password_file", Path),
    ("register_only_tables", Plain),
    ("register_only_seqs", Plain),
    ("register_skip_tables", Plain),
    ("register_skip_seqs", Plain),
    ("global_wm_publish_period", Plain),
    ("local_wm_publish_period", Plain),
    ("pgq_batch_collect_events", Optional),
    ("pgq_batch_collect_interval", Interval),
    ("pgq_keep_lag", Interval),
    ("keepalive_stats", Plain),
    ("connection_lifetime", Plain),
    ("exception_sleep", Plain),
    ("on_conflict", Plain),
    ("missing_columns", Plain),
    ("table_retry_period", Plain),
    ("compare_every", Interval),
    ("compare_connections", Plain),
    ("compare_slice", Plain),
    ("local_only", Plain),
    ("local_only_drop_execute", Plain),
    ("table_filter", Idle(LEAF)),
    ("compare_sql", Idle(COMPARE)),
    ("compare_fmt", Idle(COMPARE)),
    ("pgq_lazy_fetch", Idle("batches are streamed, whatever their size")),
    ("handler_modules", Idle("no handlers are supported: a table with one is parked")),
    ("threaded_copy_tables", Idle(THREADS)),
    ("threaded_copy_pool_size", Idle(THREADS)),
    ("pgq_autocommit", Idle("a batch and its position are committed together")),
    ("log_size", Idle(ROTATE)),
    ("log_count", Idle(ROTATE)),
    ("use_skylog", Idle(SKYLOG)),
    ("skylog_locations", Idle(SKYLOG)),
    ("config_format", Idle("there is one format of ini files")),
    ("exception_quiet", Idle(BACKOFF)),
    ("exception_grace", Idle(BACKOFF)),
    ("exception_reset", Idle(BACKOFF)),
];

/// What holds where a key is not set, in the words of an ini file.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("pgqd", "log_format", "text"),
    ("pgqd", "on_failure", "retry"),
    ("pgqd", "max_failures", "10"),
    ("pgqd", "stop_timeout", "300"),
    ("pgqd", "initial_database", "template1"),
    ("pgqd", "syslog", "1"),
    ("pgqd", "syslog_ident", "pgqd"),
    ("pgqd", "syslog_facility", "daemon"),
    ("pgqd", "check_period", "60"),
    ("pgqd", "retry_period", "30"),
    ("pgqd", "maint_period", "120"),
    ("pgqd", "ticker_period", "1"),
    ("pgqd", "stats_period", "30"),
    ("pgqd", "connection_lifetime", "3600"),
    ("pgqd", "statement_timeout", "300"),
    ("pgqd", "long_statement_timeout", "86400"),
    ("pgqd", "lock_timeout", "5"),
    ("pgqd", "idle_in_transaction_session_timeout", "3600"),
    ("londiste", "log_format", "text"),
    ("londiste", "on_failure", "retry"),
    ("londiste", "max_failures", "10"),
    ("londiste", "stop_timeout", "300"),
    ("londiste", "loop_delay", "1"),
    ("londiste", "parallel_copies", "1"),
    ("londiste", "parallel_index_builds", "2"),
    ("londiste", "copy_maintenance_work_mem", "256MB"),
    ("londiste", "copy_chunk_seconds", "60"),
    ("londiste", "copy_chunk_pages", "0"),
    ("londiste", "copy_brake_latency", "0"),
    ("londiste", "copy_brake_lag", "0"),
    ("londiste", "lock_timeout", "10"),
    ("londiste", "statement_timeout", "300"),
    ("londiste", "long_statement_timeout", "86400"),
    ("londiste", "idle_in_transaction_session_timeout", "3600"),
    ("londiste", "capture", "generated"),
    ("londiste", "global_wm_publish_period", "300"),
    ("londiste", "local_wm_publish_period", "300"),
    ("londiste", "keepalive_stats", "300"),
    ("londiste", "connection_lifetime", "1200"),
    ("londiste", "exception_sleep", "20"),
    ("londiste", "on_conflict", "error"),
    ("londiste", "missing_columns", "hold"),
    ("londiste", "table_retry_period", "300"),
    ("londiste", "compare_connections", "1"),
    ("londiste", "compare_slice", "60"),
    ("londiste", "local_only", "0"),
    ("londiste", "local_only_drop_execute", "0"),
];

/// What holds where `key` is not set; `None`: nothing, or what depends on other things.
pub(crate) fn default(section: &str, key: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|(of, known, _)| *of == section && *known == key).map(|(_, _, value)| *value)
}

/// Families of logging keys, by their beginning.
const IDLE_PREFIXES: &[(&str, &str)] = &[("logfmt_", FORMAT), ("logdatefmt_", FORMAT)];

fn table(section: &str) -> &'static [(&'static str, Meaning)] {
    match section {
        "pgqd" => PGQD,
        "londiste" => LONDISTE,
        _ => &[],
    }
}

/// The keys that have a meaning in `section`, in the order of the documentation.
pub fn known_keys(section: &str) -> impl Iterator<Item = &'static str> {
    table(section).iter().map(|(key, _)| *key)
}

/// What `key` means in `section`; `None` when nobody knows it.
pub(crate) fn meaning(section: &str, key: &str) -> Option<Meaning> {
    let listed = table(section).iter().find(|(known, _)| *known == key).map(|(_, meaning)| *meaning);
    listed.or_else(|| {
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
        for (key, meaning) in LONDISTE.iter().chain(PGQD) {
            if let Alias(target) = meaning {
                assert_eq!(super::meaning("londiste", target), Some(Plain), "{key}");
            }
        }
    }
}
