//! The initial copy: parallel, visible in the run directory, correct under writers, and the options of `add-table`
//! around it.
use std::time::Duration;

use tests::load::pgbench::{self, Pgbench};
use tests::{Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(120);

#[test]
fn copies_run_in_parallel_and_show_their_pidfiles() {
    let pair = Pair::start();
    pair.both(
        "create table a (id int primary key, v text); create table b (like a including all); \
         create table c (like a including all)",
    );
    for table in ["a", "b", "c"] {
        pair.source.execute(&format!(
            "insert into {table} select i, repeat('v', 100) from generate_series(1, 50000) i"
        ));
    }
    let setup = Setup::new(&pair);
    setup.set("target.ini", "parallel_copies", "2");
    setup.start_nodes();
    // A copy cannot begin to read while the source's tables are locked.
    let mut lock = pair.source.admin().connect();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    lock.batch_execute("begin; lock table a, b, c in access exclusive mode").unwrap();
    setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
    let copies = || {
        let files = std::fs::read_dir(setup.directory())
            .unwrap()
            .filter_map(|file| file.unwrap().file_name().into_string().ok());
        let mut copies: Vec<String> =
            files.filter_map(|file| file.strip_prefix("target.pid.copy.").map(str::to_owned)).collect();
        copies.sort();
        copies
    };
    wait_until(SETTLE, "two copies run", || copies().len() == 2);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(copies().len(), 2, "parallel_copies is the limit");
    assert!(copies().iter().all(|copy| copy.starts_with("public.")), "{:?}", copies());
    lock.batch_execute("rollback").unwrap();
    setup.wait_ok(SETTLE);
    wait_until(SETTLE, "the pidfiles are removed", || copies().is_empty());
    assert_eq!(compare::assert_equal(&pair).rows, 150_000);
}

#[test]
fn rows_are_equal_after_a_copy_under_pgbench() {
    let pair = Pair::start();
    pgbench::create(&pair, 5);
    let setup = Setup::new(&pair);
    let bench = Pgbench::start(&setup, 2, 300);
    setup.replicate();
    bench.stop().expect_clean();
    setup.wait_caught_up(SETTLE);
    assert!(compare::assert_equal(&pair).rows > 500_000);
}

#[test]
fn indexes_and_constraints_come_back_as_they_were() {
    let pair = Pair::start();
    pair.both(
        r#"create table t (id int primary key, a text not null, b int check (b > 0),
               c int generated always as (b * 2) stored);
           create unique index "Odd Index" on t (lower(a) desc) where b > 1;
           create index on t using hash (a);
           create index on t (b) include (a);
           alter table t add constraint "the unique" unique (a, b) deferrable;
           alter table t cluster on t_pkey;
           alter table t replica identity using index t_pkey;
           comment on index t_pkey is 'the key'"#,
    );
    pair.source.execute("insert into t (id, a, b) select i, 'a' || i, i from generate_series(1, 5000) i");
    let catalog = "select indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisclustered,
                        indisreplident, obj_description(indexrelid)
                   from pg_index where indrelid = 't'::regclass
                   union all select conname, pg_get_constraintdef(oid), condeferrable, convalidated, null
                               from pg_constraint
                   where conrelid = 't'::regclass order by 1, 2";
    let before = pair.target.rows(catalog);
    let setup = Setup::new(&pair);
    setup.replicate();
    compare::assert_equal(&pair);
    assert_eq!(pair.target.rows(catalog), before);
}

#[test]
fn statistics_are_gathered_to_the_end() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key); create table other (id int primary key)");
    pair.source.execute("insert into t select generate_series(1, 1000)");
    pair.target.execute(
        "create function slow(n int) returns int immutable language plpgsql
             as $$ begin perform pg_catalog.pg_sleep(0.005); return n; end $$;
         create index on t (slow(id))",
    );
    let setup = Setup::new(&pair);
    setup.set("target.ini", "parallel_copies", "1");
    setup.replicate();
    // its copy wants the connections of the first one
    setup.londiste(&["target.ini", "resync", "other"]).expect_success();
    let rows = "select reltuples::int from pg_class where relname = 't'";
    wait_until(SETTLE, "the table is analyzed", || pair.target.number(rows) == 1000);
}

