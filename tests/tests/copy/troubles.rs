//! What is wrong with one table's copy stops that table only, and says what it is.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::installation::give_to_server_user;
use tests::{Pair, Setup, Side, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(90);

const PARKED: &str = "select coalesce(string_agg(replace(table_name, 'public.', ''), \
                                                 ',' order by table_name), '') from londiste_rs.parked_tables('migq')";

#[track_caller]
fn wait_parked(setup: &Setup, tables: &str) {
    wait_for(SETTLE, "tables are parked, the others ok", || {
        let parked = setup.target.value(PARKED);
        let half = setup.table_states().into_iter().filter(|(_, state)| state != "ok").count();
        let done = parked == tables && half == tables.split(',').count();
        if done { Ok(()) } else { Err(format!("{parked}, {half}\n{}", setup.logs())) }
    });
}

fn told(setup: &Setup) -> String {
    setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone()
}

#[test]
fn tables_that_cannot_be_copied_are_parked_and_the_others_go_on() {
    let pair = Pair::start();
    pair.both(
        "create type mood as enum ('glad', 'so, so', 'weh \"\\');
         create domain positive as int check (value > 0); create extension citext;
         create table narrow (id int primary key, \"Total\" bigint);
         create table checked (id int primary key, v text); create table once (id int, v text);
         create table gone (id int primary key); create table forgotten (id int primary key);
         create unlogged table unlogged (id int primary key, v text); create table shared (id int primary key, v text);
         create table typed (id positive primary key, m mood, c citext, v text)",
    );
    pair.target.execute(
        "alter table narrow alter \"Total\" type int; alter table checked add check (v <> 'secret 1'); \
         alter table once add unique (v)",
    );
    pair.source.execute(
        "insert into narrow values (1, 1), (2, 3000000000); insert into checked values (1, 'secret 1');
         insert into once values (1, 'secret 2'), (2, 'secret 2');
         insert into gone values (1); insert into forgotten values (1);
         insert into unlogged select i, 'v' from generate_series(1, 30000) i;
         insert into shared select i, 'v' from generate_series(1, 100) i;
         insert into typed select i, (enum_range(null::mood))[1 + i % 3], 'Ä' || i, null
                             from generate_series(1, 100) i",
    );
    let setup = Setup::new(&pair);
    let hour =
        pair.source.number("select extract(hour from now() at time zone 'UTC' + interval '12 hours')::int");
    setup.set("target.ini", "copy_window", &format!("{hour:02}:00-{hour:02}:01 UTC"));
    setup.start_nodes();
    // somebody else takes its changes already
    pair.source.execute(
        "create publication somebody for table shared;
         select pgq_node.register_location('other', 'r', 'dbname=x', false);
         select pgq_node.create_node('other', 'root', 'r', 'w', null, null, null);
         select londiste_rs.add_table('other', 'public.shared', null, '{}')",
    );
    setup.add_all();
    pair.target.execute("drop table gone");
    pair.source.admin().execute("drop table forgotten");
    setup.set("target.ini", "copy_window", "");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    wait_parked(&setup, "checked,forgotten,gone,narrow,once");
    let said = told(&setup);
    for part in [
        "table public.gone does not exist on the target",
        "table public.forgotten does not exist on the source",
        "value \"…\" is out of range for type integer",
        "COPY narrow, line 2, column Total",
        "SQLSTATE 22003",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let log = setup.target_worker().log();
    let status = setup.londiste(&["target.ini", "status"]).stdout.clone();
    for (place, text) in [("tables", &said), ("log", &log), ("status", &status)] {
        for value in ["3000000000", "secret"] {
            assert!(!text.contains(value), "{place} show a value of a row: {text}");
        }
    }
    let copied = log.lines().find(|line| line.contains("table is copied") && line.contains("public.typed"));
    assert!(copied.is_some_and(|line| line.contains("binary=true")), "{log}");
    pair.target
        .execute("create table gone (id int primary key); alter table narrow alter \"Total\" type bigint;
                  alter table checked drop constraint checked_v_check; alter table once drop constraint once_v_key");
    setup.londiste(&["target.ini", "resume-table", "gone", "narrow", "checked", "once"]).expect_success();
    setup.londiste(&["target.ini", "remove-table", "forgotten"]).expect_success();
    pair.target.execute("drop table forgotten");
    pair.source.execute(
        "update shared set v = 'w'; update unlogged set v = 'w' where id < 10; \
         update typed set m = 'glad', c = c || 'ß'",
    );
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// Makes the side's database anew in another encoding.
fn encode(side: &Side, encoding: &str) {
    let admin = side.cluster.admin("postgres");
    admin.execute(&format!("drop database {}", side.dbname));
    admin.execute(&format!(
        "create database {} owner {} encoding '{encoding}' locale 'C' template template0",
        side.dbname, side.user
    ));
}

#[test]
fn encodings_are_converted_and_what_cannot_be_is_told() {
    let pair = Pair::start();
    for (suffix, source, target) in [("_west", "LATIN1", "UTF8"), ("_east", "UTF8", "LATIN1")] {
        let pair = pair.another(suffix);
        encode(&pair.source, source);
        encode(&pair.target, target);
        pair.both(
            "create table word (id int primary key, v text); create table coin (id int primary key, v text)",
        );
        pair.source.execute("insert into word values (1, 'für'), (2, 'Øre \\ ß')");
        let setup = Setup::new(&pair);
        if target == "LATIN1" {
            pair.source.execute("insert into coin values (1, '1 €')");
            setup.start_nodes();
            setup.add_all();
            wait_parked(&setup, "coin");
            let said = told(&setup);
            assert!(
                said.contains("has no equivalent in encoding \"LATIN1\"") && said.contains("SQLSTATE 22P05"),
                "{said}"
            );
            pair.source.execute("update coin set v = '1 Euro'");
            setup.londiste(&["target.ini", "resume-table", "coin"]).expect_success();
            setup.wait_ok(SETTLE);
        } else {
            setup.replicate();
        }
        pair.source.execute("insert into word values (3, 'naïve'); update word set v = 'Größe' where id = 1");
        setup.wait_caught_up(SETTLE);
        // compared by the client: the servers' own bytes differ
        let all = "select string_agg(format('%s=%s', id, v), ',' order by id) \
                     from (select * from word union all select * from coin) t";
        assert_eq!(pair.target.value(all), pair.source.value(all));
        assert!(pair.target.value(all).contains("1=Größe"));
    }
}

/// A file system in memory that can be made larger.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at);
        command.output().is_ok_and(|output| output.status.success())
    }

    /// `None` where this user or this machine may not mount.
    fn small(at: PathBuf) -> Option<Disk> {
        std::fs::create_dir(&at).expect("a directory");
        let mounted = Disk::mount(&at, "size=6m");
        let disk = Disk(at);
        mounted.then(|| {
            give_to_server_user(&disk.0);
            disk
        })
    }

    fn grow(&self) {
        assert!(Disk::mount(&self.0, "remount,size=200m"), "the disk cannot be made larger");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // lazily: the server has files in it
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_parks_the_table_and_its_copy_goes_on_when_there_is_space() {
    let pair = Pair::start();
    let Some(disk) = Disk::small(pair.target.cluster.directory().join("small")) else {
        eprintln!("no file system can be mounted here: nothing to test");
        return;
    };
    let admin = pair.target.admin();
    admin.execute(&format!("create tablespace small location '{}'", disk.0.display()));
    admin.execute(&format!("grant create on tablespace small to {}", pair.target.user));
    pair.both(
        "create table big (id int primary key, pad text); create table other (id int primary key, pad text)",
    );
    pair.target.execute("alter table big set tablespace small");
    let rows = "insert into %s select i, repeat('x', 180) from generate_series(1, 60000) i";
    for table in ["big", "other"] {
        pair.source.execute(&rows.replace("%s", table));
    }
    let setup = Setup::new(&pair);
    setup.set("target.ini", "copy_chunk_pages", "200");
    setup.set("target.ini", "table_retry_period", "1");
    setup.start_nodes();
    setup.add_all();
    wait_until(SETTLE, "the other table is ok, this one waits for space", || {
        setup.table_states().contains(&("public.other".to_owned(), "ok".to_owned()))
            && told(&setup).contains("No space left on device")
    });
    pair.source.execute("update big set pad = 'changed' where id % 1000 = 0");
    let chunks = "select count(*) from londiste_rs.copy_chunk";
    if pair.source.cluster.major() >= 14 {
        assert!(pair.target.number(chunks) > 0, "what was there before stays");
    }
    disk.grow();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 120_000);
    let log = setup.target_worker().log();
    assert!(log.contains("copy is parked") && !log.contains("starts over"), "{log}");
}

#[test]
fn a_copy_that_is_refused_a_lock_again_and_again_gives_its_slot_to_the_next() {
    let pair = Pair::start();
    // the larger one is copied first; both are too large to go together
    pair.both(
        "create table held (id int primary key, pad text); create table waits (id int primary key, pad text)",
    );
    let fill = |table: &str, rows: u32| {
        pair.source.execute(&format!(
            "insert into {table} select i, repeat('x', 200) from generate_series(1, {rows}) i"
        ));
        pair.source.execute(&format!("analyze {table}"));
    };
    fill("held", 20_000);
    fill("waits", 10_000);
    let setup = Setup::new(&pair);
    for (key, value) in [
        ("parallel_copies", "1"),
        ("lock_timeout", "0.2"),
        ("exception_sleep", "0.5"),
        ("table_retry_period", "1"),
    ] {
        setup.set("target.ini", key, value);
    }
    setup.start_nodes();
    let mut lock = pair.target.admin().connect();
    setup.londiste(&["source.ini", "add-table", "--all"]).expect_success();
    setup.wait_caught_up(SETTLE);
    lock.batch_execute("begin; lock table held in access share mode").expect("a lock");
    setup.londiste(&["target.ini", "add-table", "--all", "--no-triggers"]).expect_success();
    wait_parked(&setup, "held");
    // it is tried again each few seconds, and not parked then
    wait_for(SETTLE, "the parked table is told", || {
        let said = told(&setup);
        let is_told = said.contains("SQLSTATE 55P03") && said.contains("the others go on");
        if is_told { Ok(()) } else { Err(said) }
    });
    pair.source.execute("update waits set pad = 'x' where id = 1; update held set pad = 'x' where id = 1");
    setup.wait_caught_up(SETTLE);
    assert_eq!(pair.target.value("select pad from waits where id = 1"), "x");
    lock.batch_execute("commit").expect("the lock is given up");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 30_000);
}
