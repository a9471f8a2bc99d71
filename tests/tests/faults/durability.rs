//! What others rely on survives a crash of the server, also where `synchronous_commit = off` for server, database and
//! role.

use std::time::Duration;

use tests::{Pair, Setup, Side, wait_until};

const QUICK: Duration = Duration::from_secs(30);

/// Servers that write their log late, unless a commit waits for it.
fn start() -> (Pair, Setup) {
    let pair = Pair::start_with(&[
        ("synchronous_commit", "off"),
        ("wal_writer_delay", "10s"),
        ("wal_writer_flush_after", "1GB"),
        ("autovacuum", "off"),
    ]);
    for side in [&pair.source, &pair.target] {
        let (role, database) = (&side.user, &side.dbname);
        side.admin().execute(&format!(
            "alter database {database} set synchronous_commit = off; alter role {role} set synchronous_commit = off"
        ));
        assert_eq!(side.value("show synchronous_commit"), "off");
    }
    pair.both("create table t (id bigint primary key, v text)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    (pair, setup)
}

fn crash(side: &Side) {
    side.cluster.kill();
    side.cluster.start_again();
}

fn has(side: &Side, row: i64) -> bool {
    side.number(&format!("select count(*) from t where id = {row}")) == 1
}

/// Its commits are asynchronous.
fn insert(pair: &Pair, row: i64) {
    pair.source.execute(&format!("insert into t values ({row})"));
}

#[test]
fn a_crashed_target_has_what_its_worker_has_finished() {
    let (pair, setup) = start();
    setup.add_all();
    setup.wait_ok(QUICK);
    // what a trigger of the application says inside the batch does not count either
    pair.target.admin().execute(
        "create function lazy() returns trigger language plpgsql
             as $$ begin set local synchronous_commit = off; return null; end $$;
         create trigger lazy after insert on t for each row execute function lazy();
         alter table t enable always trigger lazy",
    );
    for row in 1..=3 {
        insert(&pair, row);
        wait_until(QUICK, &format!("row {row} arrives"), || {
            pair.target
                .try_rows(&format!("select id from t where id = {row}"))
                .is_ok_and(|rows| rows.len() == 1)
        });
        crash(&pair.target);
        assert!(has(&pair.target, row), "row {row} was lost in the crash");
    }
    let log = setup.target_worker().log();
    assert!(!log.contains("lost position"), "{log}");
}

#[test]
fn a_tick_that_was_seen_survives_with_all_events_before_it() {
    let (pair, setup) = start();
    setup.add_all();
    setup.wait_ok(QUICK);
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    let newest = "select max(tick_id) from pgq.tick";
    let mut app = pair.source.connect();
    app.batch_execute("insert into t values (1, 'asynchronous')").unwrap();
    let row = app
        .query_one("select londiste_rs.tick_now('migq'), current_setting('synchronous_commit')", &[])
        .unwrap();
    let tick: i64 = row.get(0);
    drop(app);
    crash(&pair.source);
    assert_eq!(pair.source.number(newest), tick);
    assert!(has(&pair.source, 1), "the row before the tick was lost in the crash");

    // the proof that this server forgets what nobody has waited for
    insert(&pair, 2);
    crash(&pair.source);
    assert!(!has(&pair.source, 2), "the test proves nothing: the server writes its log at once");
}

/// Rows that a copy's snapshot has seen, and nobody has waited for.
#[test]
#[cfg(debug_assertions)]
fn a_copy_has_no_rows_that_a_crash_of_the_source_takes_back() {
    let (pair, setup) = start();
    pair.both("create table big (id bigint primary key, v text)");
    pair.source.execute("insert into big select -i, repeat('x', 40) from generate_series(1, 50000) i");
    setup.add_all();
    setup.wait_ok(QUICK);
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    let point = "whole-after-commit";
    // one is copied together with other small ones, one by itself
    for table in ["t", "big"] {
        setup.londiste(&["target.ini", "resync", table]).expect_success();
        let source = pair.source.app().clone();
        let writer = std::thread::spawn(move || {
            let mut client = source.connect();
            let insert = format!("insert into {table} values ($1::int8)");
            for row in 1i64.. {
                if client.execute(&insert, &[&row]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let died = [("LONDISTE_FAIL_POINT", point)];
        let mut worker = setup.foreground_in("londiste", &["target.ini", "worker"], point, &died);
        assert_eq!(worker.wait(QUICK), -1, "{}", setup.logs());
        pair.source.cluster.kill();
        writer.join().unwrap();
        pair.source.cluster.start_again();
        let copied = pair.target.number(&format!("select coalesce(max(id), 0) from {table}"));
        assert!(copied > 0, "nothing was copied");
        let last = pair.source.number(&format!("select coalesce(max(id), 0) from {table}"));
        assert!(
            copied <= last,
            "row {copied} was copied, and lost in the crash of the source, whose last row is {last}"
        );
    }
}
