//! Commands of `londiste` that look at nodes, create them, wait for them and take them out.
use std::time::Duration;

use tests::{Pair, Setup, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

fn create_leaf(setup: &Setup, name: &str, location: &str, provider: &str) -> tests::Output {
    let provider = format!("--provider={provider}");
    setup.londiste(&["target.ini", "create-leaf", name, location, &provider])
}

#[test]
fn a_node_that_was_half_made_is_completed_by_the_same_command() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key); create sequence s");
    let setup = Setup::new(&pair);
    let (source, target) = (pair.source.connstr(), pair.target.connstr());
    create_leaf(&setup, "subscriber", &target, &source)
        .expect_failure(1, &["migq", "did you run create-root"]);
    setup.londiste(&["source.ini", "create-root", "primary", &source]).expect_success();
    for command in ["add-table", "add-seq"] {
        setup.londiste(&["source.ini", command, "--all"]).expect_success();
    }
    setup.londiste(&["source.ini", "create-root", "another", &source]).expect_failure(1, &["primary (root)"]);
    create_leaf(&setup, "primary", &target, &source).expect_failure(1, &["the name primary is taken"]);

    // What a crash between the two commits leaves: a subscription without its node.
    pair.source.execute(&format!(
        "select pgq_node.register_location('migq', 'subscriber', '{target}', false);
         select pgq_node.register_subscriber('migq', 'subscriber', 'target_app', null)"
    ));
    create_leaf(&setup, "subscriber", &target, &source).expect_success();
    let subscribed = "select last_tick from pgq.get_consumer_info('migq', 'target_app')";
    let completed = "select completed_tick from pgq_node.get_worker_state('migq')";
    assert_eq!(pair.source.number(subscribed), pair.target.number(completed), "no event is skipped");
    assert_eq!(pair.target.value("select table_name from londiste.get_table_list('migq')"), "public.t");
    assert_eq!(pair.target.value("select seq_name from londiste.get_seq_list('migq')"), "public.s");

    let again = create_leaf(&setup, "subscriber", &target, &source);
    assert!(again.expect_success().stdout.contains("already"), "{}", again.report());
    let other = create_leaf(&setup, "someone", &target, &source);
    other.expect_failure(1, &["subscriber (leaf)"]);
}

#[test]
fn a_leaf_leaves_by_any_members_ini_file_and_nothing_of_it_stays() {
    let pair = Pair::start();
    pair.both("create table t (id serial primary key)");
    let setup = Setup::new(&pair);
    let triggers = "select count(*) from pg_trigger where tgrelid = 't'::regclass";
    for ini in ["source.ini", "target.ini"] {
        setup.start_nodes();
        setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
        setup.londiste(&["target.ini", "add-table", "t", "--wait-sync"]).expect_success();
        assert_eq!(pair.target.number(triggers), 2, "the leaf's table is guarded");
        pair.source.execute("select pgq.register_consumer('migq', 'target_app.copy.public.gone')");
        setup.londiste(&[ini, "drop-node", "primary"]).expect_failure(1, &["drop them first: subscriber"]);
        setup.londiste(&[ini, "drop-node", "nobody"]).expect_failure(1, &["primary, subscriber"]);
        setup.londiste(&[ini, "drop-node", "subscriber"]).expect_success();
        assert_eq!(pair.target.number(triggers), 0);
        assert_eq!(pair.target.number("select count(*) from pgq_node.node_location"), 0);
        let consumers = "select string_agg(consumer_name, ',') from pgq.get_consumer_info('migq')";
        assert_eq!(pair.source.value(consumers), ".global_watermark");
        setup.londiste(&["source.ini", "drop-node", "primary"]).expect_success();
        assert_eq!(pair.source.number(triggers), 0, "its capture is released");
        for name in ["pgqd", "source", "target"] {
            if name == "pgqd" {
                setup.pgqd(&["-k", "pgqd.ini"])
            } else {
                setup.londiste(&["-k", &format!("{name}.ini")])
            };
        }
        for daemon in [setup.ticker(), setup.source_worker(), setup.target_worker()] {
            daemon.wait_gone(SETTLE);
        }
    }
}

