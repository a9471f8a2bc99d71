//! A root is ticked by its worker's process where nobody else does it, and by nobody twice.
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tests::{Database, Pair, Setup, Shutdown, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

fn start() -> (Pair, Setup) {
    let pair = Pair::start();
    pair.both("create table t (id bigint primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(SETTLE);
    (pair, setup)
}

/// A row comes over, by ticks that nobody has forced.
#[track_caller]
fn expect_ticks(pair: &Pair, setup: &Setup) {
    pair.source.execute("insert into t select coalesce(max(id), 0) + 1 from t");
    let rows = pair.source.number("select max(id) from t");
    wait_for(SETTLE, "a row arrives by ticks", || {
        let there = pair.target.try_rows("select max(id) from t").unwrap_or_default();
        let there = there.first().and_then(|row| row[0].clone()).unwrap_or_default();
        if there == rows.to_string() { Ok(()) } else { Err(format!("{there} of {rows}\n{}", setup.logs())) }
    });
}

/// `application_name` of the session that has the lock of a database's ticker.
fn lock_holder(admin: &Database) -> String {
    let sql = "select coalesce(max(application_name), '') from pg_locks l join pg_stat_activity a using (pid) \
                where locktype = 'advisory' and granted and mode = 'ExclusiveLock' and a.datname = current_database() \
                  and l.classid::int8 = hashtext('londiste_rs.ticker')::int8 & 4294967295 \
                  and l.objid::int8 = hashtext('ticks')::int8 & 4294967295";
    admin.value(sql)
}

#[track_caller]
fn wait_for_holder(admin: &Database, setup: &Setup, wanted: &str) {
    wait_for(SETTLE, &format!("{wanted:?} has the lock of the ticker"), || {
        let holder = lock_holder(admin);
        if holder == wanted { Ok(()) } else { Err(format!("{holder:?}\n{}", setup.logs())) }
    });
}

/// The parts of a job as its process tells them.
fn parts(setup: &Setup, ini: &str) -> Vec<Value> {
    let output = setup.londisted(&["status", "--json", ini]);
    let status: Value = serde_json::from_str(&output.expect_success().stdout).unwrap();
    status["jobs"][0]["parts"].as_array().cloned().unwrap_or_default()
}

fn ticked_by(setup: &Setup, ini: &str) -> String {
    let parts = parts(setup, ini);
    let worker = parts.iter().find(|part| part["part"] == "worker");
    worker.and_then(|worker| worker["ticker"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn a_root_without_pgqd_is_ticked_and_pgqd_takes_over_whenever_it_comes() {
    let (pair, setup) = start();
    let admin = pair.source.admin();
    wait_for_holder(&admin, &setup, "pgqd");
    wait_until(SETTLE, "the worker knows of pgqd", || ticked_by(&setup, "source.ini") == "pgqd");
    setup.stop_daemon("pgqd");
    expect_ticks(&pair, &setup);
    wait_for_holder(&admin, &setup, "pgqd stand-in");
    let names: Vec<_> = parts(&setup, "source.ini").iter().map(|part| part["part"].clone()).collect();
    assert!(names.contains(&"ticker shop".into()) && names.contains(&"upkeep shop".into()), "{names:?}");
    let words = setup.londisted(&["status", "source.ini"]).expect_success().stdout.clone();
    assert!(words.contains("ticks by stand-in"), "{words}");
    assert!(setup.source_worker().log().contains("nobody makes ticks here"), "{}", setup.logs());

    // its connection is lost, its server starts again
    assert!(pair.source.cluster.terminate_sessions() > 0);
    expect_ticks(&pair, &setup);
    pair.source.cluster.restart(Shutdown::Immediate);
    expect_ticks(&pair, &setup);

    for _ in 0..2 {
        setup.start_daemon("pgqd");
        wait_for_holder(&admin, &setup, "pgqd");
        expect_ticks(&pair, &setup);
        assert!(setup.source_worker().log().contains("a pgqd has come"), "{}", setup.logs());
        let parts = parts(&setup, "source.ini");
        assert!(!parts.iter().any(|part| part["part"] == "ticker shop"), "{parts:?}");
        setup.ticker().kill();
        expect_ticks(&pair, &setup);
        wait_for_holder(&admin, &setup, "pgqd stand-in");
    }
    setup.set("source.ini", "stand_in_ticker", "0");
    setup.londiste(&["-r", "source.ini"]).expect_success();
    wait_for_holder(&admin, &setup, "");
}

#[test]
fn one_pgqd_works_and_a_second_one_stands_by() {
    let (pair, setup) = start();
    let admin = pair.source.admin();
    let other = setup.on_another_machine();
    other.start_daemon("pgqd");
    let standby = |setup: &Setup| {
        let parts = parts(setup, "pgqd.ini");
        let database = parts.iter().find(|part| part["part"] == "database shop").cloned().unwrap_or_default();
        database["standby"].is_object()
    };
    wait_until(SETTLE, "the second stands by", || standby(&other));
    assert!(!standby(&setup));
    assert!(!other.ticker().log().contains("ERROR"), "{}", other.ticker().log());
    // one that stands still is no ticker
    tests::process::signal("STOP", &setup.ticker().expect_pid().to_string());
    wait_until(SETTLE, "the second works", || !standby(&other));
    expect_ticks(&pair, &setup);
    tests::process::signal("CONT", &setup.ticker().expect_pid().to_string());
    wait_until(SETTLE, "the first stands by", || standby(&setup));
    wait_for_holder(&admin, &setup, "pgqd");
    other.ticker().kill();
    wait_until(SETTLE, "the first works again", || !standby(&setup));
    expect_ticks(&pair, &setup);
}

/// Somebody who calls the ticker function and takes no lock.
struct StockLike {
    stop: Arc<AtomicBool>,
    calls: Option<JoinHandle<()>>,
}

impl StockLike {
    fn start(source: &Database) -> StockLike {
        let (stop, mut session) = (Arc::<AtomicBool>::default(), source.connect());
        let stopped = stop.clone();
        let calls = std::thread::spawn(move || {
            while !stopped.load(SeqCst) {
                session.batch_execute("select pgq.ticker()").unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        StockLike { stop, calls: Some(calls) }
    }
}

impl Drop for StockLike {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        self.calls.take().unwrap().join().unwrap();
    }
}

#[test]
fn a_ticker_that_takes_no_lock_is_left_alone() {
    let (pair, setup) = start();
    let admin = pair.source.admin();
    let ticks = || pair.source.number("select max(tick_id) from pgq.tick");
    let stock = StockLike::start(&pair.source);
    setup.stop_daemon("pgqd");
    pair.source.execute("select pgq.set_queue_config('migq', 'ticker_max_lag', '1 second')");
    // as many ticks as a stand-in would need to come several times
    let before = ticks();
    while ticks() < before + 15 {
        pair.source.execute("insert into t select coalesce(max(id), 0) + 1 from t");
        assert_eq!(lock_holder(&admin), "", "{}", setup.logs());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(ticked_by(&setup, "source.ini"), "others");
    drop(stock);
    expect_ticks(&pair, &setup);
    wait_for_holder(&admin, &setup, "pgqd stand-in");

    let _stock = StockLike::start(&pair.source);
    wait_for(Duration::from_secs(120), "the stand-in gives way to a ticker without lock", || {
        pair.source.execute("insert into t select coalesce(max(id), 0) + 1 from t");
        if lock_holder(&admin).is_empty() { Ok(()) } else { Err(setup.logs()) }
    });
    assert!(setup.source_worker().log().contains("somebody else makes ticks"), "{}", setup.logs());
    expect_ticks(&pair, &setup);
}

#[test]
fn a_lock_that_is_held_by_nobody_who_ticks_keeps_no_ticks_away() {
    let (pair, setup) = start();
    setup.stop_daemon("pgqd");
    let mut idle = pair.source.admin().connect();
    let taken = "select pg_advisory_lock(hashtext('londiste_rs.ticker'), hashtext('ticks'))";
    idle.batch_execute(taken).unwrap();
    expect_ticks(&pair, &setup);
    assert!(setup.source_worker().log().contains("although their lock is held"), "{}", setup.logs());
}

#[test]
fn a_leaf_that_becomes_a_root_is_ticked_and_a_root_that_becomes_a_leaf_is_not() {
    let (pair, setup) = start();
    let admin = pair.target.admin();
    pair.target.execute("select pgq.create_queue('migq')");
    let turn = |kind: &str| {
        // a root's worker moves its position along its own ticks
        let position = "select sub_last_tick from pgq.subscription join pgq.consumer on co_id = sub_consumer \
                         where co_name = 'target_app'";
        let position = pair.source.number(position);
        let sql = format!(
            "update pgq_node.node_info set node_type = '{kind}' where queue_name = 'migq'; \
             update pgq_node.local_state set last_tick_id = {position} where consumer_name = 'target_app'"
        );
        pair.target.execute(&sql);
    };
    for _ in 0..2 {
        setup.wait_caught_up(SETTLE);
        turn("root");
        wait_for_holder(&admin, &setup, "pgqd stand-in");
        let ticks = || pair.target.number("select max(tick_id) from pgq.tick");
        let before = ticks();
        pair.target.execute("select pgq.insert_event('migq', 'type', 'data')");
        wait_until(SETTLE, "a tick of the new root", || ticks() > before);
        turn("leaf");
        wait_for_holder(&admin, &setup, "");
        expect_ticks(&pair, &setup);
    }
}
