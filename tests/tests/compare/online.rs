//! `compare` and `repair` while both sides work: nothing equal is told to differ, nothing that differs is missed, and
//! no change is overtaken.
use std::time::Duration;

use tests::load::pgbench::{self, Pgbench};
use tests::{Output, Pair, Setup, compare};

use crate::writer::Writer;

const SETTLE: Duration = Duration::from_secs(90);

/// The same rows by other ways on both sides.
const SOURCE: &str = r#"
create table ints (id int primary key, v text, n numeric, f float8);
create table two (a text collate "C", b bigint, v jsonb, primary key (a, b));
create table words (w text primary key, v int);
create table heap (a int, b text);
create table parts (id int primary key, at date, v text) partition by range (id);
create table parts_1 partition of parts for values from (0) to (500);
create table parts_2 partition of parts for values from (500) to (100000);
create table whole (id uuid primary key, v bytea, g int generated always as (length(v)) stored);
create table "Quo""te's.%s" ("I d" int primary key, "v.%" char(5), c "char", i interval, m money);
create table less (id int primary key, v int, here int default 1);
create table named (id int primary key, v int);
create table hot (id int primary key, n bigint, large text);
create table empty (id int primary key);
"#;
const TARGET: &str = r#"
create table ints (id bigint primary key, v text, n numeric, f float8);
create table two (b bigint, v jsonb, a text collate "C", primary key (a, b));
create table words (w text primary key, v int);
create table heap (b text, a int);
create table parts (id int primary key, at date, v text);
create table whole (id uuid primary key, v bytea, g int generated always as (length(v)) stored) partition by hash (id);
create table whole_1 partition of whole for values with (modulus 2, remainder 0);
create table whole_2 partition of whole for values with (modulus 2, remainder 1);
create table "Quo""te's.%s" ("I d" int primary key, "v.%" char(5), c "char", i interval, m money);
create table less (id int primary key, v int, there text default 'x');
create table renamed (id int primary key, v int);
create table hot (id int primary key, n bigint, large text);
create table empty (id int primary key);
"#;
const ROWS: &str = r#"
insert into ints
select i, 'v' || i, i / 7.0, case i % 5 when 0 then 'NaN'::float8 when 1 then '-0' when 2 then '-Infinity'
                                        else i / 3.0 end from generate_series(1, 45000) i;
insert into two select 'k' || i % 50, i, jsonb_build_object('i', i) from generate_series(1, 3000) i;
insert into words select md5(i::text) || 'äöü', i from generate_series(1, 3000) i;
insert into heap select i % 100, 'row ' || i % 100 from generate_series(1, 2000) i;
insert into parts select i, date '2026-01-01' + i % 90, 'v' from generate_series(1, 2000) i;
insert into whole select md5(i::text)::uuid, decode(md5(i::text), 'hex') from generate_series(1, 2000) i;
insert into "Quo""te's.%s"
select i, 'x', (i % 100 + 20)::"char", i * interval '1 day 1 second', i::money from generate_series(1, 200) i;
insert into less select i, i from generate_series(1, 100) i;
insert into named select i, i from generate_series(1, 100) i;
insert into hot select i, 0, repeat(md5(i::text), 200) from generate_series(1, 3) i;
"#;

/// Statements that are repeated while rows are compared. None touches a row that is damaged: replay would mend it.
const CHANGES: &[&str] = &[
    "update ints set v = 'w' || n, n = n + 0.10 where id < 25000 and id % 997 = (random() * 996)::int",
    "insert into ints select max(id) + 1, 'new', 1.0, '-0' from ints; \
     delete from ints where id = (select min(id) from ints)",
    "update two set b = b + 100000 where a = 'k7' and b = (select min(b) from two where a = 'k7')",
    "update words set v = v + 1 where v % 50 = 3; insert into words select md5(random()::text) || 'Ä', 1",
    "insert into heap values (1, 'row 1'), (5, null); \
     delete from heap where ctid = (select ctid from heap where a = 9 limit 1)",
    "update heap set b = b || '.' where a = 17",
    "update parts set v = v || 'x' where id % 100 = 5; \
     update parts set id = id + 5000 where id = (select min(id) from parts where id between 21 and 400)",
    "update whole set v = v || '\\x00'::bytea where id = (select min(id::text)::uuid from whole)",
    "update hot set n = n + 1",
    "update hot set n = n + 1",
    "update hot set n = n + 1; update hot set large = large || 'y' where id = 2",
    "insert into empty select count(*) from empty; \
     do $$ begin if (select count(*) from empty) > 20 then truncate empty; end if; end $$",
    "update \"Quo\"\"te's.%s\" set i = -i, m = m + '0.01' where \"I d\" % 7 = 0; update less set v = v + 1; \
     update named set v = v + 1 where id < 10",
];

