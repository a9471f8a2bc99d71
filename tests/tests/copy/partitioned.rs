//! Copies of large tables into partitioned ones, out of partitioned ones, or both: in chunks as any other, and every
//! index of every partition comes back as it was.
//!
//! `CHUNKED_COPY_KILLS` (default 5) interruptions; more of them for a longer test.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::definitions::{assert_same, definitions};
use tests::{Database, Pair, Setup, compare, wait_for, wait_until};

mod definitions;
mod meanwhile;

const SETTLE: Duration = Duration::from_secs(180);
const ROWS: u32 = 20_000;

/// The four ways in which one side or both are partitioned.
const TABLES: [&str; 4] = ["same", "differently", "on_target", "on_source"];

const COLUMNS: &str = "(id int, at int, v text, n int default 0, twice int generated always as (n * 2) \
                       stored, primary key (id, at))";
const BY_RANGE: &str = "partition by range (at)";

/// Several levels, a schema of its own, a default partition.
fn partitions(table: &str) -> String {
    format!(
        "create table parts.{table}_low partition of {table} for values from (0) to (300);
         create table parts.{table}_mid partition of {table} for values from (300) to (600) partition by range (id);
         create table parts.{table}_mid_0 partition of parts.{table}_mid for values from (0) to (5000);
         create table parts.{table}_mid_rest partition of parts.{table}_mid default;
         create table {table}_rest partition of {table} default"
    )
}

/// Pages of a chunk.
const PAGES: u32 = 30;

fn create(pair: &Pair) {
    let (source, target) = (&pair.source, &pair.target);
    pair.both("create schema parts");
    pair.both(&format!("create table same {COLUMNS} {BY_RANGE}; {}", partitions("same")));
    source.execute(&format!("create table differently {COLUMNS} {BY_RANGE}; {}", partitions("differently")));
    target.execute(&format!("create table differently {COLUMNS} partition by hash (id)"));
    for n in 0..3 {
        target.execute(&format!(
            "create table differently_{n} partition of differently for values with (modulus 3, remainder {n})"
        ));
    }
    source.execute(&format!("create table on_target {COLUMNS}; create table on_source {COLUMNS} {BY_RANGE}"));
    target.execute(&format!("create table on_target {COLUMNS} {BY_RANGE}; create table on_source {COLUMNS}"));
    target.execute(&partitions("on_target"));
    source.execute(&partitions("on_source"));
    for table in TABLES {
        target.execute(&format!("create index on {table} (v, n desc) include (at) where n >= 0"));
        source.execute(&format!(
            "insert into {table} (id, at, v) select i, i % 1000, repeat('v', 80) from generate_series(1, {ROWS}) i"
        ));
    }
}

/// Changes rows of all tables, and their partitions, until told to stop; goes on over lost connections.
fn write(source: &Database, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut client) = source.try_connect() else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        while !stop.load(Ordering::Relaxed) && change(&mut client).is_ok() {}
    }
}

fn change(client: &mut postgres::Client) -> Result<(), postgres::Error> {
    let (table, id) = (TABLES[fastrand::usize(0..TABLES.len())], fastrand::u32(1..=ROWS));
    let sql = match fastrand::u8(0..7) {
        // to another partition, and to one of a lower level
        0 => format!("update {table} set at = (at + 350) % 1000 where id = {id}"),
        1 => format!("update {table} set n = n + 1 where id between {id} and {id} + 3"),
        2 => format!("update {table} set v = v where id = {id}"),
        3 => format!("delete from {table} where id = {id}"),
        4 => format!("insert into {table} values ({id}, 3000, 'back') on conflict do nothing"),
        5 => format!("begin; update {table} set at = at + 1 where id < {id} % 100; rollback"),
        _ => format!("update {table} set at = at + 7, v = 'moved' where id = {id}"),
    };
    client.batch_execute(&sql)?;
    if id.is_multiple_of(200) {
        client.batch_execute(&format!("vacuum {table}"))?;
    }
    Ok(())
}

/// Runs something while the source is written to.
fn under_writers<T>(pair: &Pair, run: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| write(&pair.source, &stop));
        }
        let stopping = Stopping(&stop);
        let done = run();
        drop(stopping);
        done
    })
}

