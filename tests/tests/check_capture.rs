//! `check-capture` finds what has happened to triggers and functions on the root, and puts it right.
use std::time::Duration;

use tests::{Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(60);

const TABLES: &str = "
create table plain (id int primary key, v text);
create table parts (id int, at int, v text, primary key (id, at)) partition by range (at);
create table low partition of parts for values from (0) to (100);
create table high partition of parts for values from (100) to (200);
create table going partition of parts for values from (200) to (300);
create table parent (id int primary key);
create table child (primary key (id)) inherits (parent);
create table untouched (id int primary key);";

/// What happens to the capture of a table, and words of what is said of it.
const HARM: &[(&str, &str, &str)] = &[
    ("alter table plain disable trigger _londiste_migq", "public.plain", "_londiste_migq on plain is disabled"),
    ("alter table plain enable replica trigger _londiste_migq_truncate", "public.plain", "replica sessions only"),
    ("drop trigger _londiste_migq on plain", "public.plain", "is missing"),
    (
        "create function f() returns trigger language plpgsql as $$ begin return null; end $$;
         drop trigger _londiste_migq on plain;
         create trigger _londiste_migq after insert on plain for each row execute function f()",
        "public.plain",
        "calls public.f",
    ),
    ("alter table low disable trigger _londiste_migq_truncate", "public.parts", "_truncate on low is disabled"),
    ("alter table only high disable trigger _londiste_migq", "public.parts", "_londiste_migq on high is disabled"),
    ("drop trigger _londiste_migq_truncate on high", "public.parts", "_truncate on high is missing"),
    ("alter table parts detach partition going", "public.parts", "on going is left over"),
    (
        "do $$ begin execute format('alter function londiste_rs.%I() security invoker',
             (select function_name from londiste_rs.capture where table_name = 'public.plain')); end $$",
        "public.plain",
        "is not SECURITY DEFINER",
    ),
    (
        "do $$ begin execute format('alter function londiste_rs.%I() reset search_path',
             (select function_name from londiste_rs.capture where table_name = 'public.plain')); end $$",
        "public.plain",
        "other settings",
    ),
    (
        "do $$ begin execute format('create or replace function londiste_rs.%I() returns trigger language plpgsql security definer as %L',
             (select function_name from londiste_rs.capture where table_name = 'public.plain'), 'begin return null; end'); end $$",
        "public.plain",
        "is not the one that the table needs now",
    ),
    (
        "do $$ begin execute format('drop function londiste_rs.%I() cascade',
             (select function_name from londiste_rs.capture where table_name = 'public.plain')); end $$",
        "public.plain",
        "is missing",
    ),
];

#[test]
fn what_happened_to_triggers_and_functions_is_found_and_put_right() {
    let pair = Pair::start();
    pair.both(TABLES);
    let setup = Setup::new(&pair);
    setup.replicate();
    let check = |words: &[&str]| setup.londiste(&[&["source.ini", "check-capture"], words].concat());
    let whole = check(&[]);
    assert!(whole.expect_success().stdout.contains("public.plain: ok"), "{}", whole.report());
    for (harm, table, words) in HARM {
        pair.source.execute(harm);
        let found = check(&[]);
        found.expect_failure(1, &[table, words]);
        assert!(found.stdout.contains("public.untouched: ok"), "{harm}\n{}", found.report());
        let repaired = check(&[table, "--apply"]);
        assert!(repaired.expect_success().stdout.contains("repaired"), "{harm}\n{}", repaired.report());
        check(&[]).expect_success();
    }
    pair.source.execute(
        "insert into plain values (1, 'a'), (2, 'b'); update plain set v = 'c' where id = 1; delete from plain where id = 2;
         insert into parts select i, i, 'p' from generate_series(1, 150) i; update parts set at = at + 1 where at in (50, 99); truncate high",
    );
    setup.wait_caught_up(SETTLE);
    pair.target.execute("alter table parts detach partition going");
    compare::assert_equal(&pair);

    setup.londiste(&["target.ini", "check-capture"]).expect_failure(1, &["is not the root"]);
    setup.londiste(&["target.ini", "remove-table", "child"]).expect_success();
    setup.londiste(&["source.ini", "remove-table", "child"]).expect_success();
    check(&["parent"]).expect_failure(1, &["public.parent", "inheritance child child is not replicated"]);
    pair.source.execute("drop table untouched");
    check(&["untouched"]).expect_failure(1, &["does not exist"]);
}

#[test]
fn stock_triggers_are_looked_for_as_well() {
    let pair = Pair::start();
    pair.source.execute("create table t (id int primary key, v text)");
    let setup = Setup::new(&pair);
    setup.set("source.ini", "capture", "stock");
    setup.londiste(&["source.ini", "create-root", "primary", &pair.source.connstr()]).expect_success();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    setup.londiste(&["source.ini", "check-capture"]).expect_success();
    for (harm, words) in [
        ("alter table t disable trigger user", "is disabled"),
        ("drop trigger _londiste_migq_truncate on t", "_londiste_migq_truncate on t is missing"),
        ("drop trigger _londiste_migq on t", "trigger _londiste_migq on t is missing"),
    ] {
        pair.source.execute(harm);
        setup.londiste(&["source.ini", "check-capture"]).expect_failure(1, &["public.t", words]);
        setup.londiste(&["source.ini", "check-capture", "--apply"]).expect_success();
        setup.londiste(&["source.ini", "check-capture"]).expect_success();
    }
}
