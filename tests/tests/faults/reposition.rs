//! A target that was restored to an older state goes on: `worker --rewind` and `worker --reset`.

use std::time::Duration;

use tests::{Pair, Setup, wait_until};

const QUICK: Duration = Duration::from_secs(30);

#[track_caller]
fn arrives(pair: &Pair, setup: &Setup, row: i64) {
    pair.source.execute(&format!("insert into t values ({row})"));
    wait_until(QUICK, &format!("row {row} arrives\n{}", setup.target_worker().log_end()), || {
        pair.target.number(&format!("select count(*) from t where id = {row}")) == 1
    });
}

#[test]
fn a_restored_target_takes_one_sides_word_for_its_position() {
    let pair = Pair::start();
    pair.both("create table t (id bigint primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(QUICK);
    arrives(&pair, &setup, 1);
    let position = || pair.target.number("select completed_tick from pgq_node.get_worker_state('migq')");
    let restored_to = |tick: i64| {
        let sql = format!("select * from pgq_node.set_consumer_completed('migq', 'target_app', {tick})");
        pair.target.execute(&sql);
    };
    let old = position();
    arrives(&pair, &setup, 2);
    setup.stop_daemon("target");
    let new = position();
    setup.londiste(&["target.ini", "worker", "--rewind", "--reset"]).expect_failure(2, &["--reset"]);
    let said = setup.londiste(&["target.ini", "worker", "--rewind"]).expect_success().stdout.clone();
    assert!(said.contains(&format!("both sides say tick {new} already")), "{said}");
    setup.londiste(&["source.ini", "worker", "--reset"]).expect_failure(1, &["is the root"]);

    restored_to(old);
    pair.target.execute("delete from t where id = 2");
    setup.start_daemon("target");
    wait_until(QUICK, "the worker says that it cannot go on", || {
        setup.target_worker().log().contains("lost position")
    });
    setup.londiste(&["target.ini", "worker", "--rewind"]).expect_failure(1, &["the worker runs"]);
    setup.stop_daemon("target");
    let said = setup.londiste(&["target.ini", "worker", "--rewind"]).expect_success().stdout.clone();
    assert!(said.contains(&format!("goes on behind tick {old}")), "{said}");
    setup.start_daemon("target");
    arrives(&pair, &setup, 3);
    assert_eq!(pair.target.number("select count(*) from t"), 3, "row 2 has come again");

    setup.stop_daemon("target");
    let newest = position();
    restored_to(old);
    let output = setup.londiste(&["target.ini", "worker", "--reset"]);
    output.expect_success();
    let lost = format!("changes between ticks {old} and {newest} are not applied here");
    assert!(output.stderr.contains(&lost), "{}", output.report());
    assert_eq!(position(), newest);
    setup.start_daemon("target");
    arrives(&pair, &setup, 4);

    setup.stop_daemon("target");
    restored_to(newest + 1_000_000);
    let never = ["cannot go on behind tick", "copy anew"];
    setup.londiste(&["target.ini", "worker", "--rewind"]).expect_failure(1, &never);
}
