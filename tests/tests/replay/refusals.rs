//! Whatever the target refuses while a batch is written parks the table that it refuses, at last, and holds up no
//! other; keys that are deferred
//! reach it all the same.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(90);

const SCHEMA: &str = "
    create table good (id int primary key, v int);
    create table u (id int primary key, v int, w int);
    create table kp (id int primary key deferrable, v text);
    create table passing (id int primary key, v int);
    create table lasting (id int primary key, v int)";

fn parked(setup: &Setup) -> String {
    let sql = "select coalesce(string_agg(replace(table_name, 'public.', ''), ',' order by table_name), '') \
                 from londiste_rs.parked_tables('migq')";
    setup.target.value(sql)
}

#[track_caller]
fn wait_parked(setup: &Setup, tables: &str) {
    wait_for(SETTLE, "tables are parked", || match parked(setup) {
        now if now == tables => Ok(()),
        now => Err(format!("{now}\n{}", setup.logs())),
    });
}

#[test]
fn a_refusal_of_any_kind_holds_up_no_other_table() {
    let pair = Pair::start();
    pair.both(SCHEMA);
    pair.source.execute(
        "insert into good select i, i from generate_series(1, 9) i;
         insert into u select i, i, i from generate_series(1, 9) i;
         insert into kp select i, 'old' from generate_series(1, 9) i",
    );
    // this target checks the key at once
    pair.target.execute("alter table kp drop constraint kp_pkey, add primary key (id)");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "table_retry_period", "1");
    setup.replicate();
    pair.source.execute(
        "begin; set constraints all deferred; insert into kp values (7, 'new');
         delete from kp where id = 7 and v = 'old';
         update kp set id = 10 - id where id between 1 and 9; commit;
         begin; set constraints all deferred; update kp set id = 5 where id = 4;
         update kp set id = 40 where id = 5 and v = 'old' and ctid <> (select max(ctid) from kp where id = 5); commit",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(parked(&setup), "");
    compare::assert_equal(&pair);

    // missing rows, and a unique value that the target has, in one transaction; refusals that say nothing of their
    // table
    pair.target.execute(
        "create unique index on u (w); delete from u where id in (5, 6); insert into u values (99, 0, 50);
         create function passes() returns boolean language plpgsql
             as $$begin raise exception using errcode = '40001', message = 'injected'; end$$;
         alter table passing add constraint passes check (passes());
         create function lasts() returns boolean language plpgsql as $$begin raise exception
             using errcode = '08006', message = 'injected'; end$$;
         alter table lasting add constraint lasts check (lasts())",
    );
    pair.source.execute(
        "begin; update u set v = 55 where id in (5, 6); insert into u values (50, 50, 50);
         insert into good values (100, 1); commit;
         insert into passing values (1, 1); insert into lasting values (1, 1)",
    );
    setup.wait_caught_up(SETTLE);
    wait_parked(&setup, "lasting,passing,u");
    assert_eq!(pair.target.number("select count(*) from good where id = 100"), 1);
    let said = setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    assert!(said.contains("SQLSTATE 40001") && !said.contains("25P02"), "{said}");

    // what may have passed is tried again without anybody's doing
    pair.target.execute(
        "create or replace function passes() returns boolean language sql as 'select true';
         create or replace function lasts() returns boolean language sql as 'select true';
         delete from u where id = 99",
    );
    wait_parked(&setup, "u");
    // rows that are missing are let be, and counted
    setup.set("target.ini", "on_conflict", "skip");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.londiste(&["target.ini", "resume-table", "u"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("delete from u where id = 5");
    setup.wait_caught_up(SETTLE);
    let said = setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
    assert!(said.contains("Conflicts: 3 in 1 tables"), "{said}");
    assert_eq!(pair.target.value("select string_agg(id::text, ',' order by id) from u"), "1,2,3,4,7,8,9,50");
    pair.source.execute("delete from u where id = 6");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
