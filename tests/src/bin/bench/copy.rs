//! Initial copy of one big table, primary key included.
use std::process::Stdio;
use std::time::{Duration, Instant};

use tests::load::pgbench;
use tests::{Database, Pair, Setup, installation};

use crate::contest::Contest;

const SCALE: u32 = 20;
const TABLE: &str = "public.pgbench_accounts";

pub(crate) fn run(pair: &Pair) -> Contest {
    let mut contest = Contest::new(
        "copy: 2 000 000 rows of pgbench_accounts with primary key",
        f64::from(SCALE) * 100_000.0,
        "rows",
    );
    contest.enter("londiste-rs", |run| {
        let pair = fresh(pair, run);
        ours(&pair)
    });
    contest.enter("psql | psql (text) + index", |run| {
        let pair = fresh(pair, run);
        piped(&pair)
    });
    contest
}

fn fresh(pair: &Pair, run: usize) -> Pair {
    let pair = pair.another(&format!("_copy{run}"));
    pgbench::create(&pair, SCALE);
    checkpoint(&pair);
    pair
}

/// Dirty pages of the preparation must not be written in the measured time.
pub(crate) fn checkpoint(pair: &Pair) {
    for side in [&pair.source, &pair.target] {
        side.admin().execute("checkpoint");
    }
}

fn ours(pair: &Pair) -> Duration {
    let setup = Setup::new(pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", TABLE]).expect_success();
    let started = Instant::now();
    setup.londiste(&["target.ini", "add-table", TABLE, "--no-triggers"]).expect_success();
    setup.wait_ok(Duration::from_secs(600));
    started.elapsed()
}

fn piped(pair: &Pair) -> Duration {
    pair.target.execute("alter table pgbench_accounts drop constraint pgbench_accounts_pkey");
    let psql = |database: &Database, sql: &str| {
        let mut command = std::process::Command::new(installation::client("psql"));
        command.args(["-X", "-q", "-c", sql]).arg(database.uri());
        command
    };
    let started = Instant::now();
    let mut from = psql(&pair.source, "copy pgbench_accounts to stdout")
        .stdout(Stdio::piped())
        .spawn()
        .expect("psql runs");
    let pipe = from.stdout.take().expect("a pipe");
    let status =
        psql(&pair.target, "copy pgbench_accounts from stdin").stdin(pipe).status().expect("psql runs");
    assert!(status.success() && from.wait().expect("psql ends").success());
    pair.target.execute("alter table pgbench_accounts add primary key (aid)");
    started.elapsed()
}
