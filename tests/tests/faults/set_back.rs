//! One side is set back to an earlier state, by a failover to a copy that lacked its last seconds or by a restore: the
//! worker says so, and goes on after `worker --rewind` or `--reset`.

use std::time::Duration;

use tests::{Pair, Setup, Side, wait_until};

const QUICK: Duration = Duration::from_secs(40);

struct World {
    pair: Pair,
    setup: Setup,
}

impl World {
    fn start() -> World {
        let pair = Pair::start();
        pair.both("create table t (id bigint primary key)");
        let setup = Setup::new(&pair);
        // the provider knows each position at once
        setup.set("target.ini", "local_wm_publish_period", "0.1");
        setup.start_nodes();
        setup.add_all();
        setup.wait_ok(QUICK);
        let world = World { pair, setup };
        world.write(1, 3);
        world.arrived(3);
        world
    }

    /// Rows, each before a tick of its own.
    fn write(&self, first: i64, last: i64) {
        for row in first..=last {
            self.pair.source.execute(&format!("insert into t values ({row})"));
            self.pair.source.execute("select londiste_rs.tick_now('migq')");
        }
    }

    #[track_caller]
    fn arrived(&self, row: i64) {
        let log = || self.setup.target_worker().log_end();
        wait_until(QUICK, &format!("row {row} arrives\n{}", log()), || has(&self.pair.target, row));
        let (there, here) = (self.newest(), self.applied());
        wait_until(QUICK, &format!("tick {there} is finished, behind {here}"), || {
            self.finished() == self.applied()
        });
    }

    fn newest(&self) -> i64 {
        self.pair.source.number("select max(tick_id) from pgq.tick")
    }

    fn applied(&self) -> i64 {
        self.pair.target.number("select completed_tick from pgq_node.get_worker_state('migq')")
    }

    fn finished(&self) -> i64 {
        self.pair.source.number(
            "select sub_last_tick from pgq.subscription join pgq.consumer on co_id = sub_consumer \
              where co_name = 'target_app'",
        )
    }

    fn stop_all(&self) {
        ["target", "source", "pgqd"].iter().for_each(|name| self.setup.stop_daemon(name));
    }

    fn start_all(&self) {
        ["pgqd", "source", "target"].iter().for_each(|name| self.setup.start_daemon(name));
    }

    /// A server goes back to what it was when this was called, once the work is done.
    fn back(&self, side: &Side, meanwhile: impl FnOnce()) {
        side.cluster.keep_backup();
        meanwhile();
        self.stop_all();
        side.cluster.go_back();
    }

    /// The worker says that it cannot go on, in these words, and does nothing.
    #[track_caller]
    fn refuses(&self, words: &[&str]) {
        let before = self.setup.target_worker().log().len();
        let was = self.applied();
        self.setup.start_daemon("target");
        let log = || self.setup.target_worker().log()[before..].to_owned();
        wait_until(QUICK, "the worker says that it has lost its position", || {
            log().contains("lost position")
        });
        for word in words {
            assert!(log().contains(word), "{word}:\n{}", log());
        }
        let status = self.setup.londiste(&["target.ini", "status"]);
        assert!(status.stdout.contains("lost position"), "{}", status.report());
        self.setup.stop_daemon("target");
        assert_eq!(self.applied(), was);
    }

    #[track_caller]
    fn goes_on(&self, row: i64) {
        self.start_all();
        self.write(row, row);
        self.arrived(row);
    }
}

fn has(side: &Side, row: i64) -> bool {
    side.number(&format!("select count(*) from t where id = {row}")) == 1
}

#[test]
fn a_source_that_lacks_its_last_seconds() {
    let world = World::start();
    world.back(&world.pair.source, || {
        world.write(10, 14);
        world.arrived(14);
    });
    // as long as it has made no ticks again
    world.refuses(&[
        "the provider's newest tick is",
        "was set back",
        "may be on this node only",
        "worker --reset",
    ]);

    // five new rows, and the numbers of ticks come again
    let applied = world.applied();
    world.write(20, 24);
    while world.newest() < applied {
        world.pair.source.execute("select londiste_rs.tick_now('migq')");
    }
    world.refuses(&["was made at", "the provider's tick of that number at", "compare both sides"]);
    assert!(!has(&world.pair.target, 20));
    world
        .setup
        .londiste(&["target.ini", "worker", "--rewind"])
        .expect_failure(1, &["their histories differ", "--reset"]);
    let output = world.setup.londiste(&["target.ini", "worker", "--reset"]);
    output.expect_success();
    assert!(output.stderr.contains("is not in the provider's history"), "{}", output.report());
    world.goes_on(25);
    for row in 20..25 {
        assert!(has(&world.pair.target, row), "row {row} never arrived");
    }
}

