//! The columns that identify a row: one rule for source, target, capture, copies and replay, also where they change
//! under way.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::{Database, Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(180);
const ROWS: u32 = 40_000;
const PAGES: u32 = 20;

/// Two unique indexes of the same width: the one whose name comes first is over the column whose name comes last.
const TWO_KEYS: &str = "create table k (a int not null, b int not null, pad text);
     create unique index zz on k (a); create unique index aa on k (b);";

fn fill(pair: &Pair) {
    pair.source
        .execute(&format!("insert into k select i, i, repeat('x', 50) from generate_series(1, {ROWS}) i"));
}

/// Gives rows another value of one column, then deletes them by it, while `during` runs.
fn while_keys_move(source: &Database, during: impl FnOnce()) {
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, source) = (stop.clone(), source.clone());
    let writer = std::thread::spawn(move || {
        let mut client = source.connect();
        let mut done = 0;
        while !stopped.load(Ordering::Relaxed) {
            let n = fastrand::u32(1..=ROWS);
            let column = if fastrand::bool() { "a" } else { "b" };
            let sql = format!("update k set {column} = -{column} where {column} = {n}");
            client.batch_execute(&sql).expect("updates");
            if fastrand::bool() {
                client.batch_execute(&format!("delete from k where {column} = -{n}")).expect("deletes");
            }
            done += 1;
        }
        done
    });
    during();
    stop.store(true, Ordering::Relaxed);
    assert!(writer.join().expect("the writer ends") > 5);
}

fn chunks(pair: &Pair) -> i64 {
    pair.target.number("select count(*) from londiste_rs.copy_chunk")
}

fn captured_key(pair: &Pair) -> String {
    pair.source.value("select array_to_string(key, ',') from londiste_rs.captured_keys('migq')")
}

fn said(setup: &Setup, ini: &str) -> String {
    setup.londiste(&[ini, "tables"]).expect_success().stdout.clone()
}

#[test]
fn chunks_are_reconciled_by_the_key_that_events_tell() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both(TWO_KEYS);
    fill(&pair);
    let setup = Setup::in_chunks(&pair, PAGES, "400kB");
    while_keys_move(&pair.source, || {
        setup.add_all();
        wait_until(SETTLE, "chunks are committed", || chunks(&pair) > 3);
        assert_eq!(captured_key(&pair), "a");
        setup.copy_unlimited();
        setup.wait_ok(SETTLE);
    });
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over"), "{log}");
    for ini in ["source.ini", "target.ini"] {
        let tables = said(&setup, ini);
        assert!(tables.contains("public.k: a changed row is found by its key (a), which is not"), "{tables}");
    }
}

#[test]
fn a_key_that_changes_while_chunks_are_copied_starts_the_copy_over() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both(TWO_KEYS);
    fill(&pair);
    let setup = Setup::in_chunks(&pair, PAGES, "400kB");
    while_keys_move(&pair.source, || {
        setup.add_all();
        wait_until(SETTLE, "chunks are committed", || chunks(&pair) > 3);
        // another name is no other key
        pair.source.execute("alter index zz rename to a_first; alter index aa rename to z_last");
        let known = chunks(&pair);
        wait_until(SETTLE, "the copy goes on", || chunks(&pair) > known + 1);
        assert!(!setup.target_worker().log().contains("starts over"), "{}", setup.logs());
        pair.source.execute("drop index a_first");
        wait_until(SETTLE, "the copy starts over", || setup.target_worker().log().contains("starts over"));
        setup.copy_unlimited();
        setup.wait_ok(SETTLE);
        // and by yet another one, while replay goes on
        pair.source.execute("create unique index on k (a); drop index z_last");
    });
    setup.wait_caught_up(SETTLE);
    wait_until(SETTLE, "capture follows", || captured_key(&pair) == "a");
    compare::assert_equal(&pair);
}

#[test]
fn a_key_that_changes_while_a_table_is_parked_or_handed_over_changes_nothing() {
    let pair = Pair::start();
    pair.both(TWO_KEYS);
    pair.source.execute("insert into k select i, i, 'x' from generate_series(1, 200) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    let parked = |setup: &Setup| {
        wait_until(SETTLE, "the table is parked", || said(setup, "target.ini").contains("public.k: ERR"));
    };
    pair.target.execute("alter table k add constraint no_y check (pad <> 'y')");
    pair.source.execute("update k set pad = 'y' where a = 1");
    parked(&setup);
    // events of three keys and of none, in one piece
    pair.source.execute(
        "update k set a = -a where b between 10 and 20; drop index zz; update k set b = -b where a between 30 and 40;
         update k set b = b + 1000 where a = 50; create unique index on k (a); drop index aa;
         update k set a = a + 5000 where a between 60 and 70; update k set b = 7 where a between 80 and 90",
    );
    pair.target.execute("alter table k drop constraint no_y; drop index aa");
    setup.londiste(&["target.ini", "resume-table", "k"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    // a copy that waits for its hand-over while source and target change their keys
    pair.target.execute("drop index zz");
    setup.londiste(&["target.ini", "resync", "k"]).expect_success();
    pair.source.execute(
        "create unique index on k (b) where b > 7; update k set a = a + 10000 where a % 3 = 0;
         drop index k_a_idx; update k set a = a - 1 where a % 2 = 0; delete from k where a = 45",
    );
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    wait_until(SETTLE, "capture follows", || captured_key(&pair).is_empty());
    // a key of the source alone: no row is taken for another one, and `tables` tells what to do
    pair.source.execute("delete from k where b = 7; create unique index on k (b, a)");
    wait_until(SETTLE, "capture follows", || captured_key(&pair) == "b,a");
    pair.source.execute("update k set pad = 'z' where a < 100");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let tables = said(&setup, "target.ini");
    assert!(tables.contains("create unique index concurrently on public.k (b, a)"), "{tables}");
}

/// What one transaction tells by a key and then by whole rows are no two rows that exchange their keys.
#[test]
fn rows_that_move_on_after_their_key_is_gone_are_the_same_rows() {
    let pair = Pair::start();
    pair.both(TWO_KEYS);
    pair.source.execute("insert into k select i, i, 'x' from generate_series(1, 60) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    pair.both("drop index aa");
    wait_until(SETTLE, "capture follows", || captured_key(&pair) == "a");
    pair.target.execute("drop index zz");
    pair.source.execute(
        "update k set a = a + 10000 where a % 3 = 0; drop index zz; update k set a = a - 1 where a % 2 = 0;
         create unique index on k (b); update k set b = b + 1000 where a > 10000; update k set a = -a where b > 1000;
         update k set b = b - 1 where b > 1000",
    );
    setup.wait_caught_up(SETTLE);
    let tables = said(&setup, "target.ini");
    assert!(!tables.contains("ERR"), "{tables}\n{}", setup.logs());
    compare::assert_equal(&pair);
}
