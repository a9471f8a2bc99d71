//! Small tables are copied together: under writers, beside large ones, with some among them that cannot be copied.
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::{Database, Pair, Setup, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(120);
const TABLES: usize = 40;

/// Every fifth table has no key: a change that came twice shows there.
fn create(pair: &Pair) {
    for n in 1..=TABLES {
        let key = if n % 5 == 0 { "" } else { "primary key" };
        pair.both(&format!("create table s{n} (id int {key}, v text, n int default 0)"));
        pair.source
            .execute(&format!("insert into s{n} select g, 'row ' || g from generate_series(1, {n} * 10) g"));
    }
}

/// Changes all tables in turn, in transactions over two of them, until told to stop.
fn write(source: &Database, first: usize, stop: &AtomicBool) -> usize {
    let mut client = source.connect();
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) {
        let (one, other) = ((first + written) % TABLES + 1, (first + written * 7) % TABLES + 1);
        let (id, at) = (1000 + first * 1_000_000 + written, written % 10 + 1);
        client
            .batch_execute(&format!(
                "begin; insert into s{one} values ({id}, 'new'); update s{other} set n = n + 1 where id = {at};
                 delete from s{one} where id = {id} - {TABLES} * 3; commit"
            ))
            .expect("the application is not disturbed");
        written += 1;
    }
    written
}

/// Nothing of the copies is left on either side, before anybody looks for what was left behind.
fn wait_tidy(pair: &Pair, setup: &Setup) {
    let consumers = "select string_agg(consumer_name, ' ') from pgq.get_consumer_info('migq') \
                      where consumer_name like 'target%'";
    wait_for(Duration::from_secs(20), "the copies have left the provider", || {
        let left = pair.source.value(consumers);
        if left == "target_app" { Ok(()) } else { Err(format!("{left}\n{}", setup.logs())) }
    });
    assert_eq!(pair.target.number("select count(*) from pgq_node.local_state"), 1);
    for table in ["copy_progress", "copy_run", "table_error"] {
        assert_eq!(pair.target.number(&format!("select count(*) from londiste_rs.{table}")), 0, "{table}");
    }
}

/// The worker has not waited in vain for a copy that had no connections.
fn assert_handed_over(setup: &Setup) {
    let log = setup.target_worker().log();
    assert!(!log.contains("does not answer"), "{log}");
}

/// The largest number of tables that were copied together.
fn together(setup: &Setup) -> usize {
    let log = setup.target_worker().log();
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    log.split("together=").skip(1).filter_map(number).max().unwrap_or_default()
}

#[test]
fn they_are_copied_together_while_they_change_and_are_asked_for_again() {
    let pair = Pair::start();
    create(&pair);
    pair.both("create table large (id int primary key, v text)");
    pair.source.execute("insert into large select g, repeat('v', 500) from generate_series(1, 60000) g");
    pair.source.admin().psql("analyze");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "parallel_copies", "2");
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|first| {
                let (source, stop) = (&pair.source, &stop);
                scope.spawn(move || write(source, first * 11, stop))
            })
            .collect();
        setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
        for round in 1..=6 {
            std::thread::sleep(Duration::from_millis(150));
            let again: Vec<String> =
                (0..6).map(|n| format!("public.s{}", (round * 5 + n * 3) % TABLES + 1)).collect();
            let mut words = vec!["target.ini", "resync"];
            words.extend(again.iter().map(String::as_str));
            setup.londiste(&words).expect_success();
        }
        setup.wait_ok(SETTLE);
        stop.store(true, Ordering::Relaxed);
        assert!(writers.into_iter().map(|writer| writer.join().expect("a writer")).sum::<usize>() > 100);
    });
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert_handed_over(&setup);
    assert!(together(&setup) >= 10, "{}", setup.logs());
    let analyzed = "select count(*) from pg_class where relname ~ '^s[0-9]+$' and reltuples > 0";
    // sooner than autovacuum would make them
    wait_until(Duration::from_secs(20), "all tables have statistics", || {
        pair.target.number(analyzed) == TABLES as i64
    });
    wait_tidy(&pair, &setup);
}

#[test]
fn one_that_cannot_be_copied_does_not_hold_up_the_others() {
    let pair = Pair::start();
    create(&pair);
    pair.target.execute("alter table s7 add constraint few check (id < 50)");
    pair.target.execute("alter table s8 alter column v type varchar(3)");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "parallel_copies", "2");
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let mut migration = pair.source.connect();
    migration.batch_execute("begin; alter table s9 add column later int").unwrap();
    setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
    let ok = "select count(*) from londiste.table_info where merge_state = 'ok'";
    wait_until(SETTLE, "all others are ok", || pair.target.number(ok) == TABLES as i64 - 3);
    let parked =
        "select string_agg(table_name, ' ' order by table_name) from londiste_rs.table_error where parked";
    wait_until(SETTLE, "two are parked", || pair.target.value(parked) == "public.s7 public.s8");
    migration.batch_execute("rollback").unwrap();
    pair.target.execute("alter table s7 drop constraint few; alter table s8 alter column v type text");
    setup.londiste(&["target.ini", "resume-table", "s7", "s8"]).expect_success();
    pair.source
        .execute("update s7 set n = 7; update s8 set n = 8; update s9 set n = 9; update s10 set n = 10");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert_handed_over(&setup);
    wait_tidy(&pair, &setup);
}

#[test]
fn pause_gives_their_snapshot_up() {
    let pair = Pair::start();
    create(&pair);
    let setup = Setup::new(&pair);
    setup.set("target.ini", "parallel_copies", "1");
    setup.set("target.ini", "copy_rate_limit", "2000");
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
    let reading = "select count(*) from pg_stat_activity where datname = current_database() \
                      and backend_xmin is not null and application_name like '% copy %'";
    wait_until(SETTLE, "a copy reads", || pair.source.admin().number(reading) > 0);
    setup.londiste(&["target.ini", "pause"]).expect_success();
    wait_until(SETTLE, "no snapshot is held", || pair.source.admin().number(reading) == 0);
    setup.set("target.ini", "copy_rate_limit", "0");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.londiste(&["target.ini", "resume"]).expect_success();
    setup.wait_ok(SETTLE);
    compare::assert_equal(&pair);
    assert_handed_over(&setup);
}