#[test]
fn a_target_from_a_backup() {
    let world = World::start();
    world.back(&world.pair.target, || {
        world.write(10, 14);
        world.arrived(14);
    });
    assert!(!has(&world.pair.target, 14));
    world.refuses(&["this node was set back", "The provider still has them", "worker --rewind"]);
    world.setup.londiste(&["target.ini", "worker", "--rewind"]).expect_success();
    world.goes_on(15);
    assert_eq!(
        world.pair.target.number("select count(*) from t"),
        world.pair.source.number("select count(*) from t")
    );

    // or without what is in between; the provider's watermark of the node is ahead of its position for a while
    world.back(&world.pair.target, || {
        world.write(30, 34);
        world.arrived(34);
    });
    let output = world.setup.londiste(&["target.ini", "worker", "--reset"]);
    output.expect_success();
    assert!(output.stderr.contains("are not applied here"), "{}", output.report());
    world.goes_on(35);
    assert!(!has(&world.pair.target, 30));
    let log = world.setup.target_worker().log();
    assert!(!log.contains("moved backwards"), "{log}");
}

#[test]
fn both_sides_from_backups() {
    let world = World::start();
    let (source, target) = (&world.pair.source, &world.pair.target);
    // the source's is older
    source.cluster.keep_backup();
    world.write(10, 14);
    world.arrived(14);
    world.back(target, || {
        world.write(15, 16);
        world.arrived(16);
    });
    source.cluster.go_back();
    world.write(20, 20);
    let applied = world.applied();
    while world.newest() < applied {
        source.execute("select londiste_rs.tick_now('migq')");
    }
    world.refuses(&["was made at"]);
    world.setup.londiste(&["target.ini", "worker", "--reset"]).expect_success();
    world.goes_on(21);
    assert!(has(target, 20));

    // the target's is older
    target.cluster.keep_backup();
    world.write(40, 44);
    world.arrived(44);
    world.back(source, || {
        world.write(45, 46);
        world.arrived(46);
    });
    target.cluster.go_back();
    assert!(!has(target, 44));
    world.refuses(&["this node was set back", "worker --rewind"]);
    world.setup.londiste(&["target.ini", "worker", "--rewind"]).expect_success();
    world.goes_on(50);
    assert!(has(target, 44) && !has(target, 45));
}

#[test]
fn a_watermark_ahead_of_the_position_follows_it_back() {
    let world = World::start();
    let old = world.applied();
    world.write(10, 14);
    world.arrived(14);
    let watermark =
        || world.pair.source.number("select node_watermark from pgq_node.get_subscriber_info('migq')");
    wait_until(QUICK, "the watermark is published", || watermark() > old);
    world.setup.stop_daemon("target");
    // both positions, and nothing else, as an older version's commands left them
    world
        .pair
        .target
        .execute(&format!("select * from pgq_node.set_consumer_completed('migq', 'target_app', {old})"));
    world.pair.source.execute(&format!("select pgq.register_consumer_at('migq', 'target_app', {old})"));
    world.pair.target.execute("delete from t where id >= 10");
    world.setup.start_daemon("target");
    world.write(15, 15);
    world.arrived(15);
    assert!(has(&world.pair.target, 10));
    let log = world.setup.target_worker().log();
    assert!(log.contains("follows it back") && !log.contains("moved backwards"), "{log}");
}

#[test]
fn what_a_worker_of_another_make_has_applied_is_no_other_history() {
    let world = World::start();
    world.setup.stop_daemon("target");
    // its record is of an older tick than the position
    world.write(10, 10);
    let tick = world.newest();
    world.pair.target.execute("insert into t values (10)");
    world
        .pair
        .target
        .execute(&format!("select * from pgq_node.set_consumer_completed('migq', 'target_app', {tick})"));
    world.pair.source.execute(&format!("select pgq.register_consumer_at('migq', 'target_app', {tick})"));
    world.setup.start_daemon("target");
    world.write(11, 11);
    world.arrived(11);
    let log = world.setup.target_worker().log();
    assert!(!log.contains("lost position"), "{log}");
}
