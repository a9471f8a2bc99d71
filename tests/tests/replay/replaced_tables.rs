//! Tables of the root that are renamed, moved, dropped, or replaced by others of their name: told on both sides, and
//! parked.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

const TABLES: [&str; 8] = ["good", "renamed", "again", "gone", "swap_a", "swap_b", "moved", "fresh"];

const CHANGES: &str = "
    alter table renamed rename to renamed_new; insert into renamed_new values (100, 1);
    drop table again; create table again (id int primary key, v int); insert into again values (1, 1);
    drop table gone;
    begin; alter table swap_a rename to swap_t; alter table swap_b rename to swap_a;
    alter table swap_t rename to swap_b; commit;
    create schema other; alter table moved set schema other;
    create table fresh_new (like fresh including all); insert into fresh_new select * from fresh;
    begin; alter table fresh rename to fresh_old; alter table fresh_new rename to fresh; commit;
    update fresh set v = 77 where id = 1; insert into swap_a values (200, 200); insert into swap_b values (300, 300)";

fn parked(setup: &Setup) -> String {
    setup.target.value(
        "select coalesce(string_agg(replace(table_name, 'public.', ''), \
                                    ',' order by table_name), '') \
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

fn said(setup: &Setup, ini: &str, command: &str) -> String {
    setup.londiste(&[ini, command]).expect_success().stdout.clone()
}

#[test]
fn tables_that_are_not_what_they_were_are_parked_and_told() {
    let pair = Pair::start();
    for table in TABLES {
        pair.both(&format!("create table {table} (id int primary key, v int)"));
        pair.source.execute(&format!("insert into {table} select i, i from generate_series(1, 50) i"));
    }
    let setup = Setup::new(&pair);
    setup.replicate();
    pair.source.psql(CHANGES);
    wait_parked(&setup, "again,fresh,gone,moved,renamed,swap_a,swap_b");
    for (ini, command) in [("target.ini", "tables"), ("target.ini", "status"), ("source.ini", "tables")] {
        let said = said(&setup, ini, command);
        for part in ["was renamed to public.renamed_new", "was renamed to other.moved", "was dropped"] {
            assert!(said.contains(part), "{ini} {command}: {part}\n{said}");
        }
        assert_eq!(said.contains("is another table now"), ini == "target.ini", "{said}");
    }
    let problems = setup.londiste(&["source.ini", "check-capture", "renamed"]);
    assert!(problems.report().contains("was renamed to public.renamed_new"), "{}", problems.report());
    // the others go on
    pair.source.execute("update good set v = 5; insert into fresh values (400, 400)");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select sum(v) from good"), "250");

    // another table of the name, and two that have changed places, are captured from then on
    setup.londiste(&["target.ini", "resync", "again", "fresh", "swap_a", "swap_b"]).expect_success();
    wait_parked(&setup, "gone,moved,renamed");
    pair.source.execute(
        "insert into again values (2, 2); update swap_a set v = -1 where id = 200; \
         update swap_b set v = -2 where id = 300",
    );
    // given its name back
    pair.source.execute("alter table renamed_new rename to renamed");
    wait_for(SETTLE, "the root has found it again", || {
        let left = "select count(*) from londiste_rs.table_error where table_name = 'public.renamed'";
        if pair.source.value(left) == "0" { Ok(()) } else { Err(setup.logs()) }
    });
    setup.londiste(&["target.ini", "resync", "renamed"]).expect_success();
    wait_parked(&setup, "gone,moved");
    // out, and in again under the new name
    setup
        .londiste(&["source.ini", "add-table", "other.moved"])
        .expect_failure(1, &["remove-table public.moved first"]);
    setup.londiste(&["source.ini", "remove-table", "public.moved", "public.gone"]).expect_success();
    wait_parked(&setup, "");
    pair.target.execute("create schema other; alter table moved set schema other; drop table gone");
    setup.londiste(&["source.ini", "add-table", "other.moved"]).expect_success();
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "add-table", "other.moved"]).expect_success();
    pair.source.execute("drop table fresh_old; insert into other.moved values (500, 500)");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert_eq!(pair.target.value("select count(*) from other.moved"), "51");
    let errors = "select count(*) from londiste_rs.table_error";
    assert_eq!((pair.source.value(errors), pair.target.value(errors)), ("0".to_owned(), "0".to_owned()));
}

