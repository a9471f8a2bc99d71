//! `schema --apply` and `--print`.

use std::thread;
use std::time::Duration;

use tests::{Pair, Setup, load, wait_for};

use super::support::{ZOO, expect_same, schema, setup};

#[test]
fn an_object_of_every_kind_is_taken_over_and_then_nothing_differs() {
    let pair = Pair::start();
    if !pair.can_be_dumped() {
        return;
    }
    let setup = setup(&pair);
    pair.source.execute(ZOO);
    let output = schema(&setup, &["--apply"]);
    output.expect_success();
    assert!(output.stdout.contains(" 0 objects were there already, 0 failed."), "{}", output.report());
    expect_same(&setup, &[]);
    let again = schema(&setup, &["--apply"]);
    again.expect_success();
    assert!(again.stdout.contains("0 failed.\nsame: "), "{}", again.report());
    the_script_does_the_same(&pair);
    it_goes_on_where_it_was_killed(&pair);
    what_fails_is_named_and_the_rest_goes_on(&pair);
    schemas_of_a_provider_are_moved(&pair);
}

fn the_script_does_the_same(pair: &Pair) {
    let pair = pair.another("_script");
    let setup = setup(&pair);
    pair.source.execute(ZOO);
    let output = schema(&setup, &["--print"]);
    output.expect_success();
    let script = setup.directory().join("schema.sql");
    std::fs::write(&script, &output.stdout).unwrap();
    pair.target.psql_file(&script);
    expect_same(&setup, &[]);
}

fn it_goes_on_where_it_was_killed(pair: &Pair) {
    let pair = pair.another("_killed");
    let setup = setup(&pair);
    pair.source.execute(ZOO);
    for at in ["2", "40", "90"] {
        let mut command = setup.command(setup.executable("londiste", &["target.ini"]));
        let point = format!("schema-apply:{at}");
        command.args(["target.ini", "schema", "--apply"]).env("LONDISTE_FAIL_POINT", point);
        let killed = tests::Invocation::new(command).run();
        assert_ne!(killed.code, 0, "{}", killed.report());
        assert_eq!(schema(&setup, &[]).code, 1);
    }
    schema(&setup, &["--apply"]).expect_success();
    expect_same(&setup, &[]);
}

fn what_fails_is_named_and_the_rest_goes_on(pair: &Pair) {
    let pair = pair.another("_fails");
    let setup = setup(&pair);
    pair.source.execute(ZOO);
    // another type under that name keeps its default from being made
    pair.target.execute("create type public.mood as enum ('other')");
    let output = schema(&setup, &["--apply", "--json"]);
    assert_eq!(output.code, 1, "{}", output.report());
    let answer: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(answer["version"] == 1 && answer["done"].as_u64() > Some(40), "{answer}");
    let failed: Vec<&str> =
        answer["failed"].as_array().unwrap().iter().filter_map(|failed| failed["object"].as_str()).collect();
    assert!(
        failed.contains(&"TABLE public.customer") && !failed.contains(&"TABLE public.booking"),
        "{failed:?}"
    );
    let output = schema(&setup, &["--apply"]);
    let line =
        output.stdout.lines().find(|line| line.starts_with("failed  TABLE public.customer  ")).unwrap();
    assert!(
        line.contains("invalid input value for enum") && line.contains("  |  CREATE TABLE public.customer ("),
        "{line}"
    );
    pair.target.execute("drop type public.mood");
    schema(&setup, &["--apply"]).expect_success();
    expect_same(&setup, &[]);
}

/// As Heroku's schema for extensions; the extension is one that ordinary roles may create.
fn schemas_of_a_provider_are_moved(pair: &Pair) {
    let available = "select count(*) from pg_available_extensions where name = 'citext'";
    if pair.source.number(available) + pair.target.number(available) < 2 {
        return;
    }
    let pair = pair.another("_moved");
    let setup = setup(&pair);
    pair.source.execute(
        "create schema heroku_ext; create extension citext schema heroku_ext; create schema _provider; \
         create table _provider.secret (id int); \
         create table person (email heroku_ext.citext primary key, other heroku_ext.citext default \
             'x'::heroku_ext.citext)",
    );
    let options = ["--extension-schema", "heroku_ext=public", "--exclude-schema", "_provider"];
    let output = schema(&setup, &[&["--apply"], options.as_slice()].concat());
    output.expect_success();
    expect_same(&setup, &options);
    let column =
        "select atttypid::regtype from pg_attribute where attrelid = 'person'::regclass and attnum = 1";
    assert_eq!(pair.target.value(column), "citext");
    assert_eq!(pair.target.value("select to_regnamespace('heroku_ext')"), "");
    let unmoved = schema(&setup, &[]);
    assert!(unmoved.stdout.contains("alter extension citext set schema heroku_ext;"), "{}", unmoved.report());
}

