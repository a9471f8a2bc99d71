//! Either server goes away, while tables are copied and while changes are replayed: the daemons come back by
//! themselves.
use std::time::Duration;

use tests::load::{pgbench, shop};
use tests::{Cluster, Pair, Setup, Shutdown, compare};

const SETTLE: Duration = Duration::from_secs(120);

#[test]
fn source_lost_while_tables_are_copied() {
    lost_during_copy(|pair| &pair.source.cluster);
}

#[test]
fn target_lost_while_tables_are_copied() {
    lost_during_copy(|pair| &pair.target.cluster);
}

#[test]
fn source_lost_during_replay() {
    lost_during_replay(|pair| &pair.source.cluster);
}

#[test]
fn target_lost_during_replay() {
    lost_during_replay(|pair| &pair.target.cluster);
}

fn start() -> (Pair, Setup) {
    let pair = Pair::start();
    shop::create(&pair);
    pgbench::create(&pair, 3);
    let setup = Setup::new(&pair);
    (pair, setup)
}

/// Every way for a server to go, one after the other.
fn lose(cluster: &Cluster) {
    let pause = || std::thread::sleep(Duration::from_millis(fastrand::u64(300..1500)));
    assert!(cluster.terminate_sessions() > 0, "nobody was connected");
    pause();
    cluster.restart(Shutdown::Fast);
    pause();
    cluster.restart(Shutdown::Immediate);
    pause();
    cluster.kill();
    cluster.start_again();
}

fn lost_during_copy(which: impl Fn(&Pair) -> &Cluster) {
    let (pair, setup) = start();
    setup.start_nodes();
    for step in tests::guide::drop_foreign_keys(&setup) {
        step.run(&setup).expect_success();
    }
    let writers = shop::Writers::start(&pair.source, 1, Duration::from_millis(20));
    setup.add_all();
    lose(which(&pair));
    setup.wait_ok(SETTLE);
    settle(&pair, &setup, writers);
}

fn lost_during_replay(which: impl Fn(&Pair) -> &Cluster) {
    let (pair, setup) = start();
    setup.replicate();
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(5));
    lose(which(&pair));
    settle(&pair, &setup, writers);
}

/// All three daemons must have lived through it.
fn settle(pair: &Pair, setup: &Setup, writers: shop::Writers) {
    std::thread::sleep(Duration::from_secs(2));
    writers.stop().expect_clean();
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(pair);
    for daemon in [setup.ticker(), setup.source_worker(), setup.target_worker()] {
        daemon.expect_pid();
    }
}