/// Tables that the stock triggers capture make no event of what becomes of them, and nobody tells of the target's: the
/// leaf's worker looks.
#[test]
fn tables_of_stock_triggers_and_of_the_target_are_held_when_they_are_others() {
    let pair = Pair::start();
    let all = ["good", "renamed", "again", "gone", "bare", "there", "swapped"];
    for table in all {
        pair.both(&format!("create table {table} (id int primary key, v int)"));
        pair.source.execute(&format!("insert into {table} select i, i from generate_series(1, 50) i"));
    }
    let setup = Setup::new(&pair);
    setup.set("source.ini", "capture", "stock");
    setup.replicate();
    wait_for(SETTLE, "the worker knows the tables", || {
        let known = "select count(*) from londiste_rs.table_identity";
        let both = (pair.target.value(known), pair.source.value(known));
        if both == ("14".to_owned(), "7".to_owned()) {
            Ok(())
        } else {
            Err(format!("{both:?}\n{}", setup.logs()))
        }
    });
    // the target's table is exchanged while nobody writes: 49 rows are not those of the copy
    pair.target.psql(
        "drop table there; create table there (id int primary key, v int);
         alter table swapped rename to swapped_old; create table swapped (like swapped_old including all);
         insert into swapped values (1, 7)",
    );
    pair.source.psql(
        "alter table renamed rename to renamed_new; drop table again;
         create table again (id int primary key, v int); drop table gone;
         drop trigger _londiste_migq on bare",
    );
    wait_for(SETTLE, "the worker has looked", || {
        let noticed =
            pair.target.value("select count(*) from londiste_rs.table_identity where notice is not null");
        if noticed == "6" { Ok(()) } else { Err(format!("{noticed}\n{}", setup.logs())) }
    });
    pair.source.execute(
        "insert into bare values (100, 1); insert into again values (1, 1); \
         insert into there values (51, 51); update swapped set v = 8 where id = 1; \
         update good set v = 5",
    );
    wait_parked(&setup, "again,bare,gone,renamed,swapped,there");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select sum(v) from good"), "250");
    assert_eq!(
        pair.target.value("select count(*) || ' ' || (select count(*) from there) from swapped where v = 7"),
        "1 0"
    );
    for command in ["tables", "status"] {
        let said = said(&setup, "target.ini", command);
        for part in [
            "was renamed to public.renamed_new; give the root's table its name back",
            "table public.gone was dropped; remove-table public.gone on the root",
            "table public.again is another table now",
            "remove-table public.again and add-table public.again on the root",
            "table public.bare has no capture trigger",
            "here, table public.there is another table now; the one that was copied was dropped; resync public.there",
            "the one that was copied was renamed to public.swapped_old",
        ] {
            assert!(said.contains(part), "{command}: {part}\n{said}");
        }
    }
    // the root's worker looks by its own clock
    wait_for(SETTLE, "the root tells of its tables", || {
        let told = said(&setup, "source.ini", "tables");
        let parts = [
            "the table was renamed to public.renamed_new",
            "the table is another table now; the one that was replicated was dropped",
            "the table has no capture trigger",
            "the table was dropped",
        ];
        match parts.iter().find(|part| !told.contains(**part)) {
            None => Ok(()),
            Some(part) => Err(format!("{part}\n{told}\n{}", setup.logs())),
        }
    });

    // its name back does not bring back what was written meanwhile
    pair.source.execute("insert into renamed_new values (300, 300)");
    pair.source.execute("alter table renamed_new rename to renamed; insert into renamed values (301, 301)");
    setup.londiste(&["target.ini", "resume-table", "renamed", "there"]).expect_success();
    pair.source.execute("insert into there values (52, 52)");
    wait_parked(&setup, "again,bare,gone,renamed,swapped,there");
    // a copy of a table without capture would be equal once
    setup.londiste(&["target.ini", "resync", "bare"]).expect_success();
    wait_for(SETTLE, "held again", || {
        let said = said(&setup, "target.ini", "tables");
        if said.contains("table public.bare has no capture trigger") { Ok(()) } else { Err(said) }
    });
    setup.londiste(&["target.ini", "resync", "renamed", "there", "swapped"]).expect_success();
    wait_parked(&setup, "again,bare,gone");
    setup.londiste(&["source.ini", "remove-table", "again", "bare", "gone"]).expect_success();
    wait_parked(&setup, "");
    pair.target.execute("drop table gone, swapped_old");
    setup.londiste(&["source.ini", "add-table", "again", "bare"]).expect_success();
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "add-table", "again", "bare"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute(
        "insert into again values (2, 2); insert into bare values (2000, 2); \
         insert into swapped values (600, 6)",
    );
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    wait_for(SETTLE, "nothing is told any more", || {
        let errors =
            "select coalesce(string_agg(table_name || ' ' || error, ';'), '') from londiste_rs.table_error";
        let both = pair.source.value(errors) + &pair.target.value(errors);
        if both.is_empty() { Ok(()) } else { Err(both) }
    });
}

