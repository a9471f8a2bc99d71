//! One transaction of a million rows (`BIG_ROWS` for another number): replayed whole, in bounded memory.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const MEGABYTE: u64 = 1024 * 1024;

#[test]
fn a_million_rows_in_one_transaction_stay_under_128_megabytes() {
    let rows: u64 = std::env::var("BIG_ROWS").map_or(1_000_000, |rows| rows.parse().expect("a number"));
    let pair = Pair::start();
    pair.both("create table big (id int primary key, name text, amount numeric, at timestamptz, note text)");
    pair.source.execute("insert into big select i, 'old', i, now(), 'n' from generate_series(-1000, 0) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    let inserted = rows - 2000;
    pair.source.execute(&format!(
        "begin;
         insert into big select i, 'name ' || i, i / 3.0, now(), repeat('n', i % 100)
                           from generate_series(1, {inserted}) i;
         update big set name = 'changed' where id <= 0;
         delete from big where id > {inserted} - 999;
         commit"
    ));
    let files = "select temp_bytes from pg_stat_database where datname = current_database()";
    let captured = pair.source.number(files).unsigned_abs() / MEGABYTE;
    setup.wait_caught_up(Duration::from_secs(240 + rows / 4000));
    let spilled = [&pair.source, &pair.target].map(|side| side.number(files).unsigned_abs() / MEGABYTE);
    assert_eq!(compare::assert_equal(&pair).rows, inserted + 2);
    let read = spilled[0] - captured;
    println!(
        "temporary files: {captured} MB for capture, {read} MB for reading, {} MB on the target",
        spilled[1]
    );
    // rows are written as they come
    assert!(spilled[1] < 16, "{} MB of temporary files on the target", spilled[1]);
    let told = std::fs::read_to_string(setup.target_worker().logfile).expect("the worker's log");
    for (name, daemon) in
        [("target", setup.target_worker()), ("source", setup.source_worker()), ("pgqd", setup.ticker())]
    {
        let peak = daemon.peak_memory();
        println!("{name}: peak {} MB", peak / MEGABYTE);
        assert!(peak < 128 * MEGABYTE, "{name}: peak {} MB", peak / MEGABYTE);
    }
    println!("{} lines of progress", told.matches("batch in progress").count());
}
