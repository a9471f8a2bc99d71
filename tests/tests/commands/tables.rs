//! Adding, listing and removing tables and sequences.
use std::time::Duration;

use tests::{Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

fn names(setup: &Setup) -> Vec<String> {
    setup.table_states().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn names_and_globs_choose_tables_and_sequences() {
    let pair = Pair::start();
    pair.both(
        r#"create table a1c (id serial primary key); create table a2c (id serial primary key);
           create table other (id serial primary key);
           create schema app; create table app.one (id int primary key); create schema "Odd One";
           create table "Odd One"."Ta.ble" (id int primary key)"#,
    );
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "a?c", "app.*", "Odd One.Ta.ble"]).expect_success();
    assert_eq!(names(&setup), ["Odd One.Ta.ble", "app.one", "public.a1c", "public.a2c"]);
    let missing = setup.londiste(&["target.ini", "missing"]);
    assert!(missing.expect_success().stdout.contains("public.other"), "{}", missing.report());
    setup.londiste(&["target.ini", "remove-table", "public.a*"]).expect_success();
    assert_eq!(names(&setup), ["Odd One.Ta.ble", "app.one"]);
    let listed = setup.londiste(&["target.ini", "tables", "--names-only"]);
    assert!(
        listed.expect_success().stdout.lines().any(|line| line.trim() == "app.one"),
        "{}",
        listed.report()
    );

    setup.londiste(&["source.ini", "add-seq", "--all"]).expect_success();
    setup.londiste(&["target.ini", "add-seq", "a?c_id_seq"]).expect_success();
    let listed = setup.londiste(&["target.ini", "seqs"]);
    assert!(listed.expect_success().stdout.contains("public.a1c_id_seq"), "{}", listed.report());
    setup.londiste(&["target.ini", "remove-seq", "public.a1c_id_seq"]).expect_success();
    let local = "select seq_name from londiste.get_seq_list('migq') where local";
    assert_eq!(pair.target.value(local), "public.a2c_id_seq");
}

#[test]
fn a_table_that_cannot_be_added_is_reported_and_the_others_are_added() {
    let pair = Pair::start();
    pair.both("create table good (id int primary key); create table good_too (a int)");
    pair.source.execute("create table only_source (id int primary key)");
    for side in [&pair.source, &pair.target] {
        side.admin().execute("create table not_mine (id int primary key)");
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let output = setup.londiste(&["source.ini", "add-table", "--all"]);
    output.expect_failure(1, &["public.not_mine"]);
    let output = setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]);
    output.expect_failure(1, &["public.only_source"]);
    assert_eq!(names(&setup), ["public.good", "public.good_too"]);
    setup.londiste(&["target.ini", "add-table", "only_source", "--skip-non-existing"]).expect_success();
    let output = setup.londiste(&["target.ini", "add-table", "nowhere_at_all"]);
    output.expect_failure(1, &["nowhere_at_all"]);
    setup.wait_ok(SETTLE);
}

#[test]
fn a_removed_table_is_left_as_it_was_found() {
    let pair = Pair::start();
    pair.both(
        "create table t (id int primary key, v text);
         create function f() returns trigger language plpgsql as 'begin return new; end';
         create trigger mine before update on t for each row execute function f()",
    );
    let triggers = "select string_agg(tgname || ' ' || tgenabled::text, ',' order by tgname) from pg_trigger \
                     where tgrelid = 't'::regclass";
    let before = [pair.source.value(triggers), pair.target.value(triggers)];
    let setup = Setup::new(&pair);
    setup.replicate();
    assert_ne!(pair.source.value(triggers), before[0]);
    setup.londiste(&["target.ini", "remove-table", "t"]).expect_success();
    setup.londiste(&["source.ini", "remove-table", "t"]).expect_success();
    assert_eq!([pair.source.value(triggers), pair.target.value(triggers)], before);
    pair.source.execute("insert into t values (1, 'x')");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.number("select count(*) from t"), 0);
}