#[test]
fn a_node_out_of_reach_is_shown_and_can_be_forgotten() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let allow = |yes: bool| {
        let database = &pair.target.dbname;
        let admin = pair.target.cluster.admin("postgres");
        admin.execute(&format!("alter database {database} allow_connections {yes}"));
        admin.execute(&format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
        ));
    };
    allow(false);
    let status = setup.londiste(&["source.ini", "status"]);
    status.expect_success();
    assert!(status.stdout.contains("  +--: subscriber (?)"), "{}", status.report());
    assert!(status.stdout.contains("ERR: not reachable"), "{}", status.report());
    assert!(!status.stdout.contains("Secret"), "{}", status.report());
    let compact = setup.londiste(&["source.ini", "status", "--compact"]);
    assert_eq!(compact.expect_success().stdout.trim_end().lines().count(), 4, "{}", compact.report());

    let dropped = setup.londiste(&["source.ini", "drop-node", "subscriber"]);
    assert!(dropped.expect_success().stderr.contains("only its provider forgets it"), "{}", dropped.report());
    assert_eq!(pair.source.number("select count(*) from pgq_node.subscriber_info"), 0);
    allow(true);
    setup.londiste(&["target.ini", "drop-node", "subscriber"]).expect_success();
    assert_eq!(pair.target.number("select count(*) from pgq_node.node_info"), 0);
}

#[test]
fn a_paused_worker_is_named_by_all_who_wait_for_it() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key); create table later (id int primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "t", "--wait-sync"]).expect_success();
    setup.londiste(&["source.ini", "pause", "--node=subscriber"]).expect_success();
    let status = setup.londiste(&["source.ini", "status"]);
    assert!(status.expect_success().stdout.contains(", PAUSED"), "{}", status.report());
    setup.londiste(&["source.ini", "resume", "--consumer=nobody"]).expect_failure(1, &["nobody", "primary"]);
    setup.londiste(&["source.ini", "add-table", "later"]).expect_success();
    setup
        .londiste(&["target.ini", "add-table", "later"])
        .expect_failure(1, &["subscriber is paused", "resume"]);

    let mut waiting = setup.foreground("londiste", &["target.ini", "wait-root"], "wait-root");
    let said = setup.directory().join("wait-root.out");
    wait_until(SETTLE, "wait-root names the obstacle", || {
        std::fs::read_to_string(&said).unwrap_or_default().contains("target_app is paused")
    });
    setup.londiste(&["target.ini", "resume"]).expect_success();
    assert_eq!(waiting.wait(SETTLE), 0);
    setup.londiste(&["target.ini", "add-table", "later"]).expect_success();
    setup.londiste(&["target.ini", "wait-sync"]).expect_success();
    setup.londiste(&["target.ini", "wait-sync", "nosuch"]).expect_failure(1, &["public.nosuch"]);
    setup.londiste(&["target.ini", "wait-provider"]).expect_success();
    setup.londiste(&["source.ini", "wait-root"]).expect_success();
    let node = setup.londiste(&["target.ini", "node-status"]);
    for line in ["Worker: target_app", "Provider: primary", "Tables: 2/0/0", "States: 2 ok"] {
        assert!(node.expect_success().stdout.contains(line), "{line}\n{}", node.report());
    }
}

#[test]
fn a_lock_is_waited_for_in_short_turns_and_its_holder_named() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let setup = Setup::new(&pair);
    setup.set("source.ini", "lock_timeout", "60");
    setup.londiste(&["source.ini", "create-root", "primary", &pair.source.connstr()]).expect_success();
    let mut holder = pair.source.connect();
    let mut open = holder.transaction().unwrap();
    open.batch_execute("insert into t values (1)").unwrap();
    let mut adding = setup.foreground("londiste", &["source.ini", "add-table", "t"], "add-table");
    let said = || std::fs::read_to_string(setup.directory().join("add-table.out")).unwrap_or_default();
    wait_for(SETTLE, "the next try is announced", || {
        let text = said();
        let words = [
            "waits for a lock of process",
            "application \"tests\"",
            "idle in transaction",
            "insert into t values (1)",
        ];
        let named = words.iter().all(|word| text.contains(word));
        if named && text.contains("next try in") { Ok(()) } else { Err(text) }
    });
    // Nobody waits behind it for anything like lock_timeout.
    for id in 2..5 {
        pair.source.execute(&format!("set lock_timeout = '25s'; insert into t values ({id})"));
    }
    open.commit().unwrap();
    assert_eq!(adding.wait(SETTLE), 0, "{}", said());
    setup.londiste(&["source.ini", "check-capture"]).expect_success();
}

