//! Small tables go from their copy to the worker at once, however much is changed meanwhile and whatever ends the worker.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tests::{Database, Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(120);
const TABLES: u32 = 12;
/// Handed over, and the worker has not come to what the copy saw.
const AHEAD: &str =
    "select count(*) from londiste.table_info where merge_state = 'ok' and custom_snapshot is not null";

/// Changes rows of all tables until it is stopped.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Writer {
    fn start(source: &Database) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, source) = (stop.clone(), source.clone());
        let thread = std::thread::spawn(move || {
            let mut client = source.connect();
            while !stopped.load(Ordering::Relaxed) {
                let (table, id) = (fastrand::u32(0..TABLES), fastrand::u32(0..200));
                let sql = match fastrand::u32(0..30) {
                    0 => format!("begin; truncate s{table}; insert into s{table} values ({id}, 0); commit"),
                    1..=5 => format!("delete from s{table} where id = {id}"),
                    6..=15 => {
                        format!("insert into s{table} values ({id}, 1) on conflict (id) do update set v = 2")
                    }
                    16..=20 => format!("update s{table} set id = id + 1000 where id = {id}"),
                    21..=23 => format!(
                        "begin; update s{table} set v = -1; savepoint s; delete from s{table}; rollback to s; commit"
                    ),
                    _ => format!("update s{table} set v = v + 1 where id % 10 = {id} % 10"),
                };
                // a row may have gone to the key of another
                let _ = client.batch_execute(&sql).or_else(|_| client.batch_execute("rollback"));
            }
        });
        Writer { stop, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the writer ends");
    }
}

fn start() -> (Pair, Setup) {
    let pair = Pair::start();
    for table in 0..TABLES {
        pair.both(&format!("create table s{table} (id int primary key, v int)"));
        pair.source.execute(&format!("insert into s{table} select i, 0 from generate_series(1, 150) i"));
    }
    let setup = Setup::new(&pair);
    setup.start_nodes();
    // much is changed between a copy and the worker's next batch
    for (key, value) in [("ticker_max_lag", "2 seconds"), ("ticker_max_count", "1000000")] {
        pair.source.execute(&format!("select pgq.set_queue_config('migq', '{key}', '{value}')"));
    }
    (pair, setup)
}

#[test]
fn nothing_is_lost_or_doubled_between_a_small_copy_and_the_worker() {
    let (pair, setup) = start();
    let writer = Writer::start(&pair.source);
    setup.add_all();
    setup.wait_ok(SETTLE);
    let log = setup.target_worker().log();
    assert_eq!(log.matches("state=ok").count(), TABLES as usize, "{log}");
    assert!(!log.contains("state=wanna-sync"), "small tables need not catch up\n{log}");
    setup.wait_caught_up(SETTLE);
    for kill in [true, false] {
        let tables: Vec<String> = (0..TABLES).map(|table| format!("s{table}")).collect();
        let words: Vec<&str> =
            ["target.ini", "resync"].into_iter().chain(tables.iter().map(String::as_str)).collect();
        setup.londiste(&words).expect_success();
        wait_until(SETTLE, "a table is ahead of the worker", || pair.target.number(AHEAD) > 0);
        if kill {
            setup.target_worker().kill();
        } else {
            setup.stop_daemon("target");
        }
        setup.start_daemon("target");
        setup.wait_ok(SETTLE);
    }
    writer.stop();
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    wait_until(SETTLE, "the worker has come to all that the copies saw", || {
        // a tick behind the last snapshot is needed for that
        pair.source.execute("insert into s0 values (-1, 0) on conflict (id) do update set v = s0.v + 1");
        pair.target.number(AHEAD) == 0
    });
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}
