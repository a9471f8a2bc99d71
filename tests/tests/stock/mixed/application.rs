//! A small application whose tables all have a primary key, as the stock triggers need it, and one that writes to them
//! all the time.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tests::load::Report;
use tests::load::pgbench::{self, Pgbench};
use tests::{Database, Pair, Setup, compare};

const SETTLE: Duration = Duration::from_secs(90);

const SCHEMA: &str = r#"
    create table customer (id serial primary key, email text not null unique, vip boolean, note text, meta jsonb,
                           seen timestamptz default now());
    create table purchase (id bigserial primary key, customer_id int not null references customer on delete cascade,
                           total numeric(12, 2) check (total >= 0), tags text[], photo bytea);
    create index purchase_by_customer on purchase (customer_id) where total > 10;
    create table item (purchase_id bigint references purchase on delete cascade, line int, name text, price float8,
                       primary key (purchase_id, line), unique (name, purchase_id, line));
    create table "Odd Names" ("The Key" uuid primary key, "a'b""c" text, "select" interval);
    create table journal (id bigserial primary key, entry text not null);
"#;

const ROWS: &str = r#"
    insert into customer (email, vip, note, meta)
        select 'c' || i || '@example.com', nullif(i % 3, 0) = 1, E'line one\nback\\slash \'' || i,
               '{"n": 1, "q": "\""}' from generate_series(1, 2000) i;
    insert into purchase (customer_id, total, tags, photo)
        select i % 2000 + 1, i / 7.0, array['a', 'b,c', null, '"'], sha256(i::text::bytea)
          from generate_series(1, 5000) i;
    insert into item select i, l, 'item ' || l, i / 3.0 from generate_series(1, 5000) i, generate_series(1, 2) l;
    insert into "Odd Names" select md5(i::text)::uuid, '100%', i * interval '1 hour' from generate_series(1, 500) i;
"#;

/// What the application does, one transaction each; `:r` is a random number.
const OPERATIONS: &[&str] = &[
    "insert into journal (entry) select 'entry ' || :r || ' ' || i from generate_series(1, 3) i",
    "insert into customer (email, vip, note) \
     values ('n' || :r || '.' || clock_timestamp(), null, E'tab\\t\\\\ \\'quote\\' %s &=%')",
    "update customer set note = note || '+', vip = not vip, seen = now() where id = :r % 2000 + 1",
    "begin; insert into purchase (customer_id, total, photo)
            select min(id), :r / 100.0, '\\x00ff5c27' from customer where id > :r % 1900;
     insert into item select currval('purchase_id_seq'), l, null, 1e300 / l from generate_series(1, 4) l; commit",
    "update purchase set total = total + 1, tags = tags || 'x'::text, photo = null where id = :r % 5000 + 1",
    "update item set price = -price, name = 'renamed ' || :r where purchase_id = :r % 5000 + 1",
    "delete from customer where id = :r % 1500 + 1",
    "delete from item where purchase_id = :r % 5000 + 1 and line = 1",
    r#"update "Odd Names" set "a'b""c" = E'\\' || :r, "select" = null where "The Key" = md5((:r % 500)::text)::uuid"#,
    "begin; update customer set note = 'undone' where id = :r % 2000; savepoint s; \
     delete from journal where id < 5; rollback",
    "begin; delete from journal where id % 97 = :r % 97; \
     insert into journal (entry) values ('one of 97 is gone'); commit",
];

/// Makes the tables on both sides, with rows on the source, and pgbench's with a key for its history.
pub(crate) fn create(pair: &Pair) {
    pair.both(SCHEMA);
    pair.source.execute(ROWS);
    pgbench::create(pair, 1);
    pair.both("alter table pgbench_history add hid bigserial primary key");
}

/// Everything that writes to the source.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Report>,
    bench: Pgbench,
}

impl Load {
    pub(crate) fn start(setup: &Setup) -> Load {
        let (stop, database) = (Arc::new(AtomicBool::new(false)), setup.source.clone());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || write(&database, &stopped));
        Load { stop, thread, bench: Pgbench::start(setup, 1, 40) }
    }

    /// Stops, waits until the target has everything, and compares every row.
    #[track_caller]
    pub(crate) fn settle(self, pair: &Pair, setup: &Setup) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the writer ends").expect_clean();
        self.bench.stop().expect_clean();
        setup.wait_caught_up(SETTLE);
        let equal = compare::assert_equal(pair);
        assert!(equal.tables >= 9 && equal.rows > 100_000, "{equal:?}");
    }
}

fn write(database: &Database, stop: &AtomicBool) -> Report {
    let mut report = Report::default();
    let mut client = database.connect();
    while !stop.load(Ordering::Relaxed) {
        let operation = OPERATIONS[fastrand::usize(..OPERATIONS.len())];
        let statements = operation.replace(":r", &fastrand::u32(..1_000_000).to_string());
        match client.batch_execute(&statements) {
            Ok(()) => report.transactions += 1,
            Err(error) => report.errors.push(format!("{statements}: {error:?}")),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    report
}