#[test]
fn a_missing_table_is_made_from_the_providers_definition() {
    let pair = Pair::start();
    pair.source.execute(
        r#"create schema "My Shop"; create type mood as enum ('sad', 'happy');
           create function here_only() returns int language sql as 'select 1';
           create table "My Shop"."Order" (id int generated by default as identity primary key,
               m mood default 'sad', n int default here_only(),
               twice int generated always as (n * 2) stored,
               note text collate "C" not null check (note <> ''), code text unique);
           create index "By Note" on "My Shop"."Order" using btree (lower(note)) where n > 0;
           comment on table "My Shop"."Order" is 'it''s ours'; comment on column "My Shop"."Order".note is 'free text';
           create table part (id int, d date not null, v text, primary key (id, d)) partition by range (d);
           create table part_old partition of part for values from ('2020-01-01') to ('2021-01-01');
           create table part_rest partition of part default; create index part_v on part (v);
           create index old_v on part_old (v, d)"#,
    );
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let add = |words: &[&str]| setup.londiste(&[&["target.ini", "add-table"], words].concat());
    add(&["part"]).expect_failure(1, &["public.part does not exist on node subscriber", "--create"]);
    add(&["My Shop.Order", "--create-full"]).expect_failure(1, &["type \"public.mood\" does not exist"]);
    assert_eq!(
        pair.target.number("select count(*) from pg_namespace where nspname = 'My Shop'"),
        0,
        "nothing is half made"
    );
    pair.target.execute("create type mood as enum ('sad', 'happy')");
    let made = add(&["My Shop.Order", "part", "--create-full", "--no-triggers", "--wait-sync"]);
    assert!(
        made.expect_success().stdout.contains("default of My Shop.Order.n is left out"),
        "{}",
        made.report()
    );

    let columns = "select attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
            attidentity, attgenerated, attcollation,
            col_description(attrelid, attnum), obj_description(attrelid, 'pg_class')
       from pg_attribute join pg_class c on c.oid = attrelid
      where relname in ('Order', 'part', 'part_old', 'part_rest') and attnum > 0 order by 1, 2";
    assert_eq!(pair.target.rows(columns), pair.source.rows(columns));
    let constraints = "select c.relname, conname, pg_get_constraintdef(k.oid)
         from pg_constraint k join pg_class c on c.oid = k.conrelid
        where contype <> 'n' and c.relname in ('Order', 'part', 'part_old', 'part_rest') order by 1, 2";
    assert_eq!(pair.target.rows(constraints), pair.source.rows(constraints));
    let indexes = "select count(*), bool_and(indisvalid) from pg_index join pg_class c on c.oid = indrelid
        where c.relname in ('Order', 'part', 'part_old', 'part_rest')";
    assert_eq!(pair.target.rows(indexes), pair.source.rows(indexes));
    let sequence = r#"select pg_get_serial_sequence('"My Shop"."Order"', 'id')"#;
    assert_eq!(pair.target.value(sequence), pair.source.value(sequence));
    let defaults = r#"select pg_get_expr(adbin, adrelid) from pg_attrdef
                       where adrelid = '"My Shop"."Order"'::regclass order by adnum"#;
    assert_eq!(pair.target.rows(defaults).len(), 2, "the enum's default and the generated column");
}

#[test]
fn a_leaf_waits_for_its_worker_and_says_so_when_none_runs() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["-s", "target.ini"]).expect_success();
    setup.target_worker().wait_gone(SETTLE);
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    let output = setup.londiste(&["target.ini", "add-table", "--all"]);
    output.expect_failure(1, &["public.t", "is the worker running?", "londiste -d target.ini worker"]);
    assert!(output.took < Duration::from_secs(45), "{:?}", output.took);
    assert_eq!(setup.table_states().len(), 0);
    setup.start_daemon("target");
    setup.londiste(&["target.ini", "add-table", "--all"]).expect_success();
    setup.wait_ok(SETTLE);
}
