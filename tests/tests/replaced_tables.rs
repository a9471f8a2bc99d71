//! Tables of the root that are renamed, moved, dropped, or replaced by others of their name: told on both sides, and parked.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

const TABLES: [&str; 8] = ["good", "renamed", "again", "gone", "swap_a", "swap_b", "moved", "fresh"];

const CHANGES: &str = "
    alter table renamed rename to renamed_new; insert into renamed_new values (100, 1);
    drop table again; create table again (id int primary key, v int); insert into again values (1, 1);
    drop table gone;
    begin; alter table swap_a rename to swap_t; alter table swap_b rename to swap_a; alter table swap_t rename to swap_b; commit;
    create schema other; alter table moved set schema other;
    create table fresh_new (like fresh including all); insert into fresh_new select * from fresh;
    begin; alter table fresh rename to fresh_old; alter table fresh_new rename to fresh; commit;
    update fresh set v = 77 where id = 1; insert into swap_a values (200, 200); insert into swap_b values (300, 300)";

fn parked(setup: &Setup) -> String {
    setup.target.value("select coalesce(string_agg(replace(table_name, 'public.', ''), ',' order by table_name), '') from londiste_rs.parked_tables('migq')")
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
        "insert into again values (2, 2); update swap_a set v = -1 where id = 200; update swap_b set v = -2 where id = 300",
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
