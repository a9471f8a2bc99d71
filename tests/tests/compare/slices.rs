//! Snapshots of a comparison are short: it goes on with new ones, table by table, and while the target lags.
use std::time::{Duration, Instant};

use tests::{Output, Pair, Setup, compare, executable, wait_until};

use crate::writer::Writer;

const SETTLE: Duration = Duration::from_secs(90);

fn compared(setup: &Setup, words: &[&str]) -> Output {
    let mut arguments = vec!["target.ini", "compare"];
    arguments.extend(words);
    setup.londiste(&arguments)
}

/// Changes rows behind the worker's back.
fn damage(pair: &Pair, sql: &str) {
    pair.target.admin().execute(&format!("set session_replication_role = replica; {sql}"));
}

/// Rows of the first half of the key's order, from everywhere in it, and such that come and go.
const CHANGES: &[&str] = &[
    "update words set v = v || '.' \
      where b = 1 and w between md5((random() * 200)::int::text) and md5((random() * 200)::int::text) || 'z' \
        and w ~ '^[0-2]a1'",
    "insert into words select md5(clock_timestamp()::text), 7, 'new'",
    "delete from words where b = 7 and w = (select min(w) from words where b = 7)",
];

/// A table too large for one pair, whose key the sides sort otherwise: rows that change under a pair, that come, that
/// go, and that are damaged.
#[test]
fn a_large_table_that_is_sorted_otherwise_is_compared_by_many_pairs() {
    let pair = Pair::start();
    pair.source.execute(
        "create table words (w text collate \"C\", b int, v text, primary key (w, b)); \
         insert into words select md5(i::text) || case when i % 2 = 0 then 'Ä' else 'a' end, i % 3, \
                                  repeat('x', 400) from generate_series(1, 50000) i; analyze",
    );
    pair.target
        .execute("create table words (w text collate \"en-x-icu\", b bigint, v text, primary key (w, b))");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "compare_slice", "1");
    setup.replicate();
    let writer = Writer::start(&pair.source, CHANGES);
    compared(&setup, &[]).expect_success();
    damage(
        &pair,
        "delete from words where w = md5('77') || 'a'; \
         update words set v = 'other' where w = md5('4242') || 'Ä'; \
         insert into words values ('Zebra', 9, 'alien'), ('äpfel', 9, 'alien')",
    );
    // where it died it goes on: in the source's half, and in the target's
    let mut died = 0;
    for point in ["compare-keep-after:2", "compare-keep-before:4", "compare-keep-after:3"] {
        let mut command = setup.command(executable("londiste"));
        command.args(["target.ini", "compare"]).env("LONDISTE_FAIL_POINT", point);
        died += usize::from(tests::Invocation::new(command).run().code != 1);
    }
    assert!(died > 0 || !cfg!(debug_assertions), "the comparison has come to its end by one pair");
    let found = compared(&setup, &[]);
    found.expect_failure(1, &["4 rows of 1 tables differ"]);
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    let again = compared(&setup, &[]);
    again.expect_success();
    assert!(writer.stop() > 20);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// A target that lags for longer than a pair may last: the source's snapshot is given up again and again, and nothing
/// is told to differ.
#[test]
fn a_target_that_lags_is_waited_for_without_a_long_snapshot() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v int)");
    pair.source.execute("insert into t select i, i from generate_series(1, 5000) i");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "compare_slice", "2");
    setup.replicate();
    setup.stop_daemon("target");
    pair.source.execute("update t set v = -v where id % 3 = 0");
    let mut comparing = setup.foreground("londiste", &["target.ini", "compare"], "comparing");
    let oldest = "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::numeric(9, 3) \
                   from pg_stat_activity \
                  where backend_xmin is not null and pid <> pg_backend_pid()";
    let began = Instant::now();
    let mut most = 0.0_f64;
    while began.elapsed() < Duration::from_secs(12) {
        pair.source.execute("update t set v = v + 1 where id = 3");
        most = most.max(pair.source.admin().value(oldest).parse().unwrap());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(most > 0.5 && most < 5.0, "the source's oldest snapshot was {most} s old");
    let told = || std::fs::read_to_string(setup.directory().join("comparing.out")).unwrap_or_default();
    wait_until(SETTLE, "it is said what is waited for", || told().contains("is its worker running"));
    setup.start_daemon("target");
    assert_eq!(comparing.wait(SETTLE), 0, "{}", told());
    compare::assert_equal(&pair);
}
