//! Everything that works on a queue, at once: writers of every kind, ticks, rotations, retries, consumers that come and
//! go. A consumer sees every committed event exactly once, nothing deadlocks, no tick is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, IsolationLevel};
use tests::{Cluster, Database};

const LOAD: Duration = Duration::from_secs(15);
/// On a slow machine the load goes on until there is enough to look at, at most this long.
const LONGEST_LOAD: Duration = Duration::from_secs(120);

/// A queue of an ordinary role, rotating as often as it can.
struct Queue {
    cluster: Cluster,
    owner: Database,
    stop: AtomicBool,
    next: AtomicI64,
    /// How many rotations were seen.
    rotated: AtomicUsize,
}

impl Queue {
    fn create() -> Queue {
        let cluster = Cluster::start_with(
            "queue",
            &[("max_prepared_transactions", "20"), ("deadlock_timeout", "100ms")],
        );
        let admin = cluster.admin("postgres");
        admin.execute("create role writer_and_reader login password 'queue-Secret1' nosuperuser");
        admin.execute("create database queue owner writer_and_reader template template0");
        let owner = Database {
            host: "127.0.0.1".to_owned(),
            port: cluster.port(),
            dbname: "queue".to_owned(),
            user: "writer_and_reader".to_owned(),
            password: Some("queue-Secret1".to_owned()),
        };
        owner.psql_file(&tests::repository().join("sql/init_noext.sql"));
        owner.execute(
            "select pgq.create_queue('jobs'); select pgq.register_consumer('jobs', 'reader');
             update pgq.queue set queue_rotation_period = '0 seconds', queue_ticker_max_lag = '0 seconds',
                 queue_ticker_idle_period = '0 seconds'",
        );
        owner.execute("create table committed (id bigint primary key)");
        Queue {
            cluster,
            owner,
            stop: AtomicBool::new(false),
            next: AtomicI64::new(0),
            rotated: AtomicUsize::new(0),
        }
    }

