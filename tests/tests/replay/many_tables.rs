//! What the workers look at from time to time reads as much of each table, however many there are: also where the
//! catalogs' statistics are still those of an empty database.
use std::time::Duration;

use tests::{Database, Pair, Setup};

const FEW: u32 = 50;
const MANY: u32 = 400;

/// What a worker asks on either side while it goes on.
const LOOKS: [&str; 17] = [
    "londiste_rs.relax_tables()",
    "londiste_rs.replicated_relations()",
    "londiste_rs.compare_here('migq')",
    "londiste_rs.other_tables('migq')",
    "londiste_rs.tell_other_tables('migq')",
    "londiste_rs.notice_renames('migq')",
    "londiste_rs.notice_partitions('migq')",
    "londiste_rs.gone_partitions('migq')",
    "londiste_rs.stale_captures('migq')",
    "londiste_rs.fkey_work()",
    "londiste_rs.fkey_troubles()",
    "londiste_rs.table_troubles('migq')",
    "londiste_rs.problems('migq')",
    "londiste_rs.drift_list('migq')",
    "londiste_rs.partition_remarks('migq')",
    "londiste_rs.captured_relations('migq')",
    "londiste_rs.restore_relaxed_now()",
];

/// Rows of all catalogs and tables that this look reads, by a new session's plans.
fn read(database: &Database, look: &str) -> i64 {
    let mut client = database.connect();
    let mut transaction = client.transaction().expect("a transaction begins");
    transaction.batch_execute(&format!("select count(*) from (select {look}) x")).expect("the look is taken");
    let sql = "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint \
                 from pg_stat_xact_all_tables";
    let rows = transaction.query_one(sql, &[]).expect("the server counts").get(0);
    transaction.rollback().expect("nothing is kept");
    rows
}

fn all(setup: &Setup) -> Vec<(&'static str, &'static str, i64)> {
    let sides = [("source", &setup.source), ("target", &setup.target)];
    let looks = sides.into_iter().flat_map(|(name, side)| LOOKS.map(|look| (name, look, read(side, look))));
    looks.collect()
}

#[test]
fn looks_read_as_much_of_each_table_however_many_there_are() {
    let pair = Pair::start_with(&[("autovacuum", "off")]);
    for (prefix, tables) in [("few", FEW), ("many", MANY - FEW)] {
        pair.both(&format!(
            "do $$ begin
               for i in 1 .. {tables} loop execute format('create table {prefix}_%s (id int primary key)', i); end loop;
             end $$"
        ));
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let mut counted = ["few_*", "*"].map(|tables| {
        for ini in ["source.ini", "target.ini"] {
            setup.londiste(&[ini, "add-table", tables]).expect_success();
        }
        setup.wait_ok(Duration::from_secs(120));
        all(&setup)
    });
    let many = counted[1].split_off(0);
    for ((side, look, few), (_, _, many)) in counted[0].iter().zip(many) {
        println!("{side} {look}: {few} rows, {many} rows");
        // eight times as many tables: sixty-four times as many rows would be all for each of them
        assert!(many < few.max(&100) * 16, "{side} {look}: {few} rows for {FEW} tables, {many} for {MANY}");
    }
}
