//! Replay of changes that piled up while the target's worker was stopped.
use std::time::{Duration, Instant};

use tests::load::pgbench;
use tests::setup::Tools;
use tests::{Pair, Setup, wait_until};

use crate::contest::Contest;
use crate::copy::checkpoint;

const SCALE: u32 = 10;
const CLIENTS: u32 = 4;
const EACH: u32 = 12_500;
const LIMIT: Duration = Duration::from_secs(600);

pub(crate) fn run(pair: &Pair) -> Contest {
    let mut contest =
        Contest::new("replay: 200 000 changes of 50 000 pgbench transactions", 200_000.0, "changes");
    contest.enter("londiste-rs", |run| {
        let pair = fresh(pair, run);
        queued(&pair, &Setup::new(&pair))
    });
    if Tools::Stock.are_installed(pair) {
        contest.enter("stock londiste", |run| {
            let pair = fresh(pair, run);
            queued(&pair, &Setup::stock(&pair))
        });
    } else {
        contest.skip("stock londiste", "not installed");
    }
    contest.enter("built-in logical replication", |run| built_in(&fresh(pair, run), run));
    contest
}

/// The history gets a key, which the stock tools need.
fn fresh(pair: &Pair, run: usize) -> Pair {
    let pair = pair.another(&format!("_replay{run}"));
    pgbench::create(&pair, SCALE);
    pair.both("alter table pgbench_history add hid bigserial primary key");
    pair
}

fn queued(pair: &Pair, setup: &Setup) -> Duration {
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(LIMIT);
    setup.londiste(&["-s", "target.ini"]).expect_success();
    setup.target_worker().wait_gone(LIMIT);
    write(pair);
    let last = setup.source.value("select txid_current()");
    let ticked = format!("select count(*) from pgq.tick where txid_snapshot_xmin(tick_snapshot) > {last}");
    setup.source.execute("select pgq.force_tick('migq')");
    wait_until(LIMIT, "a tick beyond the last change", || setup.source.number(&ticked) > 0);
    checkpoint(pair);
    let started = Instant::now();
    setup.londiste(&["-d", "target.ini", "worker"]).expect_success();
    wait_until_replayed(pair);
    started.elapsed()
}

fn built_in(pair: &Pair, run: usize) -> Duration {
    let (source, target) = (pair.source.superuser_over_tcp(), pair.target.superuser_over_tcp());
    source.execute("create publication bench for all tables");
    // Neither statement may run inside a transaction block of several statements.
    target.execute(&format!(
        "create subscription bench{run} connection '{}' publication bench",
        source.connstr()
    ));
    wait_until(LIMIT, "the initial copy", || {
        target.number("select count(*) from pg_subscription_rel where srsubstate <> 'r'") == 0
    });
    target.execute(&format!("alter subscription bench{run} disable"));
    let idle = "select count(*) from pg_stat_subscription where pid is not null";
    wait_until(LIMIT, "the subscription to stop", || target.number(idle) == 0);
    write(pair);
    checkpoint(pair);
    let started = Instant::now();
    target.execute(&format!("alter subscription bench{run} enable"));
    wait_until_replayed(pair);
    let took = started.elapsed();
    target.execute(&format!("drop subscription bench{run}"));
    took
}

fn write(pair: &Pair) {
    pgbench::transactions(&pair.source, CLIENTS, EACH);
}

fn wait_until_replayed(pair: &Pair) {
    let target = pair.target.admin();
    let all = i64::from(CLIENTS * EACH);
    wait_until(LIMIT, "all changes on the target", || {
        target.number("select count(*) from pgbench_history") == all
    });
}