    fn running(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Repeats an action with a connection of its own until the load ends; how often it ran.
    fn repeat(&self, mut action: impl FnMut(&mut Client)) -> usize {
        let mut client = self.owner.connect();
        let mut times = 0;
        while self.running() {
            action(&mut client);
            times += 1;
        }
        times
    }

    fn number(&self) -> i64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// Writes an event and, in the same transaction, what a consumer has to see of it.
fn write(client: &mut impl postgres::GenericClient, number: i64) {
    client.execute("select pgq.insert_event('jobs', 'n', $1)", &[&number.to_string()]).unwrap();
    client.execute("insert into committed values ($1)", &[&number]).unwrap();
}

fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

fn batch_of(client: &mut Client, consumer: &str) -> Option<i64> {
    client.query_one("select pgq.next_batch('jobs', $1)", &[&consumer]).unwrap().get(0)
}

/// One batch, read and closed; events are counted by their number.
fn consume(client: &mut Client, seen: &mut BTreeMap<i64, usize>) -> bool {
    let Some(batch) = batch_of(client, "reader") else { return false };
    for row in client.query("select ev_data from pgq.get_batch_events($1)", &[&batch]).unwrap() {
        *seen.entry(row.get::<_, String>(0).parse().unwrap()).or_default() += 1;
    }
    assert_eq!(client.query_one("select pgq.finish_batch($1)", &[&batch]).unwrap().get::<_, i32>(0), 1);
    true
}

#[test]
fn every_committed_event_is_seen_once() {
    let queue = &Queue::create();
    let started = Instant::now();
    let mut seen = BTreeMap::new();
    let mut rotations = BTreeSet::new();
    std::thread::scope(|scope| {
        // Writers: short ones, some that roll back, some with a savepoint in between.
        for _ in 0..3 {
            scope.spawn(|| {
                queue.repeat(|client| {
                    let number = queue.number();
                    let mut transaction = client.transaction().unwrap();
                    write(&mut transaction, number);
                    if number % 7 == 0 {
                        let mut nested = transaction.transaction().unwrap();
                        write(&mut nested, queue.number());
                        nested.rollback().unwrap();
                    }
                    if number % 5 == 0 {
                        transaction.rollback().unwrap()
                    } else {
                        transaction.commit().unwrap()
                    }
                })
            });
        }
        // Long ones: they stay open over several ticks and rotations.
        scope.spawn(|| {
            queue.repeat(|client| {
                let mut transaction = client.transaction().unwrap();
                write(&mut transaction, queue.number());
                pause(700);
                write(&mut transaction, queue.number());
                transaction.commit().unwrap();
            })
        });
        // Their snapshot is older than a rotation when they write for the first time.
        for _ in 0..2 {
            scope.spawn(|| {
                queue.repeat(|client| {
                    let level = IsolationLevel::RepeatableRead;
                    let mut transaction = client.build_transaction().isolation_level(level).start().unwrap();
                    transaction.execute("select count(*) from pgq.queue", &[]).unwrap();
                    pause(600);
                    write(&mut transaction, queue.number());
                    transaction.commit().unwrap();
                })
            });
        }
        // Prepared ones: no session holds them.
        scope.spawn(|| {
            queue.repeat(|client| {
                let number = queue.number();
                client.batch_execute("begin").unwrap();
                write(client, number);
                client.batch_execute(&format!("prepare transaction 'tx{number}'")).unwrap();
                pause(300);
                let end = if number % 3 == 0 { "rollback" } else { "commit" };
                client.batch_execute(&format!("{end} prepared 'tx{number}'")).unwrap();
            })
        });
        // What pg_dump holds.
        scope.spawn(|| {
            queue.repeat(|client| {
                let mut transaction = client.transaction().unwrap();
                let tables = "select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables \
                               where schemaname = 'pgq'";
                let tables: String = transaction.query_one(tables, &[]).unwrap().get(0);
                transaction.batch_execute(&format!("lock table {tables} in access share mode")).unwrap();
                pause(400);
                transaction.commit().unwrap();
                pause(600);
            })
        });
        for _ in 0..2 {
            scope.spawn(|| {
                queue.repeat(|client| {
                    client.execute("select pgq.ticker()", &[]).unwrap();
                    pause(20);
                })
            });
            scope.spawn(|| {
                queue.repeat(|client| {
                    for call in [
                        "pgq.maint_rotate_tables_step1('jobs')",
                        "pgq.maint_rotate_tables_step2()",
                        "pgq.maint_retry_events()",
                    ] {
                        client.execute(&format!("select {call}"), &[]).unwrap();
                    }
                    client.execute("select * from pgq.maint_operations()", &[]).unwrap();
                    pause(30);
                })
            });
        }
        let watcher = scope.spawn(|| {
            let mut rotations = BTreeSet::new();
            queue.repeat(|client| {
                let row = client.query_one("select queue_switch_step1 from pgq.queue", &[]).unwrap();
                rotations.insert(row.get::<_, i64>(0));
                queue.rotated.store(rotations.len(), Ordering::Relaxed);
                pause(50);
            });
            rotations
        });
        scope.spawn(|| {
            queue.repeat(|client| {
                client.execute("select pgq.force_tick('jobs')", &[]).unwrap();
                client.execute("select pgq.ticker('jobs')", &[]).unwrap();
                pause(100);
            })
        });
        // Two sessions fight for one name, a third reads with it.
        for _ in 0..2 {
            scope.spawn(|| {
                queue.repeat(|client| {
                    client.execute("select pgq.register_consumer('jobs', 'guest')", &[]).unwrap();
                    pause(10);
                    client.execute("select pgq.unregister_consumer('jobs', 'guest')", &[]).unwrap();
                })
            });
        }
        scope.spawn(|| {
            queue.repeat(|client| {
                client.execute("select pgq.register_consumer('jobs', 'slow')", &[]).unwrap();
                if let Some(batch) = batch_of(client, "slow") {
                    client.execute("select count(*) from pgq.get_batch_events($1)", &[&batch]).unwrap();
                    pause(200);
                    client.execute("select pgq.finish_batch($1)", &[&batch]).unwrap();
                }
                // Ticks come faster than it reads: staying would stop rotation for good.
                client.execute("select pgq.unregister_consumer('jobs', 'slow')", &[]).unwrap();
                pause(20);
            })
        });
        let reader = scope.spawn(|| {
            let mut seen = BTreeMap::new();
            queue.repeat(|client| {
                if !consume(client, &mut seen) {
                    pause(10);
                }
            });
            seen
        });
        let mut client = queue.owner.connect();
        let mut enough = || {
            let committed: i64 = client.query_one("select count(*) from committed", &[]).unwrap().get(0);
            queue.rotated.load(Ordering::Relaxed) > 3 && committed > 500
        };
        while started.elapsed() < LOAD || started.elapsed() < LONGEST_LOAD && !enough() {
            pause(200);
        }
        queue.stop.store(true, Ordering::Relaxed);
        seen = reader.join().unwrap();
        rotations = watcher.join().unwrap();
    });

    // What is left comes with one more tick.
    let mut client = queue.owner.connect();
    client.execute("select pgq.force_tick('jobs')", &[]).unwrap();
    let last: Option<i64> = client.query_one("select pgq.ticker('jobs')", &[]).unwrap().get(0);
    assert!(last.is_some(), "no tick although one was forced");
    while consume(&mut client, &mut seen) {}

    let rows = client.query("select id from committed order by id", &[]).unwrap();
    let committed: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert!(committed.len() > 500, "only {} events were committed", committed.len());
    let missed: Vec<_> = committed.iter().filter(|id| !seen.contains_key(id)).collect();
    assert!(
        missed.is_empty(),
        "{} of {} committed events were never seen: {missed:?}",
        missed.len(),
        committed.len()
    );
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "seen more than once: {twice:?}");
    assert_eq!(seen.len(), committed.len(), "events of rolled back transactions were seen");

    assert!(rotations.len() > 3, "{} rotations", rotations.len());
    let log = queue.cluster.log();
    assert!(!log.contains("deadlock detected"), "{log}");
}

/// Ticks have unbroken, growing snapshots: the events between two of them are what one sees and the other does not.
#[test]
fn ticks_of_many_sessions_grow() {
    let queue = &Queue::create();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                queue.repeat(|client| {
                    client.execute("select pgq.insert_event('jobs', 'n', '1')", &[]).unwrap();
                    client.execute("select pgq.ticker('jobs')", &[]).unwrap();
                })
            });
        }
        pause(3000);
        queue.stop.store(true, Ordering::Relaxed);
    });
    let shrunk = queue.owner.rows(
        "select tick_id from (select tick_id, tick_snapshot s, lag(tick_snapshot) over w p, tick_event_seq e,
                                     lag(tick_event_seq) over w pe
                                from pgq.tick window w as (order by tick_id)) t
          where txid_snapshot_xmin(s) < txid_snapshot_xmin(p) or txid_snapshot_xmax(s) < txid_snapshot_xmax(p)
             or e < pe",
    );
    assert!(shrunk.is_empty(), "snapshots went back at ticks {shrunk:?}");
    assert!(queue.owner.number("select count(*) from pgq.tick") > 100);
}
