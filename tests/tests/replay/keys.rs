//! Rows are found again on the target: by primary key, by a unique index, by the whole row; also when the key changes.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(60);

/// Tables made by `schema` on both sides, filled by `data` on the source, replicated, then changed by each of `changes`
/// in turn.
#[track_caller]
fn replay(schema: &str, data: &str, changes: &[&str]) -> (Pair, Setup) {
    let pair = Pair::start();
    pair.both(schema);
    pair.source.execute(data);
    let setup = Setup::new(&pair);
    setup.replicate();
    compare::assert_equal(&pair);
    for change in changes {
        pair.source.execute(change);
    }
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    (pair, setup)
}

#[test]
fn without_a_key_one_of_several_equal_rows_is_touched() {
    let (pair, _setup) = replay(
        "create table plain (a int, b text, c json, d numeric, e point)",
        "insert into plain select i % 10, nullif('x' || i % 3, 'x0'), '{\"a\":  1}', 'NaN', '(1,2)' \
                             from generate_series(1, 300) i",
        &[
            "delete from plain where ctid = (select min(ctid) from plain where a = 3)",
            "update plain set b = 'once' where ctid = (select min(ctid) from plain where a = 4)",
            "update plain set a = a where a = 5",
            "delete from plain where b is null and a = 6",
            "insert into plain select * from plain where a = 7",
            "begin; delete from plain where a = 8; insert into plain values (8, null, null, null, null); commit",
        ],
    );
    assert_eq!(pair.target.number("select count(*) from plain where a = 3"), 29);
    assert_eq!(pair.target.number("select count(*) from plain where b = 'once'"), 1);
}

#[test]
fn a_unique_index_over_not_null_columns_serves_as_key() {
    replay(
        "create table uni (code text not null, part int not null, v int, unique (v));
         create unique index on uni (code, part);
         create table nullable (code text unique, v int);
         create table partial (code text not null, v int);
         create unique index on partial (code) where v > 0;
         create table expression (code text not null, v int);
         create unique index on expression (lower(code))",
        "insert into uni select 'c' || i, i, i from generate_series(1, 100) i;
         insert into nullable select nullif(i, 50)::text, i from generate_series(1, 100) i;
         insert into partial select 'c' || i % 10, -i from generate_series(1, 100) i;
         insert into expression select 'C' || i, i from generate_series(1, 100) i",
        &[
            "update uni set v = v + 1000",
            "update uni set code = 'moved' where part <= 10",
            "delete from uni where part > 90",
            "insert into nullable values (null, 1), (null, 2)",
            "update nullable set v = 7 where code is null",
            "delete from nullable where v = 7",
            "update partial set v = -v where v > -10",
            "update expression set code = 'd' || v where v < 20",
        ],
    );
}

#[test]
fn a_changed_key_is_followed_and_never_refused() {
    replay(
        "create table k (id int primary key, v text);
         create table child (id int primary key, k int references k on update cascade on delete cascade);
         create table pair (a int, b int, v text, primary key (b, a))",
        "insert into k select i, 'v' || i from generate_series(1, 1000) i;
         insert into child select i, i from generate_series(1, 1000) i;
         insert into pair select i, i % 7, 'p' from generate_series(1, 500) i",
        &[
            "update k set id = id + 100000 where id % 2 = 0",
            "update k set id = -id where id < 100",
            "begin; update k set id = 0 where id = 101; update k set id = 101 where id = 103; \
             update k set id = 103 where id = 0; commit",
            "begin; update k set id = 5000000 where id = 105; update k set v = 'twice' where id = 5000000; commit",
            "begin; insert into k values (1, 'first'); update k set id = 2 where id = 1; \
             delete from k where id = 2; commit",
            "begin; update k set id = 6000000 where id = 107; insert into k values (107, 'in its place'); commit",
            "update pair set a = a + 1000, b = b + 1",
            "delete from k where id > 100500",
        ],
    );
}

#[test]
fn secondary_unique_values_change_hands() {
    replay(
        "create table seat (id int primary key, number int not null unique, label text,
             exclude using btree (label with =));
         create table rank (id int primary key, place int not null, unique (place) deferrable initially deferred)",
        "insert into seat select i, i, 'l' || i from generate_series(1, 200) i;
         insert into rank select i, i from generate_series(1, 200) i",
        &[
            "begin; update seat set number = -1 where id = 1; update seat set number = 1 where id = 2; \
             update seat set number = 2 where id = 1; commit",
            "begin; delete from seat where id = 10; \
             update seat set number = 10, label = 'l10' where id = 11; insert into seat values (10, 11, 'l11'); commit",
            "update rank set place = 201 - place",
            "begin; update rank set place = place + 1; delete from rank where place = 201; \
             insert into rank values (500, 1); commit",
        ],
    );
}

#[test]
fn truncate_is_replicated_in_its_place() {
    let (pair, _setup) = replay(
        "create table parent (id int primary key);
         create table child (id int primary key, parent int references parent);
         create table plain (a int);
         create table parts (id int primary key) partition by range (id);
         create table low partition of parts for values from (0) to (100);
         create table high partition of parts for values from (100) to (1000)",
        "insert into parent select generate_series(1, 100);
         insert into child select i, i from generate_series(1, 100) i;
         insert into plain select generate_series(1, 100);
         insert into parts select generate_series(1, 500)",
        &[
            "begin; insert into plain values (-1); truncate plain; insert into plain values (1), (2); commit",
            "begin; savepoint a; truncate parts; rollback to a; update parts set id = id + 1 where id = 500; commit",
            "truncate low",
            "truncate parent cascade",
            "insert into parent values (7); insert into child values (1, 7)",
        ],
    );
    assert_eq!(pair.target.value("select string_agg(a::text, ',' order by a) from plain"), "1,2");
    assert_eq!(pair.target.number("select count(*) from child"), 1);
    assert_eq!(pair.target.number("select count(*) from low"), 0);
}

#[test]
fn partitions_may_differ_between_the_sides() {
    let pair = Pair::start();
    let columns =
        "create table m (id int, at date not null, v text, primary key (id, at)) partition by range (at);";
    pair.source.execute(&format!(
        "{columns} create table m1 partition of m for values from ('2024-01-01') to ('2024-07-01');
         create table m2 partition of m default;
         insert into m select i, date '2024-01-01' + i % 500, 'x' from generate_series(1, 2000) i"
    ));
    pair.target.execute(&format!("{columns} create table everything partition of m default"));
    let setup = Setup::new(&pair);
    setup.replicate();
    assert_eq!(setup.table_states().len(), 1, "one table under the parent's name");
    pair.source.execute("update m set at = at + 200 where id % 3 = 0");
    pair.source.execute("create table m3 partition of m for values from ('2030-01-01') to ('2031-01-01')");
    pair.source
        .execute("insert into m values (9999, '2030-05-05', 'new partition'); delete from m where id < 100");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
