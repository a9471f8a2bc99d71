//! Rows that come and go with their partition make no events: worker and `tables` say so, and what to do.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(90);

#[test]
fn partitions_that_come_with_rows_or_go_are_told_of() {
    let pair = Pair::start();
    pair.both(
        "create table parts (id int, at int, v text, primary key (id, at)) partition by range (at);
         create table low partition of parts for values from (0) to (100);
         create table dropped partition of parts for values from (100) to (200);
         create table rest partition of parts default",
    );
    pair.source.execute("insert into parts select i, i, 'v' from generate_series(1, 300) i");
    let setup = Setup::new(&pair);
    // it would name partitions that the target lacks
    setup.set("target.ini", "drift_every", "0");
    setup.replicate();
    let mut holder = pair.source.connect();
    pair.source.execute(
        "create table later (like parts including all);
         insert into later select i, 1000 + i, 'before' from generate_series(1, 10) i;
         alter table parts attach partition later for values from (1000) to (2000);
         create table fresh partition of parts for values from (2000) to (3000);
         insert into parts select i, 2000 + i, 'with events' from generate_series(1, 10) i;
         alter table parts detach partition low; drop table dropped",
    );
    let mut open = holder.transaction().unwrap();
    open.batch_execute("insert into later values (100, 1500, 'held')").unwrap();
    let log = || std::fs::read_to_string(setup.source_worker().logfile).unwrap_or_default();
    wait_for(SETTLE, "the worker names who holds the new partition", || {
        let text = log();
        let words = ["waits for a lock of process", "application \"tests\""];
        if words.iter().all(|word| text.contains(word)) { Ok(()) } else { Err(text) }
    });
    open.commit().unwrap();

    let tables = || setup.londiste(&["target.ini", "tables"]).stdout;
    let told = [
        "public.later was attached with rows in it",
        "public.low was detached",
        "public.dropped was dropped",
    ];
    wait_for(SETTLE, "the subscriber tells of the partitions", || {
        let text = tables();
        if told.iter().all(|words| text.contains(words)) {
            Ok(())
        } else {
            Err(format!("{text}\n{}", setup.logs()))
        }
    });
    assert!(!tables().contains("public.fresh"), "its rows have events");
    assert_eq!(pair.source.number("select count(*) from pg_trigger where tgrelid = 'low'::regclass"), 0);

    pair.target.execute("drop table dropped");
    assert!(!tables().contains("public.dropped"), "it is gone here as well");
    setup.londiste(&["target.ini", "resync", "parts"]).expect_success();
    setup.wait_ok(SETTLE);
    assert!(told.iter().all(|words| !tables().contains(words)), "{}", tables());
    setup.wait_caught_up(SETTLE);
    pair.both("drop table low");
    compare::assert_equal(&pair);
}

/// A TRUNCATE of a partition by its name, before the worker has put the trigger on it.
#[test]
fn partitions_that_are_emptied_before_they_are_captured_are_told_of() {
    let pair = Pair::start();
    pair.both(
        "create table parts (id int primary key, v text) partition by range (id);
         create table rest partition of parts default;
         create table none (id int primary key, v text) partition by range (id)",
    );
    pair.target.execute("create table none_rest partition of none default");
    let setup = Setup::new(&pair);
    // it would name partitions that the target lacks
    setup.set("target.ini", "drift_every", "0");
    setup.replicate();
    setup.stop_daemon("source");
    for sql in [
        "create table emptied partition of parts for values from (100) to (200)",
        "create table kept partition of parts for values from (200) to (300)",
        "insert into parts select i, 'v' from generate_series(90, 250) i",
        "truncate emptied",
        "insert into parts values (100, 'after')",
        "create table none_1 (id int primary key, v text); insert into none_1 values (1, 'before')",
        "alter table none attach partition none_1 for values from (0) to (10)",
    ] {
        pair.source.execute(sql);
    }
    setup.start_daemon("source");
    let told = [
        "public.emptied was emptied or rewritten before it was captured",
        "public.none_1 was attached with rows in it",
    ];
    let tables = || setup.londiste(&["target.ini", "tables"]).stdout;
    wait_for(SETTLE, "the subscriber tells of the partitions", || {
        let text = tables();
        if told.iter().all(|words| text.contains(words)) {
            Ok(())
        } else {
            Err(format!("{text}\n{}", setup.logs()))
        }
    });
    let text = tables();
    assert!(!text.contains("public.kept") && text.contains("resync the table"), "{text}");
    setup.londiste(&["target.ini", "resync", "parts", "none"]).expect_success();
    setup.wait_ok(SETTLE);
    // captured by now: the truncation has an event
    pair.source.execute("truncate kept");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let text = tables();
    assert!(told.iter().all(|words| !text.contains(words)) && !text.contains("public.kept"), "{text}");
}
