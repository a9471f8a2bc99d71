//! The queue's functions beside the stock C extension: what an application, a ticker and a consumer call most.
use std::time::{Duration, Instant};

use tests::{Database, Pair};

use crate::contest::Contest;

/// A call to measure.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    InsertEvent,
    Ticker,
    Batch,
    Read,
}

const EVENTS: u32 = 20_000;
const TICKS: u32 = 2_000;
const READ: u32 = 100_000;

pub(crate) fn insert_event(pair: &Pair) -> String {
    compare(pair, "sql: 20 000 insert_event in one transaction", EVENTS, "events", Call::InsertEvent)
}

pub(crate) fn ticker(pair: &Pair) -> String {
    compare(pair, "sql: 2 000 ticks, an event before each", TICKS, "ticks", Call::Ticker)
}

pub(crate) fn batch(pair: &Pair) -> String {
    compare(pair, "sql: 2 000 next_batch and finish_batch", TICKS, "batches", Call::Batch)
}

pub(crate) fn read(pair: &Pair) -> String {
    compare(pair, "sql: a batch of 100 000 events read", READ, "events", Call::Read)
}

fn compare(pair: &Pair, title: &str, amount: u32, unit: &'static str, call: Call) -> String {
    let mut contest = Contest::new(title, f64::from(amount), unit);
    contest.enter("londiste-rs", |run| {
        let pair = pair.another(&format!("_sql{}{run}", call as u8));
        pair.source.psql_file(&tests::repository().join("sql/init_noext.sql"));
        measure(&pair.source, call)
    });
    let available = "select count(*) from pg_available_extensions where name = 'pgq'";
    if pair.source.number(available) == 0 {
        contest.skip("stock pgq (C)", "not installed");
        return contest.hold();
    }
    contest.enter("stock pgq (C)", |run| {
        let pair = pair.another(&format!("_sql{}{run}", call as u8));
        let admin = pair.source.admin();
        admin.execute("create extension pgq");
        measure(&admin, call)
    });
    contest.hold()
}

fn measure(database: &Database, call: Call) -> Duration {
    database.execute(
        "select pgq.create_queue('q'); select pgq.register_consumer('q', 'c'); \
         select pgq.set_queue_config('q', 'ticker_max_count', '1')",
    );
    let each = |count: u32, statements: &[&str]| {
        let mut client = database.connect();
        let prepared: Vec<_> = statements
            .iter()
            .map(|statement| client.prepare(statement).expect("the statement is right"))
            .collect();
        let started = Instant::now();
        for _ in 0..count {
            for statement in &prepared {
                client.execute(statement, &[]).expect("the call succeeds");
            }
        }
        started.elapsed()
    };
    let insert = "select pgq.insert_event('q', 'I:id', 'id=1&name=some+text+of+usual+length')";
    let tick = "select pgq.ticker('q')";
    match call {
        Call::InsertEvent => {
            let started = Instant::now();
            database.execute(&format!(
                "do $$ begin for i in 1 .. {EVENTS} loop \
                     perform pgq.insert_event('q', 'I:id', \
                         'id=1&name=some+text+of+usual+length'); end loop; end $$"
            ));
            started.elapsed()
        }
        Call::Ticker => each(TICKS, &[insert, tick]),
        Call::Batch => {
            each(TICKS, &[insert, tick]);
            each(TICKS, &["select pgq.finish_batch(pgq.next_batch('q', 'c'))"])
        }
        Call::Read => {
            database.execute(&format!(
                "select count({}) from generate_series(1, {READ})",
                insert.trim_start_matches("select ")
            ));
            database.execute(tick);
            database.execute("select pgq.next_batch('q', 'c')");
            let mut client = database.connect();
            let started = Instant::now();
            let rows = client.query("select * from pgq.get_batch_events(1)", &[]).expect("the batch is read");
            assert!(rows.len() == READ as usize, "{} events", rows.len());
            started.elapsed()
        }
    }
}
