//! The application writes while tables enter and leave replication, and while its own migrations change columns, keys and partitions:
//! it sees no error, and what can be applied on the target is. Time: `docs/testing.md`.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tests::load::{Report, pgbench};
use tests::{Database, Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(120);

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
    "begin; update soak.leaving set v = 'l{r}' where id = {r} % 100; insert into soak.leaving values (1000 + {u}, 'n'); commit",
    "begin; savepoint s; delete from soak.plain; rollback to s; insert into soak.plain values ({r} % 20, 'p'); commit",
    "delete from soak.plain where ctid = (select min(ctid) from soak.plain where n = {r} % 20)",
    "insert into soak.parts values ({u} + 1000, {r}, 'new')",
    "update soak.parts set at = (at + 50) % 300 where id = {r} and at < 1000",
    "delete from soak.parts where id = {r} and at < 1000",
];

/// A step of the application's migrations: what runs on the source, what on the target, and whether the target comes first.
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
        "delete from soak.parts where at between 1000 and 1999; alter table soak.parts detach partition soak.parts_high",
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

fn write(database: &Database, number: u64, stop: &AtomicBool) -> Report {
    let mut client = database.connect();
    let mut report = Report::default();
    let mut random = fastrand::Rng::with_seed(number);
    let mut used_once = number;
    while !stop.load(Ordering::Relaxed) {
        let template = WRITES[random.usize(..WRITES.len())];
        used_once += 2;
        let sql =
            template.replace("{r}", &random.u32(1..300).to_string()).replace("{u}", &used_once.to_string());
        match client.batch_execute(&sql) {
            Ok(()) => report.transactions += 1,
            // two writers that meet: the application's own
            Err(error) if error.code().is_some_and(|code| ["40P01", "23505"].contains(&code.code())) => {
                report.reconnects += 1;
                client.batch_execute("rollback").expect("a transaction can be rolled back");
            }
            Err(error) => {
                report.errors.push(format!("{sql}: {error:?}"));
                client.batch_execute("rollback").expect("a transaction can be rolled back");
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    report
}

/// Migrations one after the other, and between them a table that leaves and comes back. Answers how many migrations were made.
fn migrate(pair: &Pair, setup: &Setup, until: Instant) -> usize {
    let mut made = 0;
    while Instant::now() < until || made < MIGRATIONS.len() {
        for migration in MIGRATIONS {
            if migration.target_first {
                pair.target.execute(migration.target);
            }
            pair.source.execute(migration.source);
            if !migration.target_first {
                // what was written before must not meet a target that is ahead of it
                setup.wait_caught_up(SETTLE);
                pair.target.execute(migration.target);
            }
            made += 1;
            if made % 8 == 4 {
                setup.londiste(&["target.ini", "remove-table", "soak.leaving"]).expect_success();
                setup.londiste(&["source.ini", "remove-table", "soak.leaving"]).expect_success();
            }
            if made % 8 == 0 {
                setup.londiste(&["source.ini", "add-table", "soak.leaving"]).expect_success();
                setup.londiste(&["target.ini", "add-table", "soak.leaving"]).expect_success();
            }
        }
    }
    made
}

#[test]
fn the_application_sees_no_error_while_tables_and_columns_come_and_go() {
    let seconds =
        std::env::var("SOAK_SECONDS").map_or(0, |text| text.parse().expect("SOAK_SECONDS is a number"));
    let pair = Pair::start();
    pair.both(TABLES);
    pair.source.execute(ROWS);
    pgbench::create(&pair, 1);
    let setup = Setup::new(&pair);
    setup.replicate();
    let bench = pgbench::Pgbench::start(&setup, 2, 40);
    let stop = AtomicBool::new(false);
    let reports = std::thread::scope(|scope| {
        let writers: Vec<_> = [1, 2]
            .map(|number| {
                scope.spawn({
                    let (source, stop) = (&pair.source, &stop);
                    move || write(source, number, stop)
                })
            })
            .into();
        let stopped = StopOnDrop(&stop);
        let made = migrate(&pair, &setup, Instant::now() + Duration::from_secs(seconds));
        drop(stopped);
        println!("{made} migrations");
        writers.into_iter().map(|writer| writer.join().expect("a writer ends")).collect::<Vec<_>>()
    });
    println!("{reports:?}");
    reports.iter().for_each(|report| {
        report.expect_clean();
    });
    bench.stop().expect_clean();
    // values under a name that the target did not have yet, and rows that were attached, which make no events
    setup.londiste(&["target.ini", "resync", "soak.renamed", "soak.parts"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// Stops the writers also where a migration panics.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
