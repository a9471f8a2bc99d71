//! Tables whose definition changes while the application writes to them: their schema, their writers, and the
//! application's own migrations, one after the other on both sides.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use postgres::Client;

use super::{Report, is_away};
use crate::{Database, Pair, Setup};

/// How long a side may be away while a migration wants to run there.
const PATIENCE: Duration = Duration::from_secs(120);
/// A writer's pause after each statement.
const PAUSE: Duration = Duration::from_millis(2);

const TABLES: &str = "
create schema soak;
create table soak.items (id int primary key, v text, n int default 0);
create table soak.retyped (id int primary key, n int not null default 0);
create table soak.renamed (id int primary key, v text, note text default 'n');
create table soak.rekeyed (id int primary key, v text, code text not null unique);
create table soak.leaving (id int primary key, v text);
create table soak.plain (n int, v text);
create table soak.parts (id int, at int, v text, primary key (id, at)) partition by range (at);
create table soak.parts_low partition of soak.parts for values from (0) to (100);
create table soak.parts_rest partition of soak.parts default;";

const ROWS: &str = "
insert into soak.items select i, 'v' from generate_series(1, 300) i;
insert into soak.retyped select i from generate_series(1, 100) i;
insert into soak.renamed select i, 'v' from generate_series(1, 100) i;
insert into soak.rekeyed select i, 'v', 'c' || i from generate_series(1, 100) i;
insert into soak.leaving select i, 'v' from generate_series(1, 100) i;
insert into soak.plain select i % 20, 'v' from generate_series(1, 100) i;
insert into soak.parts select i, i, 'v' from generate_series(1, 200) i;";

/// What the application does; it names no column that comes or goes.
const WRITES: &[&str] = &[
    "insert into soak.items (id, v) values ({r}, 'new') on conflict (id) do update set n = soak.items.n + 1",
    "update soak.items set v = 'updated', n = n + 1 where id between {r} and {r} + 10",
    "delete from soak.items where id = {r}",
    "update soak.items set id = id + 1000 where id = {r} and not exists (select from soak.items where id = {r} + 1000)",
    "update soak.retyped set n = n + 1 where id = {r} % 100",
    "update soak.renamed set v = 'r{r}' where id = {r} % 100",
    "update soak.rekeyed set v = 'r{r}' where id = {r} % 100",
    "begin; delete from soak.rekeyed where id = {u}; insert into soak.rekeyed values ({u}, 'again', 'c{u}'); commit",
    "begin; update soak.leaving set v = 'l{r}' where id = {r} % 100; \
     insert into soak.leaving values (1000 + {u}, 'n'); commit",
    "begin; savepoint s; delete from soak.plain; rollback to s; insert into soak.plain values ({r} % 20, 'p'); commit",
    "delete from soak.plain where ctid = (select min(ctid) from soak.plain where n = {r} % 20)",
    "insert into soak.parts values ({u} + 1000, {r}, 'new')",
    "update soak.parts set at = (at + 50) % 300 where id = {r} and at < 1000",
    "delete from soak.parts where id = {r} and at < 1000",
];

/// A step of the application's migrations: what runs on the source, what on the target, and whether the target comes
/// first.
struct Migration {
    source: &'static str,
    target: &'static str,
    target_first: bool,
}

const fn both(sql: &'static str, target_first: bool) -> Migration {
    Migration { source: sql, target: sql, target_first }
}

const fn source(sql: &'static str) -> Migration {
    Migration { source: sql, target: "", target_first: false }
}

const MIGRATIONS: &[Migration] = &[
    both("alter table soak.items add extra int default 7", true),
    source("update soak.items set extra = id where id % 7 = 0"),
    both("alter table soak.retyped alter n type bigint", true),
    source("update soak.retyped set n = n + 5000000000 where id < 10"),
    both("alter table soak.rekeyed drop constraint rekeyed_pkey", false),
    both("alter table soak.rekeyed add primary key (code)", false),
    source(
        "create table soak.parts_high partition of soak.parts for values from (1000) to (2000);
         insert into soak.parts select i, 1000 + i, 'high' from generate_series(1, 50) i",
    ),
    both("alter table soak.items drop extra", false),
    both("alter table soak.renamed rename note to remark", true),
    source(
        "delete from soak.parts where at between 1000 and 1999; \
         alter table soak.parts detach partition soak.parts_high",
    ),
    both("alter table soak.rekeyed drop constraint rekeyed_pkey", false),
    source(
        "insert into soak.parts_high select i, 1500, 'attached' from generate_series(1, 50) i;
         alter table soak.parts attach partition soak.parts_high for values from (1000) to (2000);
         delete from soak.parts where at between 1000 and 1999; drop table soak.parts_high",
    ),
    both("alter table soak.rekeyed add primary key (id)", false),
    source("update soak.retyped set n = n % 1000"),
    both("alter table soak.retyped alter n type int", false),
    both("alter table soak.renamed rename remark to note", true),
];

