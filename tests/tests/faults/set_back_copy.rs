//! The source is set back while a table is copied, by a failover to a copy that lacked its last seconds: rows that the
//! lost server had shown do not stay on the target.

use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

/// Nobody makes ticks: what the copy has read lies between two of them.
fn without_ticks(setup: &Setup) {
    ["source", "pgqd"].iter().for_each(|name| setup.stop_daemon(name));
}

fn with_ticks(setup: &Setup) {
    ["pgqd", "source"].iter().for_each(|name| setup.start_daemon(name));
}

/// Starts the leaf's worker. It has applied ticks that the copy has had made, if it came to that: then it says so, and
/// is reset; else the copy says these words.
fn go_on(setup: &Setup, words: &str) {
    setup.start_daemon("target");
    let said = |words: &str| setup.target_worker().log().contains(words);
    wait_for(SETTLE, "the loss is told", || {
        if said("lost position") || said(words) { Ok(()) } else { Err(setup.logs()) }
    });
    if said("lost position") {
        setup.stop_daemon("target");
        setup.londiste(&["target.ini", "worker", "--reset"]).expect_success();
        setup.start_daemon("target");
    }
}

#[test]
fn chunks_of_a_server_that_is_gone_are_copied_anew() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both("create table big (id int primary key, v text) with (fillfactor = 40)");
    pair.source.execute("insert into big select i, repeat('v', 100) from generate_series(1, 9000) i");
    pair.source.execute("vacuum analyze big");
    let page = |id: i64| {
        pair.source.number(&format!(
            "select split_part(trim(both '()' from ctid::text), ',', 1)::int8 from big where id = {id}"
        ))
    };
    let copied = || {
        pair.target.number(
            "select coalesce(sum(end_page - first_page), 0)::int8 from londiste_rs.copy_chunk \
              where end_page is not null",
        )
    };
    let last = page(6000);
    let setup = Setup::in_chunks(&pair, 16, "100kB");
    setup.londiste(&["source.ini", "add-table", "big"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "big"]).expect_success();
    wait_until(SETTLE, "chunks are committed", || copied() > 0);
    without_ticks(&setup);
    // a plain restart, of which nothing is lost
    pair.source.cluster.keep_backup();
    assert!(copied() < page(4000), "the copy is too fast for this test");
    pair.source.execute("update big set v = 'lost' where id between 4000 and 6000");
    assert_eq!(page(6000), last, "the row stays on its page");
    wait_for(SETTLE, "the changed rows are copied", || {
        if copied() > last { Ok(()) } else { Err(setup.target_worker().log_end()) }
    });
    setup.target_worker().kill();
    assert_eq!(pair.target.value("select step from londiste_rs.copy_run"), "rows");
    assert!(pair.target.number("select count(*) from big where v = 'lost'") > 0);
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over"), "a plain restart: {log}");
    pair.source.cluster.go_back();
    with_ticks(&setup);
    setup.set("target.ini", "copy_rate_limit", "0");
    go_on(&setup, "the copy starts over");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 9000);
}

#[test]
fn a_tick_that_the_source_has_not_starts_a_copy_in_chunks_over() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both("create table big (id int primary key, v text)");
    pair.source.execute("insert into big select i, repeat('v', 100) from generate_series(1, 9000) i");
    let setup = Setup::in_chunks(&pair, 16, "100kB");
    setup.londiste(&["source.ini", "add-table", "big"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "big"]).expect_success();
    let chunks = || pair.target.number("select count(*) from londiste_rs.copy_chunk");
    let newest = || pair.source.number("select max(tick_id) from pgq.tick");
    let kept = |tick: i64| {
        pair.target.execute(&format!(
            "insert into londiste_rs.copy_tick \
             values ('migq', 'public.big', {tick}, now() - interval '1 hour', '1:1:', 'primary')"
        ));
    };
    let started_over = |times: usize| {
        let log = setup.target_worker().log();
        log.matches("the copy starts over").count() >= times && log.contains("the source was set back")
    };
    wait_until(SETTLE, "a chunk is committed", || chunks() > 0);
    // another one of that number
    kept(newest() + 5);
    wait_until(SETTLE, "the copy starts over", || started_over(1));
    let status = setup.londiste(&["target.ini", "status"]).stdout;
    assert!(status.contains("the copy was begun anew: the source was set back"), "{status}");
    wait_until(SETTLE, "a chunk is committed", || chunks() > 0);
    // none so far, and none when all chunks are there
    kept(newest() + 100_000);
    setup.copy_unlimited();
    wait_until(SETTLE, "the copy starts over", || started_over(2));
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let status = setup.londiste(&["target.ini", "status"]).stdout;
    assert!(!status.contains("set back"), "{status}");
    assert_eq!(pair.target.number("select count(*) from londiste_rs.copy_tick"), 0);
}

#[cfg(debug_assertions)]
#[test]
fn a_copy_under_a_snapshot_of_a_server_that_is_gone_is_parked() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text); create table other (id int primary key)");
    pair.source.execute("insert into t select i, 'v' from generate_series(1, 100) i");
    pair.target.execute("alter table other add constraint to_t foreign key (id) references t");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    wait_until(SETTLE, "the table is known", || {
        pair.target.number("select count(*) from londiste.table_info") == 1
    });
    setup.stop_daemon("target");
    setup.londiste(&["target.ini", "add-table", "t"]).expect_success();
    let mut holder = pair.target.connect();
    let mut held = holder.transaction().unwrap();
    held.batch_execute("lock table other in access share mode").unwrap();
    // it waits with its foreign keys, subscribed and with no snapshot yet
    let environment = [("LONDISTE_FAIL_POINT", "whole-after-commit")];
    let mut process = setup.foreground_in("londiste", &["target.ini", "worker"], "killed", &environment);
    wait_until(SETTLE, "the copy is subscribed", || {
        pair.source.number("select count(*) from pgq.consumer where co_name like '%.copy.public.t'") == 1
    });
    without_ticks(&setup);
    pair.source.cluster.keep_backup();
    pair.source.execute("insert into t values (1000, 'lost')");
    held.rollback().unwrap();
    assert_eq!(process.wait(SETTLE), -1, "{}", setup.logs());
    assert_eq!(pair.target.number("select count(*) from t where id = 1000"), 1);
    pair.source.cluster.go_back();
    with_ticks(&setup);
    go_on(&setup, "the source was set back: it lacks tick");
    let tables = || setup.londiste(&["target.ini", "tables"]).stdout;
    let is_ok = || pair.target.value("select merge_state from londiste.table_info") == "ok";
    wait_for(SETTLE, "the table is parked, or copied again", || {
        let text = tables();
        if text.contains("the source was set back: it lacks tick") || is_ok() {
            Ok(())
        } else {
            Err(format!("{text}{}", setup.logs()))
        }
    });
    if !is_ok() {
        let status = setup.londiste(&["target.ini", "status"]).stdout;
        assert!(status.contains("the source was set back"), "{status}");
        setup.londiste(&["target.ini", "resync", "t"]).expect_success();
    }
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert!(!tables().contains("set back"));
    compare::assert_equal(&pair);
}