fn replicated() -> (Pair, Setup) {
    let pair = Pair::start();
    pair.source.execute(SOURCE);
    pair.target.execute(TARGET);
    pair.source.execute(ROWS);
    pair.source.execute("analyze");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "missing_columns", "skip");
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "named", "--dest-table", "renamed"]).expect_success();
    let others = setup.londiste(&["target.ini", "add-table", "--all"]);
    others.expect_success();
    setup.wait_ok(SETTLE);
    (pair, setup)
}

fn compared(setup: &Setup, words: &[&str]) -> Output {
    let mut arguments = vec!["target.ini", "compare"];
    arguments.extend(words);
    setup.londiste(&arguments)
}

/// Changes rows behind the worker's back.
fn damage(pair: &Pair, sql: &str) {
    pair.target.admin().execute(&format!("set session_replication_role = replica; {sql}"));
}

#[test]
fn what_is_equal_is_told_so_and_what_differs_is_found_and_repaired() {
    let (pair, setup) = replicated();
    let writer = Writer::start(&pair.source, CHANGES);
    let first = compared(&setup, &[]);
    first.expect_success();
    for part in [
        "public.ints: ",
        "public.named: 100 rows, equal",
        "columns on the source only, not compared: here",
        "none differs",
    ] {
        assert!(first.stdout.contains(part), "{part}: {}", first.stdout);
    }
    compared(&setup, &["--count-only"]).expect_success();
    let changed = compared(&setup, &["--changed", "--json"]);
    // nothing was compared row by row before the counts
    changed.expect_success();
    let again = compared(&setup, &["--changed", "ints", "two", "words", "hot"]);
    again.expect_success();
    assert!(!again.stdout.contains("all rows:"), "{}", again.stdout);

    damage(
        &pair,
        r#"update ints set n = n * 1.0 + 1 where id = 30001;
           update ints set f = '0' where f = '-0' and id = 40001; delete from ints where id = 40002;
           insert into ints values (-7, 'more', 1, 1); update ints set v = null where id = 40003;
           update two set v = '{}' where a = 'k3' and b = 3;
           delete from words where v = 2999; insert into words values ('zzz', 1);
           insert into heap values ('row 3', 3); insert into heap values ('alien', 3);
           delete from heap where ctid = (select ctid from heap where a = 4 limit 1);
           delete from parts where id = 1777; update whole set v = 'x' where id = md5('777')::uuid;
           update renamed set v = -1 where id = 50;
           update "Quo""te's.%s" set c = 'z', "v.%" = 'y' where "I d" = 9"#,
    );
    let report = setup.directory().join("report");
    let found = compared(&setup, &["--report", &report.display().to_string()]);
    found.expect_failure(1, &["public.ints", "repair"]);
    for part in [
        "differs  public.ints id=30001: n on source",
        "differs  public.ints id=40001: f on source '-0', on target '0'",
        "missing on target  public.ints id=40002",
        "missing on source  public.ints id=-7",
        "differs  public.ints id=40003: v on source 'v40003', on target NULL",
        "differs  public.two a=k3 b=3: v on source",
        "missing on source  public.words w=zzz",
        "public.ints: ",
        "5 DIFFER",
        "missing on target  public.parts id=1777",
        "differs  public.named id=50: v on source",
        "public.less: 100 rows, equal",
        "alien",
    ] {
        assert!(found.stdout.contains(part), "{part}: {}", found.stdout);
    }
    let lines = std::fs::read_to_string(&report).expect("the report is there");
    assert!(lines.lines().count() >= 12 && lines.lines().all(|line| line.starts_with('{')), "{lines}");
    let hidden = compared(&setup, &["two", "--no-values"]);
    hidden.expect_failure(1, &["public.two"]);
    assert!(hidden.stdout.contains("a=k3 b=3") && !hidden.stdout.contains("{}"), "{}", hidden.stdout);

    let told = setup.londiste(&["target.ini", "repair", "ints"]);
    told.expect_success();
    for part in [
        "delete from \"public\".\"ints\" where \"id\" = '-7'",
        "insert into \"public\".\"ints\"",
        "update \"public\".\"ints\" set",
    ] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    compared(&setup, &["ints"]).expect_failure(1, &["5 rows of 1 tables differ"]);
    setup
        .londiste(&["target.ini", "repair", "ints", "--apply", "--repair-where", "t.id < 0"])
        .expect_success();
    compared(&setup, &["ints"]).expect_failure(1, &["4 rows of 1 tables differ"]);
    // without a key: as many of each row as the source has
    let told = setup.londiste(&["target.ini", "repair", "heap"]);
    told.expect_success();
    for part in [
        "insert into \"public\".\"heap\"",
        "'alien'",
        "delete from \"public\".\"heap\" where (tableoid, ctid)",
    ] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    let some = ["target.ini", "repair", "heap", "--apply", "--repair-where", "t.a = 4"];
    setup.londiste(&some).expect_success();
    compared(&setup, &["heap"]).expect_failure(1, &["2 rows of 1 tables differ"]);
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    compared(&setup, &[]).expect_success();
    assert!(writer.stop() > 3);
    setup.wait_caught_up(SETTLE);
    let tables =
        ["two", "words", "parts", "whole", "hot", "empty", "heap"].map(|name| format!("public.{name}"));
    compare::these(&pair.source, &pair.target, &tables).expect("equal, by the test's own eyes");
}