/// The event comes while a copy in chunks keeps what is changed aside.
#[test]
fn a_table_that_is_exchanged_while_it_is_copied_in_chunks_is_held_or_copied_anew() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both("create table big (id int primary key, pad text); create table small (id int primary key)");
    pair.source.execute("insert into big select i, repeat('x', 60) from generate_series(1, 20000) i");
    let setup = Setup::in_chunks(&pair, 10, "200kB");
    setup.add_all();
    wait_for(SETTLE, "chunks are committed", || {
        if pair.target.number("select count(*) from londiste_rs.copy_chunk") > 0 {
            Ok(())
        } else {
            Err(setup.logs())
        }
    });
    pair.source.psql(
        "update big set pad = 'changed' where id < 10;
         begin; alter table big rename to big_old; create table big (id int primary key, pad text);
         insert into big values (1, 'other'); commit",
    );
    // the root's word comes before the copy has begun anew, or behind it: from a table that is captured by then
    let copied = "select count(*) from big b join londiste.table_info t on t.table_name = 'public.big' \
                   where t.merge_state = 'ok' and b.pad = 'other'";
    wait_for(SETTLE, "the table is parked, or copied as it is now", || {
        if parked(&setup) == "big" || pair.target.number(copied) == 1 { Ok(()) } else { Err(setup.logs()) }
    });
    if parked(&setup) == "big" {
        assert!(said(&setup, "target.ini", "tables").contains("is another table now"));
    }
    setup.copy_unlimited();
    pair.source.execute("insert into big values (2, 'captured'); insert into small values (1)");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select count(*) from small"), "1");
    setup.londiste(&["target.ini", "resync", "big"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("drop table big_old; update big set pad = 'again' where id = 2");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// Nobody tells the worker: it sees the other table before it commits a batch, and a copy keeps the table it began
/// with.
#[test]
fn a_target_table_that_is_exchanged_gets_nothing_of_a_batch_or_of_a_copy() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both(
        "create table big (id int primary key, pad text); create table small (id int primary key); \
         create table good (id int primary key)",
    );
    pair.source.execute("insert into big select i, repeat('x', 60) from generate_series(1, 20000) i");
    let setup = Setup::in_chunks(&pair, 10, "200kB");
    setup.add_all();
    wait_for(SETTLE, "chunks are committed, and the small tables are copied", || {
        let begun = "select (select count(*) from londiste_rs.copy_chunk) > 0 and count(*) = 2 \
                       from londiste.table_info t join londiste_rs.table_identity i using (queue_name, table_name) \
                      where t.merge_state = 'ok' and i.side = 'here'";
        if pair.target.value(begun) == "t" { Ok(()) } else { Err(setup.logs()) }
    });
    pair.target.psql(
        "alter table small rename to small_old; create table small (like small_old including all);
         alter table big rename to big_old; create table big (like big_old including all)",
    );
    pair.source.execute(
        "insert into small select generate_series(1, 10); insert into good select generate_series(1, 10)",
    );
    wait_parked(&setup, "big,small");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select count(*) || ' ' || (select count(*) from good) from small"), "0 10");
    let told = said(&setup, "target.ini", "tables");
    for table in ["small", "big"] {
        let part = format!(
            "here, table public.{table} is another table now; \
             the one that was copied was renamed to public.{table}_old; resync public.{table}"
        );
        assert!(told.contains(&part), "{part}\n{told}");
    }
    pair.target.execute("drop table small_old, big_old");
    setup.copy_unlimited();
    setup.londiste(&["target.ini", "resync", "small", "big"]).expect_success();
    // the worker may have seen the other table just before
    let late = "select londiste_rs.park_table('migq', 'public.big', 'too late', 'LR006', null, null)";
    assert_eq!(pair.target.value(late), "f");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// The worker has looked just before; the copy's statement waits for the lock of the one that exchanges the table.
#[cfg(debug_assertions)]
#[test]
fn a_copy_that_catches_up_writes_nothing_into_another_table() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v int)");
    pair.source.execute("insert into t select i, i from generate_series(1, 50) i");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    wait_for(SETTLE, "the table is known", || {
        match pair.target.number("select count(*) from londiste.table_info") {
            1 => Ok(()),
            _ => Err(setup.logs()),
        }
    });
    setup.stop_daemon("target");
    setup.londiste(&["target.ini", "add-table", "t"]).expect_success();
    let environment = [("LONDISTE_FAIL_POINT", "whole-after-commit")];
    let mut process = setup.foreground_in("londiste", &["target.ini", "worker"], "killed", &environment);
    assert_eq!(process.wait(SETTLE), -1, "{}", setup.logs());
    pair.source.execute("insert into t values (100, 100); update t set v = -1 where id = 1");
    let mut session = pair.target.connect();
    let mut exchange = session.transaction().unwrap();
    exchange
        .batch_execute(
            "alter table t rename to t_old; create table t (id int primary key, v int); \
             insert into t values (1, 1)",
        )
        .unwrap();
    setup.start_daemon("target");
    wait_for(SETTLE, "the copy waits for the lock", || {
        let waits = "select count(*) from pg_stat_activity \
                      where wait_event_type = 'Lock' and application_name ~ 'copy'";
        if pair.target.number(waits) > 0 { Ok(()) } else { Err(setup.logs()) }
    });
    exchange.commit().unwrap();
    wait_parked(&setup, "t");
    assert_eq!(pair.target.value("select string_agg(t::text, ' ') from t"), "(1,1)");
    let told = said(&setup, "target.ini", "tables");
    assert!(told.contains("here, table public.t is another table now"), "{told}");
    setup.londiste(&["target.ini", "resync", "t"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.target.execute("drop table t_old");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// Between two looks of the root's worker: no event tells of it.
#[test]
fn chunks_are_not_read_from_another_table_that_has_the_name_for_a_while() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both("create table big (id int primary key, pad text)");
    pair.source.execute("insert into big select i, repeat('x', 60) from generate_series(1, 20000) i");
    let setup = Setup::in_chunks(&pair, 10, "200kB");
    setup.add_all();
    let chunks = || pair.target.number("select count(*) from londiste_rs.copy_chunk");
    let more = |than: i64| {
        wait_for(SETTLE, "chunks are committed, or the copy starts over", || {
            let over = setup.target_worker().log().contains("the copy starts over");
            if over || chunks() > than { Ok(()) } else { Err(setup.logs()) }
        });
    };
    more(0);
    setup.stop_daemon("source");
    pair.source.execute(
        "begin; alter table big rename to big_old; create table big (id int primary key, pad text);
         insert into big select i, 'other' from generate_series(100001, 120000) i; commit",
    );
    more(chunks() + 1);
    pair.source.execute("begin; drop table big; alter table big_old rename to big; commit");
    setup.start_daemon("source");
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let log = setup.target_worker().log();
    assert!(log.contains("the copy starts over"), "{log}");
}
