//! `compare` over a large table, beside what it cannot do without: reading and hashing every row of each side.
use std::cell::Cell;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tests::load::pgbench;
use tests::{Database, Pair, Setup, executable};

use crate::contest::Contest;

/// The plain limit.
const HASHES: &str = "set max_parallel_workers_per_gather = 0; \
                      select sum(hashtextextended(t::text, 0)) from pgbench_accounts t";
/// Rows that differ, over the whole table.
const DAMAGE: &str = "set session_replication_role = replica; \
                      update pgbench_accounts set abalance = 77777 \
                       where aid % ((select max(aid) from pgbench_accounts) / 10) = 5";
const MEND: &str =
    "set session_replication_role = replica; update pgbench_accounts set abalance = 0 where abalance = 77777";

/// `BENCH_SCALE`, else 50: 5 000 000 rows.
fn scale() -> u32 {
    let told = std::env::var("BENCH_SCALE").ok().and_then(|value| value.parse().ok());
    told.filter(|scale| *scale > 0).unwrap_or(50)
}

pub(crate) fn run(pair: &Pair) -> String {
    for side in [&pair.source, &pair.target] {
        pgbench::fill(side, scale());
        side.execute("vacuum analyze");
    }
    let setup = Setup::new(pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "public.pgbench_accounts"]).expect_success();
    tests::wait_until(Duration::from_secs(60), "the target knows the table", || {
        pair.target.number("select count(*) from londiste.table_info") == 1
    });
    setup.londiste(&["target.ini", "add-table", "public.pgbench_accounts", "--expect-sync"]).expect_success();
    let rows = f64::from(scale()) * 100_000.0;
    let peak = Cell::new(0);
    let mut contest = Contest::new(&format!("compare: {rows} rows of pgbench_accounts"), rows, "rows");
    // all rows are in memory before anything is measured
    hashed(&pair.source);
    hashed(&pair.target);
    contest.enter("londiste compare, equal", |_| compared(&setup, 0, &peak));
    contest.enter("londiste compare, ten differ", |_| {
        pair.target.admin().execute(DAMAGE);
        // as before the comparison of equal rows
        hashed(&pair.target);
        let took = compared(&setup, 1, &peak);
        pair.target.admin().execute(MEND);
        took
    });
    contest.enter("hashes of the source's rows", |_| hashed(&pair.source));
    contest.enter("hashes of the target's rows", |_| hashed(&pair.target));
    let told = contest.hold();
    format!("{told}  peak memory of compare: {:.1} MB", peak.get() as f64 / f64::from(1 << 20))
}

fn hashed(side: &Database) -> Duration {
    let began = Instant::now();
    side.psql(HASHES);
    began.elapsed()
}

/// Runs `compare`, which ends with this exit code, and looks how much memory it takes.
fn compared(setup: &Setup, code: i32, peak: &Cell<u64>) -> Duration {
    let mut command = setup.command(executable("londiste"));
    command.args(["target.ini", "compare", "--again", "public.pgbench_accounts"]);
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("compare runs");
    let status = loop {
        if let Some(status) = child.try_wait().expect("compare ends") {
            break status;
        }
        peak.set(peak.get().max(resident(child.id()).unwrap_or_default()));
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(code), "compare has told something else");
    began.elapsed()
}

/// Peak resident memory so far, in bytes.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kilobytes.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? * 1024)
}
