//! Others at work, servers that go away, daemons that run already, and tables that fail.

use std::time::Duration;

use tests::load::shop;
use tests::{Pair, Setup, Shutdown, compare, executable, wait_until};

use super::desk::{WHOLE, line, migrate, wait_said};

#[test]
fn a_second_migrate_hears_who_runs_the_first_and_the_daemon_may_be_started_by_others() {
    let pair = Pair::start();
    pair.both("create table item (id int primary key, v text)");
    pair.source.execute("insert into item select i, 'row' from generate_series(1, 100) i");
    let setup = Setup::new(&pair);
    let mut first = setup.foreground("londiste", &["target.ini", "migrate", "--no-start"], "first");
    wait_said(&setup, "first", "waiting for: londisted -d pgqd.ini source.ini target.ini");
    let second = migrate(&setup, &[]);
    second.expect_failure(
        1,
        &["another migrate works on queue migq already", &format!("process {}", first.pid())],
    );
    // a dry run looks on
    let dry = migrate(&setup, &["--dry-run"]);
    dry.expect_success();
    line(&dry, &["daemon", "would do", "ticker", "worker of the target"]);

    setup.londisted(&["-d", "pgqd.ini", "source.ini", "target.ini"]).expect_success();
    assert_eq!(
        first.wait(WHOLE),
        0,
        "{}",
        std::fs::read_to_string(setup.directory().join("first.out")).unwrap()
    );
    let pid = setup.target_worker().expect_pid();
    let again = migrate(&setup, &[]);
    again.expect_success();
    line(&again, &["== daemon: done already", &format!("runs as process {pid}")]);
    assert_eq!(compare::assert_equal(&pair).rows, 100);

    // one part of three: the others go on as they are
    setup.londisted(&["stop", "target.ini"]).expect_success();
    setup.start_daemon("pgqd");
    let mended = migrate(&setup, &[]);
    mended.expect_success();
    line(&mended, &["daemon: londisted -d source.ini target.ini"]);
    assert_ne!(setup.ticker().expect_pid(), setup.target_worker().expect_pid());
}

#[test]
fn a_server_that_goes_away_fails_its_step_and_the_same_command_goes_on() {
    let pair = Pair::start();
    shop::create(&pair);
    let setup = Setup::new(&pair);
    setup.set("target.ini", "copy_rate_limit", "20kB");
    let mut first = setup.foreground("londiste", &["target.ini", "migrate"], "first");
    wait_said(&setup, "first", "== copies: ");
    pair.target.cluster.stop(Shutdown::Immediate);
    assert_eq!(first.wait(WHOLE), 1);
    let said = std::fs::read_to_string(setup.directory().join("first.out")).unwrap();
    assert!(
        said.contains("step copies failed") && said.contains("londiste target.ini migrate goes on"),
        "{said}"
    );
    let away = migrate(&setup, &[]);
    away.expect_failure(1, &["the target"]);
    pair.target.cluster.start_again();
    setup.set("target.ini", "copy_rate_limit", "0");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    migrate(&setup, &[]).expect_success();
    assert!(compare::assert_equal(&pair).tables >= 30);
}

#[test]
fn a_table_that_fails_is_named_and_the_others_come_through() {
    let pair = Pair::start();
    if !pair.can_be_dumped() {
        return;
    }
    pair.both(
        "create table good (id int primary key, v text); create table bad (id int primary key, v text);
         create table of_bad (id int primary key, bad_id int references bad);
         create table changed (id int primary key, v text)",
    );
    pair.source.execute(
        "insert into good select i, 'row' from generate_series(1, 100) i;
         insert into bad select i, 'row' from generate_series(1, 100) i;
         insert into of_bad select i, i from generate_series(1, 100) i;
         insert into changed select i, 'row' from generate_series(1, 100) i",
    );
    let setup = Setup::new(&pair);
    migrate(&setup, &["--until", "nodes"]).expect_success();
    pair.target.execute("alter table bad add check (id < 50)");
    let partly = migrate(&setup, &["--until", "vacuum"]);
    partly.expect_failure(1, &["step copies is not whole", "public.bad", "londiste target.ini tables"]);
    line(
        &partly,
        &["warning", "schema: ", "1 difference left, each of which stops its table: constraint bad_id_check"],
    );
    line(&partly, &["tables", "3 in sync"]);
    // its foreign key waits for it, and is no failure of its own
    line(&partly, &["vacuum: 3 tables vacuumed"]);

    // before there is a node such a difference stops the migration
    let other = pair.another("_early");
    other.source.execute("create table bad (id int primary key)");
    other.target.execute("create table bad (id int primary key check (id < 50))");
    let stopped = migrate(&Setup::new(&other), &[]);
    stopped.expect_failure(
        1,
        &["step schema is not whole", "constraint bad_id_check", "londiste target.ini schema"],
    );

    pair.target.execute("alter table bad drop constraint bad_id_check");
    setup.londiste(&["target.ini", "resync", "bad"]).expect_success();
    pair.target.execute("update changed set v = 'other' where id = 7");
    let differs = migrate(&setup, &[]);
    differs.expect_failure(1, &["rows of 1 table differ: public.changed", "londiste target.ini repair"]);
    line(&differs, &["comparison", "3 tables equal", "1 rows DIFFER: public.changed"]);
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    let whole = migrate(&setup, &[]);
    whole.expect_success();
    line(&whole, &["comparison", "4 tables equal"]);
    let valid = "select count(*) from pg_constraint
                  where contype = 'f' and convalidated and conrelid = 'of_bad'::regclass";
    assert_eq!(pair.target.number(valid), 1);
}

#[test]
fn ini_files_that_do_not_belong_together_are_refused() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.set("source.ini", "queue_name", "other");
    migrate(&setup, &[]).expect_failure(1, &["source.ini is for queue other", "target.ini for queue migq"]);
    setup.set("source.ini", "queue_name", "migq");
    setup.set("source.ini", "db", &pair.target.app().connstr());
    migrate(&setup, &[]).expect_failure(1, &["name the same database"]);
    setup.set("source.ini", "db", &pair.source.app().connstr());
    // somebody has to make the ticks
    std::fs::remove_file(setup.directory().join("pgqd.ini")).unwrap();
    migrate(&setup, &["--dry-run"]).expect_success();
    setup.set("source.ini", "stand_in_ticker", "0");
    migrate(&setup, &[]).expect_failure(1, &["pgqd.ini is not there"]);
    let program = executable("londiste");
    assert!(program.exists());
    wait_until(Duration::from_secs(1), "nothing runs", || setup.target_worker().pid().is_none());
}