#[test]
fn sequences_arrive_with_a_margin() {
    let pair = Pair::start();
    pair.both(
        r#"create sequence "Seq.one" start 5;
           create table t (id int generated always as identity primary key, n bigserial)"#,
    );
    pair.source
        .execute(r#"select setval('"Seq.one"', 123456); insert into t select from generate_series(1, 5000)"#);
    let setup = Setup::new(&pair);
    setup.replicate();
    let source = |name: &str| pair.source.number(&format!("select last_value from {name}"));
    let target = |name: &str| pair.target.number(&format!("select last_value from {name}"));
    for name in [r#""Seq.one""#, "t_id_seq", "t_n_seq"] {
        wait_until(SETTLE, &format!("{name} is ahead on the target"), || target(name) > source(name));
    }
    pair.source.execute(r#"select setval('"Seq.one"', 10000000)"#);
    wait_until(SETTLE, "a leap is followed", || target(r#""Seq.one""#) > 10_000_000);
}

#[test]
fn pause_and_resume_hold_the_worker() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let setup = Setup::new(&pair);
    setup.replicate();
    setup.londiste(&["target.ini", "pause"]).expect_success();
    let state = "select paused and uptodate from pgq_node.get_consumer_info('migq') where consumer_name = 'target_app'";
    wait_until(SETTLE, "the worker has seen that it is paused", || pair.target.value(state) == "t");
    pair.source.execute("insert into t values (1); select pgq.force_tick('migq')");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(pair.target.number("select count(*) from t"), 0);
    setup.londiste(&["target.ini", "resume"]).expect_success();
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    setup.londiste(&["target.ini", "wait-root"]).expect_success();
    setup.londiste(&["target.ini", "wait-provider"]).expect_success();
}

#[test]
fn members_and_nodes_are_told_and_dropped() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for ini in ["source.ini", "target.ini"] {
        let members = setup.londiste(&[ini, "members"]);
        members.expect_success();
        assert!(
            members.stdout.contains("primary") && members.stdout.contains("subscriber"),
            "{}",
            members.report()
        );
        assert!(!members.stdout.contains("Secret"), "{}", members.report());
        setup.londiste(&[ini, "node-status"]).expect_success();
    }
    let third = pair.another("_third");
    let provider = format!("--provider={}", pair.source.connstr());
    let db = format!("db={}", third.target.connstr());
    let used = ["--set", &db, "target.ini", "create-leaf", "subscriber", &third.target.connstr(), &provider];
    setup.londiste(&used).expect_failure(1, &["subscriber"]);
    setup.londiste(&["-s", "target.ini"]).expect_success();
    setup.target_worker().wait_gone(SETTLE);
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    let members = setup.londiste(&["source.ini", "members"]);
    assert!(!members.expect_success().stdout.contains("subscriber"), "{}", members.report());
}

#[test]
fn a_public_connect_string_must_reach_the_same_database() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let other = pair.another("_other");
    let output = setup.londiste(&["source.ini", "create-root", "primary", &other.source.connstr()]);
    assert!(output.code == 1 && !output.stderr.contains("Secret"), "{}", output.report());
    setup
        .londiste(&["source.ini", "create-root", "primary", &other.source.connstr(), "--nocheck"])
        .expect_success();
    let output = setup.londiste(&["source.ini", "create-root", "second", &pair.source.connstr()]);
    assert_eq!(output.code, 1, "{}", output.report());
}

/// Options of `add-table`; timing, events, function and arguments of the trigger; what it writes of an insert, two
/// updates and a delete, as type and data.
const STOCK: &[(&str, &[&str], &str, &[&str])] = &[
    (
        "backup",
        &["--trigger-arg=backup"],
        "_londiste_migq AFTER INSERT OR DELETE OR UPDATE pgq.logutriga('migq', 'backup')",
        &[
            "I:id id=1&v=2&w",
            "U:id id=1&v=3&w id=1&v=2&w",
            "U:id id=1&v=3&w=x id=1&v=3&w",
            "D:id id=1&v=3&w=x",
        ],
    ),
    (
        "no_deletes",
        &["--trigger-flags=AIUL"],
        "_londiste_migq AFTER INSERT OR UPDATE pgq.logutriga('migq')",
        &["I:id id=1&v=2&w", "U:id id=1&v=3&w", "U:id id=1&v=3&w=x"],
    ),
    (
        "swallowed",
        &["--trigger-flags=BQS"],
        "zzz__londiste_migq BEFORE INSERT OR DELETE OR UPDATE pgq.sqltriga('migq', 'SKIP')",
        &["I (id,v,w) values ('1','2',null)"],
    ),
    (
        "in_json",
        &["--trigger-flags=AJUD", "--trigger-arg=ignore=w", "--trigger-arg=when=v <> 7"],
        "_londiste_migq AFTER DELETE OR UPDATE pgq.jsontriga('migq', 'ignore=w', 'when=v <> 7')",
        &[
            r#"{"op":"UPDATE","table":["public","in_json"],"pkey":["id"]} {"id":1,"v":3}"#,
            r#"{"op":"DELETE","table":["public","in_json"],"pkey":["id"]} {"id":1,"v":3}"#,
        ],
    ),
];

#[test]
fn flags_and_arguments_choose_the_stock_triggers() {
    let pair = Pair::start();
    for (table, ..) in STOCK {
        pair.both(&format!("create table {table} (id int primary key, v int, w text)"));
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for (table, options, trigger, events) in STOCK {
        let mut command = vec!["source.ini", "add-table", table];
        command.extend(*options);
        setup.londiste(&command).expect_success();
        let installed = pair.source.value(&format!(
            "select string_agg(concat_ws(' ', tgname, substring(d from '(BEFORE|AFTER) '),
                                         substring(d from '(?:BEFORE|AFTER) (.*) ON '),
                                         substring(d from 'FUNCTION (.*)$')),
                               '; ' order by tgname)
               from pg_trigger t, pg_get_triggerdef(t.oid) d where t.tgrelid = '{table}'::regclass"
        ));
        let truncated = "_londiste_migq_truncate AFTER TRUNCATE pgq.sqltriga('migq')";
        let mut expected = [*trigger, truncated];
        expected.sort_unstable();
        assert_eq!(installed, expected.join("; "), "{options:?}");
        pair.source.execute(&format!("insert into {table} values (1, 2)"));
        pair.source.execute(&format!("update {table} set v = 3"));
        pair.source.execute(&format!("update {table} set w = 'x'"));
        pair.source.execute(&format!("delete from {table}"));
        let parts = ["0", "1", "2"].map(|part| {
            format!(
                "select ev_id, concat_ws(' ', ev_type, ev_data, ev_extra2) as e from pgq.event_1_{part} \
                  where ev_extra1 = 'public.{table}'"
            )
        });
        let written =
            pair.source.rows(&format!("select e from ({}) x order by ev_id", parts.join(" union all ")));
        let written: Vec<String> = written.into_iter().flatten().flatten().collect();
        assert_eq!(written, *events, "{options:?}");
        assert_eq!(pair.source.number(&format!("select count(*) from {table}")), 0, "{options:?}");
    }
    let refused = setup.londiste(&["target.ini", "add-table", "backup", "--trigger-flags=A"]);
    refused.expect_failure(1, &["not the root"]);
}