/// How many migrations make one round, after which all definitions are what they were.
pub const ROUND: usize = MIGRATIONS.len();

/// Makes the tables on both sides and fills them on the source.
#[track_caller]
pub fn create(pair: &Pair) {
    pair.both(TABLES);
    pair.source.execute(ROWS);
}

/// Runs migration number `step`, counted over all rounds, on both sides. A server that goes away meanwhile is waited
/// for, and the migration is made exactly once: the comment of schema `soak` tells the last one that was committed.
#[track_caller]
pub fn migrate(pair: &Pair, setup: &Setup, step: usize, settle: Duration) {
    let migration = &MIGRATIONS[step % ROUND];
    if migration.target_first {
        run_once(&pair.target, migration.target, step);
    }
    run_once(&pair.source, migration.source, step);
    if !migration.target_first {
        // what was written before must not meet a target that is ahead of it
        setup.wait_caught_up(settle);
        run_once(&pair.target, migration.target, step);
    }
}

#[track_caller]
fn run_once(database: &Database, sql: &str, step: usize) {
    let since = Instant::now();
    let last = "select coalesce(obj_description('soak'::regnamespace, 'pg_namespace'), '')";
    let marked = format!("set lock_timeout = '5s'; {sql}; comment on schema soak is '{step}'");
    loop {
        let done = database.try_rows(last).is_ok_and(|rows| rows[0][0].as_deref() == Some(&step.to_string()));
        if done {
            return;
        }
        let Err(error) = database.try_connect().and_then(|mut client| client.batch_execute(&marked)) else {
            return;
        };
        let again = error
            .code()
            .is_none_or(|code| ["55P03", "40P01", "57P01", "57P02", "57P03"].contains(&code.code()));
        assert!(again && since.elapsed() < PATIENCE, "{sql}\n{error:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Threads that write to the tables until stopped.
pub struct Writers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Report>>,
}

impl Writers {
    /// Starts two writers.
    pub fn start(database: &Database) -> Writers {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = [1, 2].map(|number| {
            let (database, stop) = (database.clone(), stop.clone());
            std::thread::spawn(move || write(&database, number, &stop))
        });
        Writers { stop, threads: threads.into() }
    }

    /// Stops them after the statement in hand.
    pub fn stop(mut self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Report::default();
        for thread in self.threads.drain(..) {
            let report = thread.join().expect("a writer ends");
            all.transactions += report.transactions;
            all.errors.extend(report.errors);
            all.reconnects += report.reconnects;
        }
        all
    }
}

/// Writers end also where a test panics.
impl Drop for Writers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Numbers for keys: no two statements of this process share one. The first ones are those of rows that are there.
static USED_ONCE: AtomicU64 = AtomicU64::new(3);

fn write(database: &Database, number: u64, stop: &AtomicBool) -> Report {
    let mut report = Report::default();
    let mut random = fastrand::Rng::with_seed(number);
    let mut connected: Option<Client> = None;
    while !stop.load(Ordering::Relaxed) {
        let Some(client) = connected.as_mut() else {
            connected = database.try_connect().ok();
            std::thread::sleep(Duration::from_millis(if connected.is_some() { 0 } else { 100 }));
            continue;
        };
        let template = WRITES[random.usize(..WRITES.len())];
        let unique = USED_ONCE.fetch_add(1, Ordering::Relaxed);
        let sql =
            template.replace("{r}", &random.u32(1..300).to_string()).replace("{u}", &unique.to_string());
        match client.batch_execute(&sql) {
            Ok(()) => report.transactions += 1,
            Err(error) if is_away(&error, client) => {
                report.reconnects += 1;
                connected = None;
            }
            // two writers that meet: the application's own
            Err(error) if error.code().is_some_and(|code| ["40P01", "23505"].contains(&code.code())) => {
                let _ = client.batch_execute("rollback");
            }
            Err(error) => {
                report.errors.push(format!("{sql}: {error:?}"));
                let _ = client.batch_execute("rollback");
            }
        }
        std::thread::sleep(PAUSE);
    }
    report
}
