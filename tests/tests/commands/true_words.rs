//! What people read while copies run, of rows that no partition takes, and of a fresh installation.

use std::time::{Duration, Instant};

use tests::{Pair, Setup, compare, wait_until};

const QUICK: Duration = Duration::from_secs(60);

#[test]
fn words_of_copies_partitions_and_installations_are_true() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    let installed = pair.source.psql_file(&tests::repository().join("sql/init_noext.sql"));
    // that roles cannot be made is a true word
    assert!(!installed.stderr.contains("does not exist"), "{}", installed.report());

    pair.both("create table slow (id int primary key, v text); create table waits (id int primary key)");
    pair.source.execute(
        "insert into slow select i, repeat('x', 100) from generate_series(1, 30000) i; insert into waits values (1);
         create table parts (id int primary key); insert into parts values (1)",
    );
    pair.target.execute(
        "create table parts (id int primary key) partition by range (id);
         create table parts_1 partition of parts for values from (1) to (100)",
    );
    let setup = Setup::in_chunks(&pair, 40, "300kB");
    setup.set("target.ini", "parallel_copies", "1");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.add_all();
    let tables = || setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    let is_away =
        || pair.target.number("select count(*) from pg_index where indrelid = 'slow'::regclass") == 0;
    let (mut first, mut away) = (false, false);
    let started = Instant::now();
    while !away && started.elapsed() < QUICK {
        let before = is_away();
        let text = tables();
        assert!(!text.contains("no primary key") && !text.contains("copy: 0 rows"), "{text}");
        first |= text.contains("public.slow: copy: rows of the first chunk on their way");
        away = before && is_away();
    }
    assert!(away, "the copy has put the index away\n{}", setup.target_worker().log_end());
    if !first {
        // what must not be said is asserted above
        eprintln!("the first chunk was over before anybody looked");
    }
    setup.copy_unlimited();
    setup.wait_ok(QUICK);
    let log = pair.target.cluster.log();
    assert!(!log.contains("there is no transaction in progress"), "{log}");

    pair.source.execute("insert into parts values (5000)");
    wait_until(QUICK, "the table is parked", || tables().contains("public.parts: "));
    let text = tables();
    assert!(text.contains("no partition of the target's table takes this row: create one for it"), "{text}");
    assert!(!text.contains("drop the check"), "{text}");
    pair.target.execute("create table parts_2 partition of parts default");
    setup.londiste(&["target.ini", "resume-table", "parts"]).expect_success();
    setup.wait_ok(QUICK);
    setup.wait_caught_up(QUICK);
    assert_eq!(pair.target.number("select count(*) from parts"), 2);
    compare::assert_equal(&pair);
}
