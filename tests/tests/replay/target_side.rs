//! What the target's own triggers and foreign keys do to replicated rows, for a role that may not set
//! `session_replication_role` and for one that may.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(60);

const SCHEMA: &str = "
    create table parent (id int primary key, v int);
    create table child (id int primary key, parent int references parent on delete cascade on update cascade);
    create table log (id bigserial primary key, what text);
    create function bump() returns trigger language plpgsql as 'begin new.v := new.v + 1; return new; end';
    create function note() returns trigger language plpgsql
        as $$begin insert into log (what) values (tg_op); return null; end$$;
    create trigger bump before insert or update on parent for each row execute function bump();
    create trigger note after insert or update or delete on parent for each row execute function note();
    create constraint trigger late after insert on child deferrable initially deferred for each row
        execute function note()";

fn changes_pass(pair: &Pair) {
    pair.both(SCHEMA);
    pair.source.execute(
        "insert into parent select i, i from generate_series(1, 200) i; \
         insert into child select i, i from generate_series(1, 200) i",
    );
    let setup = Setup::new(pair);
    setup.replicate();
    for change in [
        "insert into parent values (1001, 1); insert into child values (1001, 1001)",
        "update parent set v = v * 2 where id < 20",
        "delete from parent where id between 50 and 60",
        "update parent set id = id + 5000 where id between 70 and 80",
        "begin; insert into child values (2002, 1); delete from parent where id = 1; commit",
        "begin; delete from child where parent = 90; delete from parent where id = 90; \
         insert into parent values (90, 9); insert into child values (90, 90); commit",
        "with p as (insert into parent values (3003, 0) returning id) insert into child select 3003, id from p",
    ] {
        pair.source.execute(change);
    }
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(pair);
    assert_eq!(
        pair.target.value(
            "select bool_and(convalidated)::text from pg_constraint \
              where contype = 'f' and conrelid = 'child'::regclass"
        ),
        "true"
    );
}

#[test]
fn triggers_fire_once_and_foreign_keys_hold_without_session_replication_role() {
    changes_pass(&Pair::start());
}

#[test]
fn triggers_fire_once_and_foreign_keys_hold_with_session_replication_role() {
    let pair = Pair::start();
    if pair.target.permit_silencing() {
        changes_pass(&pair);
    }
}

#[test]
fn deny_triggers_keep_others_from_writing_but_not_the_worker() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    pair.source.execute("insert into t values (1)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "t"]).expect_success();
    setup.wait_ok(SETTLE);
    pair.source.execute("insert into t values (2)");
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    let refused = pair.target.connect().batch_execute("insert into t values (3)");
    assert!(refused.is_err(), "the deny trigger refuses the application on a leaf");
}

/// The source captures what foreign keys' actions do behind the statement that they belong to. Where a trigger of the
/// application writes inside of that statement, its rows are told as what is gone and what there is now: rows that are
/// gone must not take those along that are told to refer to others only later.
#[test]
fn rows_that_follow_a_key_later_are_not_taken_along_by_the_one_that_is_gone() {
    let pair = Pair::start();
    pair.both(
        "create table shelf (code text primary key, v int);
         create table book (code text references shelf on update cascade on delete cascade, nr int,
             primary key (code, nr));
         create table page (id int primary key, code text, nr int,
             foreign key (code, nr) references book on update cascade on delete cascade);
         create table note (id int primary key, code text references shelf on update cascade on delete cascade);
         create table mark (id int primary key, note int references note on delete cascade)",
    );
    pair.source.execute(
        "create function next_one() returns trigger language plpgsql as $$ begin
             update shelf set v = v + 1 where code = (select min(code) from shelf where code <> new.code);
             return null; end $$;
         create trigger next_one after update on shelf for each row when (pg_trigger_depth() = 0)
             execute function next_one();
         insert into shelf select 'c' || i, 0 from generate_series(1, 9) i;
         insert into book select code, i from shelf, generate_series(1, 3) i;
         insert into page select row_number() over (), code, nr from book;
         insert into note select row_number() over (), code from shelf;
         insert into mark select id, id from note",
    );
    let setup = Setup::new(&pair);
    setup.replicate();
    for change in [
        "update shelf set code = 'new ' || code",
        "update shelf set code = 'c' || right(code, 1) where code ~ '[1-4]$'",
        // keys that are free again are taken at once: by the next statement's rows, by new ones
        "begin; update shelf set code = 'x' || code where code ~ '[5-7]$'; \
         update shelf set code = 'new c5' where code = 'new c9'; commit",
        "begin; update shelf set code = 'moved' where code = 'c1'; insert into shelf values ('c1', 7); \
         insert into book values ('c1', 1); commit",
        "begin; update shelf set code = 'gone' where code = 'c2'; delete from shelf where code = 'gone'; commit",
        "update shelf set code = 'old ' || code, v = 0",
    ] {
        pair.source.execute(change);
        setup.wait_caught_up(SETTLE);
        compare::assert_equal(&pair);
    }
    assert_eq!(pair.target.number("select count(*) from mark"), 8);
}
