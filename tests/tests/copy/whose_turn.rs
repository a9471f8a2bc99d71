//! Copies that have only to catch up get their turn before a large table is done.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(120);

#[test]
fn a_large_table_lets_those_pass_that_are_further() {
    let pair = Pair::start();
    if pair.source.cluster.major() < 14 {
        eprintln!("the source copies under one snapshot, which nobody interrupts: nothing to test");
        return;
    }
    pair.both(
        "create table checked (id int primary key, v int); create table large (id int primary key, pad text)",
    );
    pair.source.execute(
        "insert into checked select i, i from generate_series(1, 50) i;
         insert into large select i, repeat('x', 100) from generate_series(1, 60000) i",
    );
    let setup = Setup::new(&pair);
    let slow = |rate: &str| {
        setup.set("target.ini", "copy_rate_limit", rate);
        setup.londiste(&["-r", "target.ini"]).expect_success();
    };
    let add = |table: &str| {
        setup.londiste(&["source.ini", "add-table", table]).expect_success();
        setup.londiste(&["target.ini", "add-table", table, "--no-triggers"]).expect_success();
    };
    let state = |table: &str| {
        let states = setup.table_states();
        states.into_iter().find(|(name, _)| name == table).map(|(_, state)| state).unwrap_or_default()
    };
    setup.set("target.ini", "parallel_copies", "1");
    setup.set("target.ini", "copy_chunk_pages", "20");
    setup.start_nodes();
    add("checked");
    setup.wait_ok(SETTLE);
    pair.target.execute("alter table checked add constraint small check (v < 100)");
    pair.source.execute("insert into checked values (100, 100)");
    let parked = "select count(*) from londiste_rs.parked_tables('migq')";
    wait_until(SETTLE, "the table is parked", || setup.target.number(parked) == 1);

    slow("150kB");
    add("large");
    let chunks = "select count(*) from londiste_rs.copy_chunk";
    wait_until(SETTLE, "the large table is being copied", || setup.target.number(chunks) > 0);
    pair.target.execute("alter table checked drop constraint small");
    setup.londiste(&["target.ini", "resume-table", "checked"]).expect_success();
    wait_until(SETTLE, "the other one has gone on", || state("public.checked") == "ok");
    assert_eq!(state("public.large"), "in-copy", "it was not in the way");
    let behind = setup.target.number(chunks);
    slow("0");
    setup.wait_ok(SETTLE);
    assert!(behind > 0);
    compare::assert_equal(&pair);
    assert!(!setup.logs().contains("does not answer"), "no hand-over was broken off:\n{}", setup.logs());
}