#[test]
fn missing_lists_what_add_table_would_take() {
    let pair = Pair::start();
    pair.both(
        "create table parts (id int primary key) partition by range (id);
         create table low partition of parts for values from (0) to (10);
         create table middle partition of parts for values from (10) to (20) partition by range (id);
         create table middle_low partition of middle for values from (10) to (15);
         create table single (id int primary key) partition by range (id);
         create table single_a partition of single for values from (0) to (10);
         create table single_b partition of single for values from (10) to (20);
         create table later (id int primary key) partition by range (id);
         create table later_a partition of later for values from (0) to (10);
         create unlogged table fast (id int primary key);
         create table parent (id int primary key); create table child (primary key (id)) inherits (parent);
         create sequence s",
    );
    let admin = pair.source.admin();
    admin.execute("create foreign data wrapper w; create server f foreign data wrapper w");
    admin.execute(&format!("grant usage on foreign server f to {}", pair.source.user));
    pair.source.execute("create foreign table far (id int) server f");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let missing = |ini: &str| -> Vec<String> {
        let output = setup.londiste(&[ini, "missing"]);
        let kinds = |line: &&str| ["r", "S"].contains(&line.split_whitespace().next().unwrap_or_default());
        let name = |line: &str| line.split_whitespace().last().unwrap_or_default().replace("public.", "");
        output.expect_success().stdout.lines().filter(kinds).map(name).collect()
    };
    setup.londiste(&["source.ini", "add-table", "parts", "single_a"]).expect_success();
    let left = ["s", "child", "fast", "later", "parent", "single_b"];
    assert_eq!(missing("source.ini"), left);
    let sql = "select string_agg(obj_name, ' ') from londiste.local_show_missing('migq')";
    assert_eq!(pair.source.value(sql).replace("public.", ""), left.join(" "));
    // the target hears of them by the queue
    wait_until(SETTLE, "the target knows both", || missing("target.ini") == ["parts", "single_a"]);
    setup.londiste(&["target.ini", "add-table", "parts"]).expect_success();
    assert_eq!(missing("target.ini"), ["single_a"]);
    // the foreign table is refused with the reason, the others are taken
    let all = setup.londiste(&["source.ini", "add-table", "--all"]);
    all.expect_failure(1, &["public.far", "it is a foreign table"]);
    assert_eq!(missing("source.ini"), ["s"]);
    setup.londiste(&["source.ini", "add-seq", "--all"]).expect_success();
    assert_eq!(missing("source.ini"), Vec::<String>::new());
}