#[test]
fn options_of_add_table_decide_about_the_copy() {
    let pair = Pair::start();
    pair.source.execute(
        "create table expected (id int primary key, v text); create table kept (like expected including all);
         create table made (id serial primary key, v text not null default 'x', unique (v));
         create table renamed (id int primary key);
         insert into expected values (1, 'one'); insert into kept values (1, 'one');
         insert into made (v) values ('one');
         insert into renamed values (1)",
    );
    pair.target.execute(
        "create table expected (id int primary key, v text); create table kept (like expected including all);
         create table other_name (id int primary key);
         insert into expected values (1, 'one'), (5, 'already here'); insert into kept values (5, 'already here')",
    );
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "public.*"]).expect_success();
    let add = |words: &[&str]| {
        let mut all = vec!["target.ini", "add-table"];
        all.extend(words);
        setup.londiste(&all)
    };
    add(&["expected", "--expect-sync"]).expect_success();
    assert_eq!(setup.table_states(), [("public.expected".to_owned(), "ok".to_owned())], "nothing to copy");
    add(&["kept", "--skip-truncate", "--wait-sync"]).expect_success();
    add(&["made", "--create-full", "--wait-sync"]).expect_success();
    add(&["renamed", "--dest-table=other_name", "--wait-sync"]).expect_success();
    pair.source.execute(
        "insert into expected values (2, 'two'); insert into kept values (2, 'two'); \
         insert into made (v) values ('two'); insert into renamed values (2)",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select string_agg(id::text, ',' order by id) from expected"), "1,2,5");
    assert_eq!(pair.target.value("select string_agg(id::text, ',' order by id) from kept"), "1,2,5");
    assert_eq!(pair.target.value("select string_agg(v, ',' order by id) from made"), "one,two");
    assert_eq!(
        pair.target.number(
            "select count(*) from pg_constraint where conrelid = 'made'::regclass and contype in ('p', 'u')"
        ),
        2
    );
    assert_eq!(pair.target.value("select string_agg(id::text, ',' order by id) from other_name"), "1,2");
}

#[test]
fn a_column_on_one_side_only_is_left_out_where_the_user_says_so() {
    let pair = Pair::start();
    pair.source.execute(
        "create table t (id int primary key, v text, only_here int); insert into t values (1, 'one', 1)",
    );
    pair.target.execute("create table t (only_there int default 7, v text, id int primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    let refused = setup.londiste(&["target.ini", "add-table", "t", "--no-triggers"]);
    refused.expect_failure(1, &["lacks columns", "only_here", "--skip-columns=only_here"]);
    let add = ["target.ini", "add-table", "t", "--no-triggers", "--skip-columns=only_here", "--wait-sync"];
    setup.londiste(&add).expect_success();
    pair.source.execute(
        "insert into t values (2, 'two', 2); update t set only_here = 3; update t set v = 'uno' where id = 1",
    );
    setup.wait_caught_up(SETTLE);
    assert_eq!(
        pair.target.value("select string_agg(id || v || only_there, ',' order by id) from t"),
        "1uno7,2two7"
    );
    let tables = setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone();
    assert!(tables.contains("only_here"), "{tables}");
    let log = setup.target_worker().log();
    assert!(log.contains("only_there"), "{log}");
}

#[test]
fn resync_copies_a_table_again() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key, v text)");
    pair.source.execute("insert into t select i, 'v' from generate_series(1, 1000) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    pair.target.admin().execute("update t set v = 'broken' where id < 10; delete from t where id > 990");
    setup.londiste(&["target.ini", "resync", "t"]).expect_success();
    setup.londiste(&["target.ini", "wait-sync"]).expect_success();
    assert_eq!(compare::assert_equal(&pair).rows, 1000);
}