/// Stops the writers, also where a test fails.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Committed chunks with the time of their commit.
fn chunks(pair: &Pair) -> BTreeMap<String, String> {
    let sql = "select concat_ws(' ', table_name, relation, first_page, end_page), committed \
                 from londiste_rs.copy_chunk";
    let rows = pair.target.try_rows(sql).unwrap_or_default();
    rows.into_iter().filter_map(|mut row| Some((row.swap_remove(0)?, row.pop()??))).collect()
}

fn table_of(chunk: &str) -> &str {
    chunk.split(' ').next().unwrap_or_default()
}

fn copying(setup: &Setup) -> bool {
    let states = "select count(*) from londiste.table_info \
                   where local and coalesce(merge_state, 'in-copy') = 'in-copy'";
    setup.target.try_rows(states).is_ok_and(|rows| rows[0][0].as_deref() != Some("0"))
}

fn left_of_copies(pair: &Pair) -> i64 {
    pair.target.number(
        "select (select count(*) from londiste_rs.copy_run) + (select count(*) from londiste_rs.copy_chunk)
              + (select count(*) from londiste_rs.copy_index) + (select count(*) from londiste_rs.copy_progress)
              + (select count(*) from pg_class where relname ~ '^copy_[0-9]+$')",
    )
}

fn tables(setup: &Setup) -> String {
    setup.londiste(&["target.ini", "tables"]).expect_success().stdout.clone()
}

#[track_caller]
fn wait_told(setup: &Setup, words: &str) {
    wait_for(SETTLE, "tables tells it", || {
        let text = tables(setup);
        if text.contains(words) { Ok(()) } else { Err(format!("{text}\n{}", setup.logs())) }
    });
}

#[test]
fn interrupted_copies_go_on_behind_their_last_chunk() {
    let kills = std::env::var("CHUNKED_COPY_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let before = definitions(&pair.target);
    let setup = Setup::in_chunks(&pair, PAGES, "2MB");
    let (mut transactions, mut seen) = (BTreeSet::new(), BTreeSet::new());
    under_writers(&pair, || {
        setup.add_all();
        for kill in 0.. {
            let known = chunks(&pair);
            wait_until(SETTLE, "another chunk is committed, or all are", || {
                let sql = "select pid || ' ' || xact_start from pg_stat_activity
                            where application_name like '% copy %' and backend_xmin is not null";
                transactions
                    .extend(pair.source.admin().rows(sql).into_iter().filter_map(|mut row| row.pop()?));
                let now = chunks(&pair);
                seen.extend(now.keys().cloned());
                now.keys().any(|chunk| !known.contains_key(chunk)) || !copying(&setup)
            });
            if !copying(&setup) {
                break;
            }
            if kill >= kills {
                continue;
            }
            let known = chunks(&pair);
            setup.interrupt(&pair, kill);
            let kept = chunks(&pair);
            // tables whose rows have become complete meanwhile have no chunks any more
            let tables: BTreeSet<_> = kept.keys().map(|chunk| table_of(chunk)).collect();
            for (chunk, committed) in known.iter().filter(|(chunk, _)| tables.contains(table_of(chunk))) {
                assert_eq!(kept.get(chunk), Some(committed), "{chunk} was copied again\n{}", setup.logs());
            }
        }
        setup.copy_unlimited();
        setup.wait_ok(SETTLE);
    });
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert_same(&definitions(&pair.target), &before);
    for table in TABLES {
        let of_table: BTreeSet<_> =
            seen.iter().filter(|chunk| table_of(chunk) == format!("public.{table}")).collect();
        let relations: BTreeSet<_> = of_table.iter().filter_map(|chunk| chunk.split(' ').nth(1)).collect();
        let heaps = if table == "on_target" { 1 } else { 4 };
        assert!(of_table.len() > heaps && relations.len() == heaps, "{table}: {of_table:?}");
    }
    assert!(transactions.len() > 10, "chunks have transactions of their own: {transactions:?}");
    wait_until(SETTLE, "nothing is left of the copies", || left_of_copies(&pair) == 0);
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over") && !log.contains("under one snapshot"), "{log}");
}
