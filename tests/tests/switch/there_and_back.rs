//! There and back, with the running processes and the same ini files.

use std::time::Duration;

use tests::{Database, Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
    create table parent (id int primary key, v int, t text);
    create table child (id serial primary key, parent int references parent on update cascade);
    create table keyless (a int, b text);
    create table log (id bigserial primary key, what text);
    create table parts (id int, r int, primary key (id, r)) partition by range (r);
    create table parts_1 partition of parts for values from (0) to (100);
    create table parts_2 partition of parts for values from (100) to (200);
    create sequence lonely increment -3;
    create function note() returns trigger language plpgsql as
        $$ begin insert into log (what) values (tg_op || ' ' || tg_table_name); return null; end $$;
    create trigger note after insert or update or delete on parent for each row execute function note();";

/// Changes of every kind, on tables of every kind.
const CHANGES: &[&str] = &[
    "insert into parent values (ROUND, 1, 'new'); insert into child (parent) values (ROUND)",
    "update parent set v = v * 2 where id < 20",
    "update parent set id = id + 5000 where id between 70 and 80",
    "delete from child where parent = 30",
    "begin; savepoint s; insert into keyless values (77, 'lost'); rollback to s; \
     insert into keyless values (78, 'kept'); commit",
    "update keyless set b = 'u' where a = 3; delete from keyless where a = 4",
    "update parts set r = r + 100 where id < 10 and r < 100; truncate parts_2; insert into parts values (1, 150)",
    "truncate child; insert into child (parent) values (1)",
];

fn change(database: &Database, round: u32) {
    CHANGES.iter().for_each(|sql| database.execute(&sql.replace("ROUND", &(1000 + round).to_string())));
}

#[track_caller]
fn refused(database: &Database, sql: &str, words: &str) {
    let error = database.connect().batch_execute(sql).expect_err(sql);
    let error = error.as_db_error().expect("a server's error").clone();
    assert_eq!(error.code().code(), "25006", "{sql}: {error:?}");
    assert!(error.message().contains(words), "{sql}: {error:?}");
    assert!(error.hint().is_some(), "{sql}: {error:?}");
}

#[track_caller]
fn refuses_all(database: &Database, words: &str) {
    for sql in [
        "insert into parent values (9999, 1, 'no')",
        "update parent set v = 0",
        "delete from child",
        "insert into keyless values (1, 'no')",
        "insert into parts values (5, 5)",
        "insert into parts_1 values (5, 5)",
        "truncate parts_1",
        "truncate parent cascade",
        "truncate keyless",
        "with w as (insert into keyless values (1, 'no') returning a) select * from w",
    ] {
        refused(database, sql, words);
    }
    database.execute("select count(*) from parent; update parent set v = 0 where false");
}

#[track_caller]
fn settled(setup: &Setup, pair: &Pair) {
    let same = || compare::databases(pair.source.app(), pair.target.app());
    wait_until(SETTLE, "both sides are equal", || same().is_ok());
    compare::assert_equal(pair);
    for ini in ["source.ini", "target.ini"] {
        setup.londiste(&[ini, "status"]).expect_success();
    }
}

#[test]
fn the_root_moves_there_and_back() {
    let pair = Pair::start();
    pair.both(SCHEMA);
    pair.source.execute(
        "insert into parent select i, i, 'x' from generate_series(1, 100) i;
         insert into child (parent) select i from generate_series(1, 100) i;
         insert into keyless select i % 7, 'k' from generate_series(1, 50) i;
         insert into parts select i, i from generate_series(0, 199) i;
         select nextval('lonely') from generate_series(1, 10)",
    );
    let setup = Setup::new(&pair);
    setup.replicate();
    change(&pair.source, 1);
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "compare"]).expect_success();

    let last = pair.source.number("select last_value from lonely");
    let there = setup.londiste(&["target.ini", "switchover"]);
    let there = there.expect_success();
    assert!(there.stdout.contains("switched at tick"), "{there:?}");
    refuses_all(&pair.source, "takes no changes on node");
    assert!(pair.target.number("select nextval('lonely')") < last, "the sequence goes on behind");
    change(&pair.target, 2);
    assert_eq!(pair.target.number("select count(*) from log where what = 'INSERT parent' and id > 10000"), 1);
    settled(&setup, &pair);

    // what was verified at the switch counts: nobody has to compare everything before the way back
    let back = setup.londiste(&["source.ini", "switchover"]);
    let back = back.expect_success();
    assert!(back.stdout.contains("switched at tick"), "{back:?}");
    refuses_all(&pair.target, "takes no changes on node");
    change(&pair.source, 3);
    settled(&setup, &pair);
    setup.londiste(&["target.ini", "compare"]).expect_success();
    setup.londiste(&["target.ini", "switchover"]).expect_success();
    change(&pair.target, 4);
    settled(&setup, &pair);
}
