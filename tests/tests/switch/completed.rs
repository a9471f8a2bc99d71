//! A migration ends after a switch: nothing is left, whatever interrupts it.

use serde_json::Value;
use tests::Output;

use crate::house_of_all_kinds::{House, SETTLE};

const COMPLETE: &[&str] = &["target.ini", "complete"];

fn switched() -> House {
    let house = House::replicated();
    house.switch();
    house.stop();
    house
}

#[cfg(debug_assertions)]
#[test]
fn it_goes_on_wherever_it_was_interrupted() {
    let house = switched();
    // the side that was the root first, then the new one
    for point in [
        "complete-table",
        "complete-table:3",
        "complete-relaxed",
        "complete-before-removal",
        "complete-removed",
        "complete-side",
        "complete-table",
        "complete-table:2",
        "complete-relaxed",
        "complete-before-removal",
    ] {
        house.dies(COMPLETE, point);
    }
    let output = house.setup.londiste(COMPLETE);
    house.is_as_before(&output);
    for ini in ["target.ini", "source.ini"] {
        // it has ended: given again it only looks
        let again = house.setup.londiste(&[ini, "complete"]);
        assert!(again.expect_success().stdout.contains("nothing is left"), "{}", again.report());
        let back = house.setup.londiste(&[ini, "switchover"]);
        back.expect_failure(1, &["after complete there is no way back"]);
    }
}

#[cfg(debug_assertions)]
#[test]
fn one_that_died_at_its_very_end_has_ended() {
    let house = switched();
    house.dies(COMPLETE, "complete-removed:2");
    let again = house.setup.londiste(COMPLETE);
    assert!(again.expect_success().stdout.contains("nothing is left"), "{}", again.report());
    house.takes_writes();
}

#[test]
fn a_dry_run_tells_and_changes_nothing_and_schemas_may_be_kept() {
    let house = switched();
    let dry = house.setup.londiste(&["target.ini", "complete", "--dry-run"]);
    let dry = dry.expect_success();
    assert!(
        dry.stdout.contains("tables would be freed") && dry.stdout.contains("nothing was done"),
        "{dry:?}"
    );
    assert_eq!(house.pair.target.number("select count(*) from pgq_node.node_info"), 1);
    let kept = house.setup.londiste(&["target.ini", "complete", "--keep-schemas", "--json"]);
    let answer: Value = serde_json::from_str(&kept.expect_success().stdout).expect("one object");
    assert_eq!(answer["nothing_left"], true, "{answer}");
    assert_eq!(answer["sides"][1]["node"], "subscriber", "{answer}");
    assert!(answer["sides"][1]["schemas_staying"].as_array().is_some_and(|stay| stay.len() >= 4), "{answer}");
    for side in [&house.pair.source, &house.pair.target] {
        let left = "select (select count(*) from pgq.queue) + (select count(*) from pgq_node.node_info)
                         + (select count(*) from londiste.table_info) + (select count(*) from londiste_rs.switch)
                         + (select count(*) from pg_class where relname ~ '^(gate_|event_[0-9])')
                         + (select count(*) from pg_trigger where tgname ~ '^_londiste')";
        assert_eq!(side.number(left), 0);
    }
    house.setup.londiste(COMPLETE).expect_failure(1, &["no node of this queue is here", "--abandon"]);
    for ini in ["source.ini", "target.ini"] {
        let words = [ini, "complete", "--abandon", "--only-this-side"];
        house.setup.londiste(&words).expect_success();
    }
    house.is_as_before(&both(&house));
}

/// Asks both sides once more from the target, which knows the source by its ini file.
fn both(house: &House) -> Output {
    house.setup.set("target.ini", "initial_provider_location", &house.setup.source.connstr());
    house.setup.londiste(COMPLETE)
}

#[test]
fn what_belongs_to_another_queue_or_to_an_extension_stays() {
    let house = switched();
    house.pair.source.admin().execute("alter extension plpgsql add schema pgq");
    house.pair.target.execute("select pgq.create_queue('mine')");
    let output = house.setup.londiste(COMPLETE);
    let output = output.expect_success();
    assert!(output.stdout.contains("schema pgq stays: in use: queue mine"), "{output:?}");
    let there = "select string_agg(nspname, ' ') from pg_namespace where nspname ~ '^(pgq|londiste)'";
    assert_eq!(house.pair.target.value(there), "pgq");
    assert!(output.stdout.contains("schema pgq stays: it belongs to the extension"), "{output:?}");
    assert_eq!(house.pair.source.value(there), "pgq");
    assert_eq!(house.pair.source.number("select count(*) from pgq.queue"), 0);
    house.pair.target.execute("select pgq.insert_event('mine', 'a', 'b'); select pgq.ticker()");
    house.takes_writes();
}

#[test]
fn a_long_transaction_of_the_application_is_waited_for_in_short_tries() {
    let house = switched();
    let mut reader = house.pair.target.connect();
    reader.batch_execute("begin; select count(*) from parent").expect("it reads");
    let mut command = house.setup.foreground("londiste", COMPLETE, "waiting");
    let said = || std::fs::read_to_string(house.setup.directory().join("waiting.out")).unwrap_or_default();
    tests::wait_until(SETTLE, "it has tried in vain", || said().contains("public.parent: no lock within"));
    assert!(said().contains("waits for a lock of process"), "{}", said());
    // who comes behind its tries waits for one of them at most
    house.pair.target.execute("set lock_timeout = '10s'; update parent set v = v + 1 where id = 1");
    reader.batch_execute("commit").expect("it ends");
    assert_eq!(command.wait(SETTLE), 0, "{}", said());
    assert_eq!(said().matches("nothing is left").count(), 2, "{}", said());
    assert_eq!(house.pair.target.number("select count(*) from heap"), 40_000);
}
