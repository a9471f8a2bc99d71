//! What the workers look at from time to time reads as much of each table, however many there are: also where the
//! catalogs' statistics are still those of an empty database.
use tests::{Database, Pair, Setup};

const TABLES: i64 = 400;
/// Of one table's columns, indexes, triggers and so on, and of what is kept of it.
const OF_A_TABLE: i64 = 400;
/// Of small catalogs that are read once.
const OF_ALL: i64 = 3000;

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

/// As after `add-table`, when no capture has been looked at.
const FORGET: &str = "update londiste_rs.capture set stamp = null, look_again = null";

/// Rows of all catalogs and tables that this look reads, by a new session's plans.
fn read(database: &Database, look: &str) -> i64 {
    let mut client = database.connect();
    let mut transaction = client.transaction().expect("a transaction begins");
    transaction.batch_execute(FORGET).expect("the captures' looks are forgotten");
    let sql = "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint \
                 from pg_stat_xact_all_tables";
    let mut count = |look: &str| {
        transaction
            .batch_execute(&format!("select count(*) from (select {look}) x"))
            .expect("the look is taken");
        transaction.query_one(sql, &[]).expect("the server counts").get::<_, i64>(0)
    };
    // counting reads catalogs as well
    let [first, second, rows] = ["1", "1", look].map(&mut count);
    let rows = rows - second - (second - first);
    transaction.rollback().expect("nothing is kept");
    rows
}

#[test]
fn looks_do_not_read_all_for_each_of_many_tables() {
    let pair = Pair::start_with(&[("autovacuum", "off")]);
    pair.both(&format!(
        "do $$ begin
           for i in 1 .. {TABLES} loop execute format('create table t%s (id int primary key, v text)', i); end loop;
         end $$"
    ));
    let setup = Setup::new(&pair);
    setup.replicate();
    for (side, database) in [("source", &setup.source), ("target", &setup.target)] {
        for look in LOOKS {
            let rows = read(database, look);
            println!("{side} {look}: {rows} rows");
            // all relations for each of them would be 640 000 rows and more
            let most = TABLES * OF_A_TABLE + OF_ALL;
            assert!(rows < most, "{side} {look}: {rows} rows for {TABLES} tables, {most} at most");
        }
    }
}
