//! A table that fails by itself does not hold up the others: it is parked, and goes on from where it stands once it is
//! mended.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
    create table good (id int primary key, v int);
    create table checked (id int primary key, v int);
    create table wider (id int primary key, v text);
    create table number (id int primary key, v bigint);
    create table parent (id int primary key, v int);
    create table child (id int primary key, parent int not null references parent on delete cascade)";

fn ready(pair: &Pair) -> Setup {
    pair.both(SCHEMA);
    pair.source.execute(
        "insert into good select i, i from generate_series(1, 50) i;
         insert into checked select i, i from generate_series(1, 50) i;
         insert into parent select i, i from generate_series(1, 50) i;
         insert into child select i, i from generate_series(1, 50) i",
    );
    let setup = Setup::new(pair);
    setup.replicate();
    setup
}

fn states(setup: &Setup, state: &str) -> Vec<String> {
    let states = setup.table_states().into_iter().filter(|(_, is)| is == state);
    states.map(|(table, _)| table.replace("public.", "")).collect()
}

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

#[test]
fn tables_that_fail_are_parked_and_resumed_without_loss() {
    let pair = Pair::start();
    let setup = ready(&pair);
    pair.target.execute(
        "alter table checked add constraint small check (v < 100);
         alter table wider add column more int not null;
         alter table number alter column v type smallint;
         alter table parent add constraint small check (v < 100)",
    );
    // all in one batch, and the child's foreign key with it
    pair.source.execute(
        "insert into good values (100, 1); insert into checked values (100, 1);
         insert into parent values (99, 1); insert into child values (99, 99);
         update checked set v = 1000 where id = 7; insert into wider values (1, 'x');
         insert into number values (1, 70000);
         insert into parent values (100, 1000); insert into child values (100, 100); delete from parent where id = 3",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "checked,number,parent,wider");
    assert_eq!(states(&setup, "ok"), ["child", "good"]);
    assert_eq!(pair.target.value("select count(*) from child where id in (99, 100)"), "2");
    let said = setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    for part in [
        "parked at event",
        "resume-table",
        "violates check constraint",
        "null value in column",
        "SQLSTATE 22003",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
    assert!(said.contains("Tables: 2/4/0") && said.contains("the provider keeps all events since"), "{said}");
    setup.londiste(&["target.ini", "wait-sync"]).expect_failure(1, &["public.wider is parked"]);
    setup
        .londiste(&["target.ini", "wait-root"])
        .expect_failure(1, &["public.wider is parked and lacks changes"]);
    let subscribed = "select count(*) from pgq.get_consumer_info('migq') where consumer_name like '%.copy.%'";
    assert_eq!(pair.source.value(subscribed), "4");

    // the others go on, a truncation over the foreign key among them, and a parked table that is not mended is parked
    // again
    pair.source.execute(
        "update good set v = 2; truncate parent cascade; \
         insert into parent values (1, 1), (2, 2); insert into child values (1, 1)",
    );
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "resume-table", "checked"]).expect_success();
    wait_parked(&setup, "checked,number,parent,wider");
    pair.target.execute(
        "alter table checked drop constraint small; alter table parent drop constraint small;
         alter table wider alter column more drop not null;
         alter table number alter column v type bigint",
    );
    setup.londiste(&["target.ini", "resume-table", "public.*"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    pair.target.execute("alter table wider drop column more");
    compare::assert_equal(&pair);
    // a copy leaves the provider after its table is ok
    wait_for(SETTLE, "no copy is subscribed", || match pair.source.value(subscribed).as_str() {
        "0" => Ok(()),
        left => Err(format!("{left}\n{}", setup.logs())),
    });
    assert_eq!(pair.target.value("select count(*) from londiste_rs.table_error"), "0");
    wait_for(SETTLE, "the foreign key is back", || {
        let valid =
            "select coalesce(bool_and(convalidated)::text, 'none') from pg_constraint where contype = 'f'";
        if pair.target.value(valid) == "true" { Ok(()) } else { Err(setup.logs()) }
    });
}

#[test]
fn damaged_events_and_rows_changed_on_the_target_stop_their_tables_only() {
    let pair = Pair::start();
    let setup = ready(&pair);
    // without the guard against it somebody writes to the target
    pair.target.execute("delete from checked where id in (5, 6)");
    pair.source.execute(
        "select pgq.insert_event('migq', 'rec.I', 'not a row', 'public.number', null, \
                                 '{\"columns\": []}', null)",
    );
    pair.source.execute("update checked set v = 0 where id = 5; update good set v = 9 where id = 1");
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "checked,number");
    let said = setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    assert!(
        said.contains("the row to update in table public.checked is missing on the target (id=5)"),
        "{said}"
    );
    assert!(said.contains("cannot be read"), "{said}");
    setup.londiste(&["target.ini", "resync", "number"]).expect_success();
    // what may pass by itself is tried again
    pair.target.execute(
        "create function full() returns boolean language plpgsql
             as $$begin raise exception using errcode = '53100', message = 'disk full'; end$$;
         alter table wider add constraint has_space check (full())",
    );
    setup.set("target.ini", "table_retry_period", "1");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    pair.source.execute("insert into wider values (1, 'x')");
    setup.wait_caught_up(SETTLE);
    pair.target.execute("create or replace function full() returns boolean language sql as 'select true'");
    wait_parked(&setup, "checked");
    // told to go on all the same, the row comes back; a delete that finds none is counted as well
    setup.set("target.ini", "on_conflict", "warn");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.londiste(&["target.ini", "resume-table", "checked"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("delete from checked where id = 6");
    setup.wait_caught_up(SETTLE);
    let said = setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
    assert!(said.contains("Conflicts: 2 in 1 tables"), "{said}");
    compare::assert_equal(&pair);
}