#[test]
fn the_shop_is_taken_over_and_what_is_ours_is_not() {
    let pair = Pair::start();
    if !pair.can_be_dumped() {
        return;
    }
    let setup = setup(&pair);
    load::shop::create(&pair);
    pair.target.execute("drop schema shop cascade; drop schema \"Back Office\" cascade");
    schema(&setup, &["--apply"]).expect_success();
    expect_same(&setup, &[]);
    pair.source.execute("alter table shop.audit add constraint unchecked check (id > 0) not valid");
    schema(&setup, &["--apply"]).expect_success();
    expect_same(&setup, &[]);
    // while it is replicated, with foreign keys dropped, deferrable and not validated, triggers off, indexes dropped
    setup.start_nodes();
    for step in tests::guide::drop_foreign_keys(&setup) {
        step.run(&setup).expect_success();
    }
    expect_ours_is_no_difference(&setup);
    setup.add_all();
    expect_ours_is_no_difference(&setup);
    setup.wait_ok(std::time::Duration::from_secs(180));
    expect_ours_is_no_difference(&setup);
    for step in tests::guide::restore_foreign_keys(&setup) {
        step.run(&setup).expect_success();
    }
    expect_ours_is_no_difference(&setup);
    let print = schema(&setup, &["--print"]);
    print.expect_success();
    assert!(!print.stdout.contains("londiste") && !print.stdout.contains("pgq"), "{}", print.report());
}

/// The worker brings an index back while the same index is taken over, and a copy drops another one behind the plan.
#[test]
fn indexes_that_the_worker_drops_and_brings_back_meanwhile_are_left_to_it() {
    let pair = Pair::start();
    if !pair.can_be_dumped() {
        return;
    }
    let setup = setup(&pair);
    pair.both("create table a (id int); create table b (id int)");
    pair.source.execute("create index a_idx on a (id); create index b_idx on b (id)");
    pair.target.execute("create index b_idx on b (id)");
    setup.start_nodes();
    let mut worker = pair.target.connect();
    worker.batch_execute("begin; create index a_idx on a (id)").expect("an index that comes back");
    thread::scope(|scope| {
        let taken_over = scope.spawn(|| schema(&setup, &["--apply"]));
        wait_for(Duration::from_secs(60), "the index waits for the worker's", || {
            let waits = "select count(*) from pg_stat_activity \
                          where wait_event_type = 'Lock' and datname = current_database() and query ~ 'a_idx'";
            if pair.target.number(waits) > 0 { Ok(()) } else { Err("it does not wait".to_owned()) }
        });
        pair.target.execute(
            "begin; \
             insert into londiste_rs.copy_index (dest_table, index_name, place, alone, create_sql) \
             values ('public.b', 'b_idx', 0, false, 'create index b_idx on public.b (id)'); \
             drop index b_idx; commit",
        );
        worker.batch_execute("commit").expect("the index is back");
        let output = taken_over.join().expect("it ends");
        output.expect_success();
        assert!(output.stdout.contains(" 0 failed."), "{}", output.report());
    });
    assert_eq!(pair.target.value("select to_regclass('a_idx')"), "a_idx");
    assert_eq!(pair.target.value("select to_regclass('b_idx')"), "");
    expect_same(&setup, &[]);
}

/// Taken over again, nothing of what replication has dropped comes back.
fn expect_ours_is_no_difference(setup: &Setup) {
    let fkeys = "select count(*) from pg_constraint where contype = 'f'";
    expect_same(setup, &[]);
    let before = setup.target.number(fkeys);
    schema(setup, &["--apply"]).expect_success();
    assert!(setup.target.number(fkeys) <= before.max(setup.source.number(fkeys)));
    expect_same(setup, &[]);
}
