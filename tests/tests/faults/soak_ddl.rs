//! The application writes while tables enter and leave replication, and while its own migrations change columns, keys
//! and partitions: it sees no error, and what can be applied on the target is. Time: `docs/testing.md`.
use std::time::{Duration, Instant};

use tests::load::{evolution, pgbench};
use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(120);

/// Migrations one after the other, and between them a table that leaves and comes back. Answers how many migrations
/// were made.
fn migrate(pair: &Pair, setup: &Setup, until: Instant) -> usize {
    let mut made = 0;
    while Instant::now() < until || made % evolution::ROUND != 0 || made == 0 {
        evolution::migrate(pair, setup, made, SETTLE);
        made += 1;
        if made % 8 == 4 {
            setup.londiste(&["target.ini", "remove-table", "soak.leaving"]).expect_success();
            setup.londiste(&["source.ini", "remove-table", "soak.leaving"]).expect_success();
        }
        if made.is_multiple_of(8) {
            setup.londiste(&["source.ini", "add-table", "soak.leaving"]).expect_success();
            setup.londiste(&["target.ini", "add-table", "soak.leaving"]).expect_success();
        }
    }
    made
}

#[test]
fn the_application_sees_no_error_while_tables_and_columns_come_and_go() {
    let seconds =
        std::env::var("SOAK_SECONDS").map_or(0, |text| text.parse().expect("SOAK_SECONDS is a number"));
    let pair = Pair::start();
    evolution::create(&pair);
    pgbench::create(&pair, 1);
    let setup = Setup::new(&pair);
    setup.replicate();
    let bench = pgbench::Pgbench::start(&setup, 2, 40);
    let writers = evolution::Writers::start(&pair.source);
    let made = migrate(&pair, &setup, Instant::now() + Duration::from_secs(seconds));
    println!("{made} migrations");
    writers.stop().expect_clean();
    bench.stop().expect_clean();
    // values under a name that the target did not have yet, and rows that were attached, which make no events
    setup.londiste(&["target.ini", "resync", "soak.renamed", "soak.parts"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
