//! Checks of each server by itself.

use std::time::Duration;

use tests::{Pair, Shutdown};

use super::case::{line, preflight, setup};
use super::{of_both, of_source};

const ITEM: &str = "create table item (id int primary key, name text)";

/// Made to fail and mended, one after the other, on one pair; two checks of sessions and connections go along.
#[test]
fn every_check_of_a_server_fails_with_a_remedy_and_is_in_order_when_that_is_done() {
    let pair = Pair::start_with(&[
        ("max_prepared_transactions", "5"),
        ("max_connections", "30"),
        ("max_locks_per_transaction", "10"),
        ("autovacuum_freeze_max_age", "100000"),
    ]);
    let setup = setup(&pair);
    pair.both(ITEM);
    let began = std::time::Instant::now();
    let mut idle = pair.source.connect();
    idle.batch_execute("begin; select 1").unwrap();
    for case in of_both::CASES.iter().chain(of_source::CASES) {
        case.check(&pair, &setup);
    }
    std::thread::sleep(Duration::from_secs(6).saturating_sub(began.elapsed()));
    let output = preflight(&setup, &["--check", "long-transactions"]);
    let told = line(
        &output,
        &["warning", "source", "of shop_owner", "idle in transaction", "select pg_terminate_backend("],
    );
    pair.source.rows(told.rsplit_once("  |  ").unwrap().1);
    let in_order = "1 check in order.";
    tests::wait_until(Duration::from_secs(10), "the idle session is gone", || {
        preflight(&setup, &["--check", "long-transactions"]).stdout.contains(in_order)
    });
    let _other = pair.source.admin().connect();
    let hidden = preflight(&setup, &["--check", "long-transactions"]);
    line(&hidden, &["info", "source", "1 sessions of other roles", "grant pg_read_all_stats to shop_owner"]);
    others_of_the_target(&pair, &setup);
    table_privileges(&pair, &setup);
    vacuum_at_work(&pair, &setup);
    a_locked_table_of_the_target(&pair, &setup);
    all_at_once(&pair, &setup);
}

fn others_of_the_target(pair: &Pair, setup: &tests::Setup) {
    let other = pair.target.connect();
    let output = preflight(setup, &["--check", "other-writers"]);
    line(&output, &["info", "target", "1 sessions of role cloud_owner", "pg_stat_activity"]);
    drop(other);
    tests::wait_until(Duration::from_secs(10), "the other session is gone", || {
        preflight(setup, &["--check", "other-writers"]).stdout.contains("1 check in order.")
    });
}

/// The remedy names what is missing only.
fn table_privileges(pair: &Pair, setup: &tests::Setup) {
    let admin = pair.source.admin();
    admin.execute("create table hidden.u (id int primary key); grant select on hidden.u to shop_owner");
    let output = preflight(setup, &["--check", "table-privileges"]);
    let told = line(
        &output,
        &[
            "blocker",
            "source",
            "table hidden.u",
            "lacks TRIGGER on it",
            "grant trigger on hidden.u to shop_owner",
        ],
    );
    // one table that cannot be read keeps no other from being checked
    admin.execute("revoke select on hidden.u from shop_owner; insert into part values (7, 1)");
    admin.execute("update pg_index set indisunique = false where indexrelid = 'once'::regclass");
    pair.source.execute("insert into part values (8, 1)");
    admin.execute("update pg_index set indisunique = true where indexrelid = 'once'::regclass");
    let reading = preflight(setup, &["--check", "unique-duplicates"]);
    line(
        &reading,
        &[
            "unchecked",
            "source",
            "index hidden.u_pkey on table hidden.u",
            "permission denied",
            "grant what is missing",
        ],
    );
    line(&reading, &["warning", "source", "index public.once on table public.part", "holds 1 values twice"]);
    assert_eq!(reading.code, 3, "{}", reading.report());
    admin.execute("grant select on hidden.u to shop_owner");
    admin.execute(told.rsplit_once("  |  ").unwrap().1);
    preflight(setup, &["--check", "table-privileges"]).expect_success();
}

/// A table that is due, and held as VACUUM holds it.
fn vacuum_at_work(pair: &Pair, setup: &tests::Setup) {
    pair.source.admin().execute(
        "update pg_class set relfrozenxid = (txid_current() - 92000)::text::xid where oid = 'public.item'::regclass",
    );
    let mut vacuum = pair.source.connect();
    vacuum.batch_execute("begin; lock item in share update exclusive mode").unwrap();
    let output = preflight(setup, &["--check", "wraparound"]);
    line(
        &output,
        &["warning", "source", "table public.item", "(92 % of the limit), and process", "wait for it"],
    );
    drop(vacuum);
    pair.source.execute("vacuum (freeze) item");
    assert!(preflight(setup, &["--check", "wraparound"]).stdout.contains("1 check in order."));
}

/// It is not checked, and the others are.
fn a_locked_table_of_the_target(pair: &Pair, setup: &tests::Setup) {
    pair.target.execute("create table filled (id int primary key); insert into filled values (1)");
    let mut locks = pair.target.connect();
    locks.batch_execute("begin; lock item").unwrap();
    let output = preflight(setup, &["--check", "rows-there"]);
    line(&output, &["unchecked", "target", "table public.item", "lock timeout", "the table is locked"]);
    line(&output, &["warning", "target", "table public.filled", "holds rows"]);
    assert_eq!(output.code, 3, "{}", output.report());
}

/// No check fails by itself for an ordinary role. Of tables that are locked the definitions cannot be compared.
fn all_at_once(pair: &Pair, setup: &tests::Setup) {
    let mut locks = pair.source.connect();
    locks.batch_execute("create table parted (a int) partition by range (a)").unwrap();
    locks.batch_execute("begin; lock item, parted").unwrap();
    let output = preflight(setup, &[]);
    drop(locks);
    for table in ["table public.item", "table public.parted"] {
        line(&output, &["unchecked", "source", "2 checks", "is locked: give the command again", table]);
    }
    assert!(output.stdout.contains(", 2 could not be checked, "), "{}", output.report());
    line(&output, &["info", "source", "table public.parted", "has no key", "(0 bytes, 0 updates"]);
    let json: serde_json::Value =
        serde_json::from_str(&preflight(setup, &["--json"]).stdout).expect("one object");
    assert_eq!(json["version"], 1);
    let findings = json["findings"].as_array().unwrap();
    let ok = findings.iter().filter(|found| found["verdict"] == "ok").count();
    assert!(ok > 30 && findings.iter().all(|found| found["check"].is_string()), "{json:#}");
    down(pair, setup);
}

/// A server that is down blocks; what would ask it is not checked; the rest is.
fn down(pair: &Pair, setup: &tests::Setup) {
    pair.source.cluster.stop(Shutdown::Fast);
    let output = preflight(setup, &[]);
    assert_eq!(output.code, 1, "{}", output.report());
    let told = line(&output, &["blocker", "source", "server", "cannot connect to", "psql \""]);
    assert!(!told.contains("live-Secret1"), "{told}");
    line(&output, &["unchecked", "checks", "the source cannot be reached: ", "row-security"]);
    let output = preflight(setup, &["--check", "keys"]);
    assert_eq!(output.code, 3, "{}", output.report());
    line(&output, &["unchecked", "source", "keys", "the source cannot be reached"]);
    assert!(output.stdout.contains("0 blockers, 1 could not be checked, 0 warnings"), "{}", output.report());
    assert_eq!(preflight(setup, &["--check", "ownership"]).code, 0);
    pair.source.cluster.start_again();
    preflight(setup, &["--check", "reachable,keys"]).expect_success();
}
