//! Databases in other encodings than UTF-8, on either side: what can be kept there arrives, what cannot parks its table
//! alone.
use std::time::Duration;

use tests::{Pair, Setup, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

const SCHEMA: &str =
    "create table good (id int primary key, v text); create table words (id int primary key, v text, w text);
                      create table checked (id int primary key, v int)";

fn ready(pair: &Pair, rows: &str) -> Setup {
    pair.both(SCHEMA);
    pair.source.execute("insert into good select i, 'v' || i from generate_series(1, 20) i");
    pair.source.execute(rows);
    let setup = Setup::new(pair);
    setup.start_nodes();
    setup.add_all();
    setup
}

fn parked(setup: &Setup) -> String {
    setup.target.value(
        "select coalesce(string_agg(replace(table_name, 'public.', ''), ',' order by table_name), '') \
           from londiste_rs.parked_tables('migq')",
    )
}

#[track_caller]
fn wait_parked(setup: &Setup, tables: &str) {
    wait_for(SETTLE, "tables are parked", || match parked(setup) {
        now if now == tables => Ok(()),
        now => Err(format!("{now}\n{}", setup.logs())),
    });
}

/// The bytes of a table's words.
fn words(database: &tests::Database) -> String {
    database.value(
        "select string_agg(id || ':' || encode(convert_to(v, getdatabaseencoding()), 'hex'), \
                           ' ' order by id) from words",
    )
}

#[track_caller]
fn assert_bytes_equal(pair: &Pair) {
    assert_eq!(words(&pair.source), words(&pair.target));
}

/// A change that the target cannot keep parks its table, with event, column and remedy; it goes on after the value is
/// mended.
#[track_caller]
fn refused_and_mended(pair: &Pair, setup: &Setup, bad: &str, bytes: &str) {
    pair.source.execute(&format!(
        "insert into words values (7, 'fine', 'fine'), (8, 'fine', {bad}); insert into good values (100, 'on')"
    ));
    wait_parked(setup, "words");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select count(*) from good where id = 100"), "1");
    let error =
        setup.target.value("select error || ' event ' || ev_id from londiste_rs.parked_tables('migq')");
    for part in ["column w", bytes, "show server_encoding", " event "] {
        assert!(error.contains(part), "{part}: {error}");
    }
    pair.source.execute("update words set w = 'mended' where id = 8");
    setup.londiste(&["target.ini", "resync", "words"]).expect_success();
    wait_parked(setup, "");
    setup.wait_ok(SETTLE);
    assert_eq!(pair.target.value("select w from words where id = 8"), "mended");
}

#[test]
fn what_the_targets_encoding_lacks_parks_one_table() {
    let pair = Pair::start();
    for (suffix, encoding) in [("_latin1", "LATIN1"), ("_euc", "EUC_JP")] {
        let pair = pair.another_in(suffix, ["UTF8", encoding]);
        let setup = ready(&pair, "insert into words values (1, 'cafe', null)");
        setup.wait_ok(SETTLE);
        refused_and_mended(&pair, &setup, "e'\\u20ac\\U0001F600'", "0xe2 0x82 0xac");

        // the message of a refused value holds an ellipsis, the message of a missing row its key
        pair.target.execute("alter table checked add constraint small check (v < 100)");
        pair.source.execute("insert into checked values (1, 1000)");
        wait_parked(&setup, "checked");

        // a copy that meets such a value parks its table, too
        pair.source.execute("insert into words values (9, e'\\U0001F600', null)");
        setup.londiste(&["target.ini", "resync", "words"]).expect_success();
        wait_for(SETTLE, "the copy says why it does not go on", || {
            let said = setup.londiste(&["target.ini", "tables"]).stdout.clone();
            if said.contains("0xf0 0x9f 0x98 0x80") {
                Ok(())
            } else {
                Err(format!("{said}\n{}", setup.logs()))
            }
        });

        // a table whose name has no place there is left out, and the queue goes on
        pair.source.execute("create table \"\u{17e}\u{2026}\" (id int primary key)");
        setup.londiste(&["source.ini", "add-table", "public.\u{17e}\u{2026}"]).expect_success();
        pair.source.execute("insert into good values (101, 'on')");
        setup.wait_caught_up(SETTLE);
        assert_eq!(pair.target.value("select count(*) from good where id = 101"), "1");

        // nor does it stop those who compare both sides' tables, nor one that a table was renamed to
        pair.source.execute("alter table good rename to \"g\u{17e}\"");
        wait_for(SETTLE, "the renamed table is told", || {
            let said = setup.londiste(&["target.ini", "tables"]).stdout.clone();
            if said.contains("was renamed to") { Ok(()) } else { Err(format!("{said}\n{}", setup.logs())) }
        });
        pair.source.execute("insert into checked values (2, 1)");
        setup.wait_caught_up(SETTLE);
        for daemon in ["pgqd", "source", "target"] {
            setup.stop_daemon(daemon);
        }
    }
}

#[test]
fn a_database_without_encoding_is_carried_as_it_is() {
    let pair = Pair::start();
    let bytes = |hex: &str| format!("convert_from('\\x{hex}', 'SQL_ASCII')");
    let (copied, latin) = (bytes("636166e920c3"), bytes("e9f48fbfa9ff"));

    let same = pair.another_in("_ascii", ["SQL_ASCII"; 2]);
    let setup = ready(&same, &format!("insert into words values (1, {copied}, null), (2, 'žluť', null)"));
    setup.wait_ok(SETTLE);
    assert_bytes_equal(&same);
    same.source.execute(&format!(
        "insert into words values (3, {latin}, {copied}); update words set v = {latin} where id = 1;
         update words set w = {latin} where id = 2;
         insert into good values (100, {copied}); delete from good where id = 100"
    ));
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "");
    assert_bytes_equal(&same);
    for daemon in ["pgqd", "source", "target"] {
        setup.stop_daemon(daemon);
    }

    let other = pair.another_in("_utf8", ["SQL_ASCII", "UTF8"]);
    let setup = ready(&other, "insert into words values (1, 'žluť', null)");
    setup.wait_ok(SETTLE);
    assert_eq!(other.target.value("select v from words"), "žluť");
    refused_and_mended(&other, &setup, &copied, "0xe9");
}
