//! A migration is abandoned in each of its phases: both sides' catalogs are as they were, and the target's rows stay.

use tests::{Setup, guide};

use crate::house_of_all_kinds::{House, SETTLE};

const ABANDON: &[&str] = &["target.ini", "complete", "--abandon"];

#[test]
fn before_there_is_a_leaf() {
    let house = House::new();
    for step in guide::install(&house.setup) {
        step.run(&house.setup).expect_success();
    }
    let source = house.setup.source.connstr();
    house.setup.londiste(&["source.ini", "create-root", "primary", &source]).expect_success();
    house.setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    for step in guide::drop_foreign_keys(&house.setup) {
        step.run(&house.setup).expect_success();
    }
    house.setup.set("target.ini", "initial_provider_location", &source);
    house.is_as_before(&house.setup.londiste(ABANDON));
    house.takes_writes();
}

#[test]
fn before_the_copy() {
    let house = House::new();
    let setup = &house.setup;
    setup.start_nodes();
    for step in guide::drop_foreign_keys(setup) {
        step.run(setup).expect_success();
    }
    house.add_all_uncopied();
    // with the guard against local writes as well
    setup.londiste(&["target.ini", "remove-table", "public.heap"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "public.heap"]).expect_success();
    house.stop();
    house.is_as_before(&setup.londiste(ABANDON));
    assert_eq!(house.pair.target.number("select count(*) from parent"), 0);
    house.takes_writes();
}

#[cfg(debug_assertions)]
#[test]
fn half_way_through_a_copy() {
    for point in ["chunk-after-commit:2", "index-before-commit"] {
        let house = House::of(|pair| Setup::in_chunks(pair, 40, "0"));
        let setup = &house.setup;
        if point.starts_with("chunk") && !house.pair.has_chunks() {
            continue;
        }
        house.copies_until(point);
        let indexes = "select count(*) from londiste_rs.copy_index";
        assert!(house.pair.target.number(indexes) > 0, "{point}: no index is away");
        let rows = house.pair.target.number("select count(*) from heap");
        assert!(rows > 0, "{point}");
        house.stop();
        house.is_as_before(&setup.londiste(ABANDON));
        assert_eq!(house.pair.target.number("select count(*) from heap"), rows, "the rows stay");
        house.takes_writes();
    }
}

#[test]
fn when_all_tables_are_in_sync_and_the_ticker_goes_on() {
    let house = House::replicated();
    house.setup.stop_daemon("target");
    house.setup.stop_daemon("source");
    let output = house.setup.londiste(&["source.ini", "complete", "--abandon"]);
    house.is_as_before(&output);
    assert_eq!(house.pair.target.number("select count(*) from heap"), 40_000);
    house.takes_writes();
}

#[test]
fn while_the_foreign_keys_are_away() {
    let house = House::new();
    let setup = &house.setup;
    setup.start_nodes();
    for step in guide::drop_foreign_keys(setup) {
        step.run(setup).expect_success();
    }
    setup.add_all();
    setup.wait_ok(SETTLE);
    house.stop();
    assert_eq!(house.pair.target.number("select count(*) from pg_constraint where conname = 'own_name'"), 0);
    #[cfg(debug_assertions)]
    for point in ["complete-collected", "complete-collected:2", "complete-validated", "complete-relaxed"] {
        house.dies(ABANDON, point);
    }
    house.is_as_before(&setup.londiste(ABANDON));
}

#[test]
fn with_the_stock_triggers() {
    let house = House::of(|pair| {
        let setup = Setup::new(pair);
        setup.set("source.ini", "capture", "stock");
        setup.start_nodes();
        setup
    });
    for ini in ["source.ini", "target.ini"] {
        let tables = ["parent", "child", "heap", "log", "parts_1"];
        let words: Vec<&str> = [ini, "add-table"].into_iter().chain(tables).collect();
        house.setup.londiste(&words).expect_success();
    }
    house.setup.wait_ok(SETTLE);
    house.stop();
    house.is_as_before(&house.setup.londiste(ABANDON));
    house.takes_writes();
}

#[cfg(debug_assertions)]
#[test]
fn after_a_switch_was_prepared_or_taken_back() {
    let house = House::replicated();
    house.setup.wait_caught_up(SETTLE);
    house.dies(&["target.ini", "switchover", "--force", "comparison,triggers"], "switch-captured");
    house.dies(
        &["target.ini", "switchover", "--force", "comparison,triggers", "--deadline", "120"],
        "switch-drained",
    );
    house.stop();
    // it is under way
    house
        .setup
        .londiste(ABANDON)
        .expect_failure(1, &["under way", "switchover --abort", "Nothing has changed"]);
    house.setup.londiste(&["target.ini", "complete"]).expect_failure(1, &["under way"]);
    house.setup.londiste(&["target.ini", "switchover", "--abort"]).expect_success();
    house.setup.londiste(&["target.ini", "complete"]).expect_failure(1, &["has not been made", "--abandon"]);
    house.is_as_before(&house.setup.londiste(ABANDON));
    house.takes_writes();
}

#[test]
fn after_a_switch() {
    let house = House::replicated();
    house.switch();
    house.stop();
    // whichever file is given, the root stays the root
    let output = house.setup.londiste(&["source.ini", "complete", "--abandon"]);
    house.is_as_before(&output);
    assert!(output.stdout.contains("the application stays at"), "{}", output.report());
    house.takes_writes();
}