#[test]
fn it_says_what_it_cannot_tell() {
    let pair = Pair::start();
    pair.both(
        "create table a (id int primary key, v int); create table b (id int primary key, v int); \
         create table waits (id int primary key)",
    );
    pair.source.execute(
        "insert into a select i, i from generate_series(1, 1000) i; \
         insert into b select i, i from generate_series(1, 1000) i",
    );
    let setup = Setup::new(&pair);
    setup.replicate();
    compared(&setup, &["--status"]).expect_failure(3, &[]);
    compared(&setup, &["nothing"]).expect_failure(1, &["nothing", "not replicated"]);
    setup.londiste(&["source.ini", "compare"]).expect_failure(1, &["root"]);
    setup.londiste(&["target.ini", "repair"]).expect_success();
    // a role that lost its right to read
    pair.target.execute("revoke select on b from current_user");
    let refused = compared(&setup, &[]);
    refused.expect_failure(3, &["1 tables could not be compared"]);
    for part in ["public.a: 1000 rows, equal", "public.b: COULD NOT BE COMPARED", "permission denied"] {
        assert!(refused.stdout.contains(part), "{part}: {}", refused.stdout);
    }
    compared(&setup, &["--status"]).expect_failure(3, &[]);
    pair.target.execute("grant select on b to current_user");
    // a table that is not ok
    damage(&pair, "alter table a add check (v < 100000)");
    pair.source.execute("update a set v = 100000 where id = 1");
    tests::wait_until(SETTLE, "the table is parked", || {
        setup.londiste(&["target.ini", "tables"]).stdout.contains("violates check constraint")
    });
    let parked = compared(&setup, &[]);
    parked.expect_failure(3, &[]);
    assert!(parked.stdout.contains("public.a: COULD NOT BE COMPARED (it is parked"), "{}", parked.stdout);
    assert!(parked.stdout.contains("public.b: 1000 rows, equal"), "{}", parked.stdout);
    // a key column that goes
    pair.target.execute("alter table b drop column id cascade");
    let lost = compared(&setup, &["b"]);
    lost.expect_failure(3, &[]);
    assert!(lost.stdout.contains("its key column id does not exist on the target"), "{}", lost.stdout);
}

#[cfg(debug_assertions)]
#[test]
fn it_goes_on_after_death_at_each_step() {
    let pair = Pair::start();
    pgbench::create(&pair, 2);
    let setup = Setup::new(&pair);
    setup.replicate();
    let bench: Pgbench = Pgbench::start(&setup, 2, 50);
    damage(&pair, "update pgbench_accounts set abalance = 77777 where aid in (5, 100005, 199995)");
    for point in ["compare-keep-before:2", "compare-keep-after:2", "compare-keep-after:5"] {
        let mut command = setup.command(tests::executable("londiste"));
        command.args(["target.ini", "compare", "public.pgbench_accounts"]).env("LONDISTE_FAIL_POINT", point);
        let died = tests::Invocation::new(command).run();
        assert!(died.code != 0, "{}", died.report());
    }
    let found = compared(&setup, &["pgbench_accounts"]);
    found.expect_failure(1, &["3 rows of 1 tables differ"]);
    let mut command = setup.command(tests::executable("londiste"));
    command.args(["target.ini", "repair", "--apply"]).env("LONDISTE_FAIL_POINT", "repair-before-commit");
    let died = tests::Invocation::new(command).run();
    assert!(died.code != 0, "{}", died.report());
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    compared(&setup, &["--again"]).expect_success();
    bench.stop().expect_clean();
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
