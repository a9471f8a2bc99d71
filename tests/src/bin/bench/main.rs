//! Benchmarks: ours and others side by side in one run. `bench [case…]`; without a case all of them.
//!
//! Nothing here fails for being slow: the numbers are for people. `BENCH_RUNS` (default 3) runs, medians are shown.
#![allow(clippy::expect_used, reason = "a benchmark that cannot run says why and ends")]

mod capture;
mod capture_large;
mod capture_parties;
mod capture_sessions;
mod compare;
mod contest;
mod copy;
mod costs;
mod idle;
mod latency;
mod many_tables;
mod plot;
mod replay;
mod replay_built_in;
mod replay_cases;
mod sql;
mod sql_trigger;
mod switch;
mod sync100;

use std::process::ExitCode;

use sql_trigger::{ARGUMENTS, Load};
use tests::Pair;

const SINGLE: Load = Load { single: true, arguments: "" };
const SINGLE_ARGS: Load = Load { single: true, arguments: ARGUMENTS };
const BULK: Load = Load { single: false, arguments: "" };
const BULK_ARGS: Load = Load { single: false, arguments: ARGUMENTS };

/// Measures, and answers what is to be printed.
type Case = fn(&Pair) -> String;

const CASES: &[(&str, Case)] = &[
    ("copy-big", copy::big),
    ("copy-indexes", copy::indexes),
    ("copy-jsonb", copy::jsonb),
    ("copy-mixed", copy::mixed),
    ("copy-values", copy::large_values),
    ("copy-small", copy::small),
    ("capture", capture::wide),
    ("capture-pgbench", capture::accounts),
    ("capture-large", capture_large::run),
    ("capture-sessions", capture_sessions::run),
    ("replay", replay_cases::pgbench),
    ("replay-formats", replay_cases::formats),
    ("replay-insert", replay_cases::inserts),
    ("replay-update", replay_cases::updates),
    ("replay-delete", replay_cases::deletes),
    ("replay-wide", replay_cases::wide),
    ("replay-tables", |pair| replay_cases::tables(pair, 100)),
    ("replay-tables-10", |pair| replay_cases::tables(pair, 10)),
    ("replay-tables-1000", |pair| replay_cases::tables(pair, 1000)),
    ("replay-large", replay_cases::large),
    ("latency", latency::run),
    ("sustained", latency::sustained),
    ("idle", idle::run),
    ("compare", compare::run),
    ("many-tables", many_tables::run),
    ("switch", switch::run),
    ("sync100", sync100::run),
    ("sql-insert", sql::insert_event),
    ("sql-ticker", sql::ticker),
    ("sql-batch", sql::batch),
    ("sql-read", sql::read),
    ("sql-trigger-logutriga", |pair| sql_trigger::run(pair, "logutriga", SINGLE)),
    ("sql-trigger-logutriga-args", |pair| sql_trigger::run(pair, "logutriga", SINGLE_ARGS)),
    ("sql-trigger-logutriga-bulk", |pair| sql_trigger::run(pair, "logutriga", BULK)),
    ("sql-trigger-logutriga-bulk-args", |pair| sql_trigger::run(pair, "logutriga", BULK_ARGS)),
    ("sql-trigger-sqltriga", |pair| sql_trigger::run(pair, "sqltriga", SINGLE)),
    ("sql-trigger-sqltriga-args", |pair| sql_trigger::run(pair, "sqltriga", SINGLE_ARGS)),
    ("sql-trigger-sqltriga-bulk", |pair| sql_trigger::run(pair, "sqltriga", BULK)),
    ("sql-trigger-sqltriga-bulk-args", |pair| sql_trigger::run(pair, "sqltriga", BULK_ARGS)),
    ("sql-trigger-jsontriga", |pair| sql_trigger::run(pair, "jsontriga", SINGLE)),
    ("sql-trigger-jsontriga-args", |pair| sql_trigger::run(pair, "jsontriga", SINGLE_ARGS)),
    ("sql-trigger-jsontriga-bulk", |pair| sql_trigger::run(pair, "jsontriga", BULK)),
    ("sql-trigger-jsontriga-bulk-args", |pair| sql_trigger::run(pair, "jsontriga", BULK_ARGS)),
];

/// As production servers are set, but for `fsync`, whose cost is the disk's.
const SETTINGS: &[(&str, &str)] = &[
    ("shared_buffers", "512MB"),
    ("max_wal_size", "4GB"),
    ("maintenance_work_mem", "256MB"),
    ("wal_level", "logical"),
    // built-in replication waits for so long before it starts anew
    ("wal_retrieve_retry_interval", "100ms"),
];

/// A name stands for a case and all that begin with it: `sql` for `sql-insert`, `sql-ticker` and so on; `=replay` for
/// that one alone.
fn chosen(case: &str, name: &str) -> bool {
    name.strip_prefix('=') == Some(case)
        || case.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !CASES.iter().any(|(case, _)| chosen(case, name))) {
        let known: Vec<&str> = CASES.iter().map(|(case, _)| *case).collect();
        eprintln!("no case {unknown:?}; there are: {} (=NAME for one alone)", known.join(", "));
        return ExitCode::from(2);
    }
    for (name, case) in
        CASES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|it| chosen(name, it)))
    {
        eprintln!("== {name}");
        let pair = Pair::start_with(SETTINGS);
        println!("{}", case(&pair));
    }
    ExitCode::SUCCESS
}
