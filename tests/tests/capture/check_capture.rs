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

/// What happens to the capture of tables at a time, and words of what is said of it.
const HARM: &[&[(&str, &str)]] = &[
    &[
        ("alter table plain disable trigger _londiste_migq", "_londiste_migq on public.plain is disabled"),
        (
            "alter table plain enable replica trigger _londiste_migq_truncate",
            "fires in replica sessions only",
        ),
        ("alter table low disable trigger _londiste_migq_truncate", "_truncate on public.low is disabled"),
        ("alter table only high disable trigger _londiste_migq", "_londiste_migq on public.high is disabled"),
        ("alter table parts detach partition going", "on public.going is left over"),
        (
            "do $$ begin execute format('alter function londiste_rs.%I() security invoker',
                 (select function_name from londiste_rs.capture where table_name = 'public.plain')); end $$",
            "is not SECURITY DEFINER",
        ),
    ],
    &[
        (
            "create function f() returns trigger language plpgsql as $$ begin return null; end $$;
             drop trigger _londiste_migq on plain;
             create trigger _londiste_migq after insert on plain for each row execute function f()",
            "calls public.f",
        ),
        ("drop trigger _londiste_migq_truncate on high", "_truncate on public.high is missing"),
        ("drop trigger _londiste_migq on child", "_londiste_migq on public.child is missing"),
        (
            "do $$ begin execute format('alter function londiste_rs.%I() reset search_path',
                 (select function_name from londiste_rs.capture where table_name = 'public.plain')); end $$",
            "other settings",
        ),
    ],
    &[(
        "do $$ begin execute format('create or replace function londiste_rs.%I() returns trigger language \
                                     plpgsql security definer as %L',
             (select function_name from londiste_rs.capture where table_name = 'public.parts'),
             'begin return null; end'); end $$",
        "is not the one that the table needs now",
    )],
    &[(
        "do $$ begin execute format('drop function londiste_rs.%I() cascade',
             (select function_name from londiste_rs.capture where table_name = 'public.plain')); end $$",
        "is missing",
    )],
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
    // its worker would put some of it right by itself
    setup.stop_daemon("source");
    for harms in HARM {
        harms.iter().for_each(|(harm, _)| pair.source.execute(harm));
        let found = check(&[]);
        let words: Vec<&str> = harms.iter().map(|(_, words)| *words).collect();
        found.expect_failure(1, &words);
        assert!(found.stdout.contains("public.untouched: ok"), "{}", found.report());
        let repaired = check(&["--apply"]);
        assert!(repaired.expect_success().stdout.contains("repaired"), "{}", repaired.report());
    }
    check(&[]).expect_success();
    pair.source.execute(
        "insert into plain values (1, 'a'), (2, 'b'); update plain set v = 'c' where id = 1;
         delete from plain where id = 2;
         insert into child values (1);
         insert into parts select i, i, 'p' from generate_series(1, 150) i;
         update parts set at = at + 1 where at in (50, 99); truncate high",
    );
    setup.wait_caught_up(SETTLE);
    pair.target.execute("alter table parts detach partition going");
    compare::assert_equal(&pair);

    setup.londiste(&["target.ini", "check-capture"]).expect_failure(1, &["is not the root"]);
    setup.londiste(&["target.ini", "remove-table", "child"]).expect_success();
    setup.londiste(&["source.ini", "remove-table", "child"]).expect_success();
    check(&["parent"])
        .expect_failure(1, &["public.parent", "inheritance child public.child is not replicated"]);
    let tables = setup.londiste(&["target.ini", "tables"]);
    assert!(tables.stdout.contains("inheritance child child is not replicated"), "{}", tables.report());
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
        ("drop trigger _londiste_migq_truncate on t", "_londiste_migq_truncate on public.t is missing"),
        ("drop trigger _londiste_migq on t", "trigger _londiste_migq on public.t is missing"),
    ] {
        pair.source.execute(harm);
        setup.londiste(&["source.ini", "check-capture"]).expect_failure(1, &["public.t", words]);
        setup.londiste(&["source.ini", "check-capture", "--apply"]).expect_success();
        setup.londiste(&["source.ini", "check-capture"]).expect_success();
    }
}

/// Plans over the catalogs of many tables are costly by estimate: compiling them at each call would take longer than
/// all else.
#[test]
fn a_table_among_many_is_added_and_checked_at_once() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    pair.source.execute(
        "do $$ begin for i in 1..20 loop \
             execute format('create table t%s (id int primary key, a text, b numeric)', i); end loop; end $$",
    );
    let mut session = pair.source.connect();
    let mut per_table = |sql: &str| {
        let began = std::time::Instant::now();
        session
            .batch_execute(&format!(
                "set jit = on; set jit_above_cost = 0; \
                 do $$ declare n text; begin for i in 1..20 loop {sql} end loop; end $$"
            ))
            .expect("it is done");
        began.elapsed() / 20
    };
    let added = per_table(
        "select ret_code into n from londiste_rs.add_table('migq', 'public.t' || i, null, '{}');
         if n <> '200' then raise exception '%', n; end if;",
    );
    let checked = per_table(
        "select problem into n from londiste_rs.check_capture('migq', 'public.t' || i); \
         if found then raise exception '%', n; end if;",
    );
    let unchanged = per_table(
        "if i = 1 then
             select count(*) into n from londiste_rs.sound_captures('migq'); \
             if n <> '20' then raise exception '%', n; end if;
         end if;",
    );
    // ten times what they take on a machine that is busy with other things
    let limits = [added, checked, unchanged].into_iter().zip([150, 100, 10]);
    for (took, limit) in limits {
        assert!(took < std::time::Duration::from_millis(limit), "{added:?} {checked:?} {unchanged:?}");
    }
}
