//! One transaction of a million rows: replayed whole, in bounded memory.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const MEGABYTE: u64 = 1024 * 1024;

#[test]
fn a_million_rows_in_one_transaction_stay_under_128_megabytes() {
    let pair = Pair::start();
    pair.both("create table big (id int primary key, name text, amount numeric, at timestamptz, note text)");
    pair.source.execute("insert into big select i, 'old', i, now(), 'n' from generate_series(-1000, 0) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    pair.source.execute(
        "begin;
         insert into big select i, 'name ' || i, i / 3.0, now(), repeat('n', i % 100) from generate_series(1, 998000) i;
         update big set name = 'changed' where id <= 0;
         delete from big where id > 997001;
         commit",
    );
    setup.wait_caught_up(Duration::from_secs(240));
    assert_eq!(compare::assert_equal(&pair).rows, 998_002);
    for (name, daemon) in
        [("target", setup.target_worker()), ("source", setup.source_worker()), ("pgqd", setup.ticker())]
    {
        let peak = daemon.peak_memory();
        assert!(peak < 128 * MEGABYTE, "{name}: peak {} MB", peak / MEGABYTE);
    }
}
