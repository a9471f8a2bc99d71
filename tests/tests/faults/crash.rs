//! SIGKILL of each process, twenty times while tables are copied and twenty times while changes are replayed: nothing
//! is lost, nothing is doubled.
use std::time::Duration;

use tests::load::pgbench::{self, Pgbench};
use tests::load::shop;
use tests::{Daemon, Pair, Setup, compare};

const KILLS: usize = 20;
const SETTLE: Duration = Duration::from_secs(120);

#[test]
fn ticker_killed_while_tables_are_copied() {
    killed_during_copy("pgqd");
}

#[test]
fn source_worker_killed_while_tables_are_copied() {
    killed_during_copy("source");
}

#[test]
fn target_worker_killed_while_tables_are_copied() {
    killed_during_copy("target");
}

#[test]
fn ticker_killed_during_replay() {
    killed_during_replay("pgqd");
}

#[test]
fn source_worker_killed_during_replay() {
    killed_during_replay("source");
}

#[test]
fn target_worker_killed_during_replay() {
    killed_during_replay("target");
}

/// The history comes without a key: a change applied twice shows there.
fn start() -> (Pair, Setup) {
    let pair = Pair::start();
    shop::create(&pair);
    pgbench::create(&pair, 2);
    let setup = Setup::new(&pair);
    (pair, setup)
}

fn daemon(setup: &Setup, name: &str) -> Daemon {
    match name {
        "pgqd" => setup.ticker(),
        "source" => setup.source_worker(),
        _ => setup.target_worker(),
    }
}

fn killed_during_copy(name: &str) {
    let (pair, setup) = start();
    setup.start_nodes();
    for step in tests::guide::drop_foreign_keys(&setup) {
        step.run(&setup).expect_success();
    }
    let writers = shop::Writers::start(&pair.source, 1, Duration::from_millis(20));
    let bench = Pgbench::start(&setup, 1, 40);
    setup.add_all();
    let mut during_copy = 0;
    for round in 0.. {
        assert!(round < 5 * KILLS, "only {during_copy} kills hit a copy");
        std::thread::sleep(Duration::from_millis(fastrand::u64(10..250)));
        let copying = |setup: &Setup| setup.table_states().iter().any(|(_, state)| state != "ok");
        if !copying(&setup) {
            setup.londiste(&["target.ini", "resync", "public.pgbench_accounts"]).expect_success();
            continue;
        }
        daemon(&setup, name).kill();
        during_copy += 1;
        setup.start_daemon(name);
        if during_copy == KILLS {
            break;
        }
    }
    setup.wait_ok(SETTLE);
    settle(&pair, &setup, writers, bench);
}

fn killed_during_replay(name: &str) {
    let (pair, setup) = start();
    setup.replicate();
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(5));
    let bench = Pgbench::start(&setup, 2, 100);
    for _ in 0..KILLS {
        std::thread::sleep(Duration::from_millis(fastrand::u64(50..600)));
        daemon(&setup, name).kill();
        setup.start_daemon(name);
    }
    settle(&pair, &setup, writers, bench);
}

fn settle(pair: &Pair, setup: &Setup, writers: shop::Writers, bench: Pgbench) {
    writers.stop().expect_clean();
    bench.stop().expect_clean();
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(pair);
}
