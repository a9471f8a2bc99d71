//! Copies of large tables: in chunks, each committed for good, under short transactions on the source; whatever is
//! killed meanwhile.
//!
//! `CHUNKED_COPY_KILLS` (default 5) interruptions; more of them for a longer test.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tests::definitions::{assert_same, definitions};
use tests::proxy::Proxy;
use tests::{Database, Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(180);
const ROWS: u32 = 60_000;
/// Pages of a chunk.
const PAGES: u32 = 40;

/// About 1 000 pages each, with indexes of several kinds.
fn create(pair: &Pair) {
    pair.both(
        "create table item (id int, part text, name text not null, amount numeric(10,2), tags text[],
                            ts timestamptz default now(),
                            primary key (id, part), unique (name));
         create index on item (amount) where amount > 500;
         create table line (id bigint generated always as identity primary key, item int,
             twice int generated always as (item * 2) stored, pad text);
         create index on line (item desc) include (pad)",
    );
    pair.source.execute(&format!(
        "insert into item select i, 'p' || i % 3, 'name ' || i, i % 1000, array['a', i::text], now()
                            from generate_series(1, {ROWS}) i;
         insert into line (item, pad) select i, repeat('x', 60) from generate_series(1, {ROWS}) i"
    ));
}

/// Changes rows of all kinds until dropped; goes on over lost connections.
struct Writer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Writer {
    fn start(source: &Database) -> Writer {
        let (stop, source) = (Arc::new(AtomicBool::new(false)), source.clone());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut done = 0;
            while !stopped.load(Ordering::Relaxed) {
                let Ok(mut client) = source.try_connect() else {
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                };
                while !stopped.load(Ordering::Relaxed) && change(&mut client).is_ok() {
                    done += 1;
                }
            }
            done
        });
        Writer { stop, thread: Some(thread) }
    }

    fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("running").join().expect("the writer ends")
    }
}

fn change(client: &mut postgres::Client) -> Result<(), postgres::Error> {
    let id = fastrand::u32(1..=ROWS);
    let sql = match fastrand::u8(0..8) {
        // to other keys and back, values exchanged, no-op updates, rows that come and go, an abort, a vacuum
        0 => format!("update item set part = 'moved' where id = {id} and part <> 'moved'"),
        1 => format!("update item set part = 'p' where id = {id}"),
        2 => format!(
            "update item set amount = amount + 1, tags = array['ä\tb', '\\n', null] where id between {id} and {id} + 5"
        ),
        3 => {
            format!("update item set name = name where id = {id}; update line set pad = pad where id = {id}")
        }
        4 => format!(
            "delete from item where id = {id}; insert into line (item, pad) values ({id}, 'new'), ({id}, null)"
        ),
        5 => format!(
            "insert into item values ({id}, 'extra', 'extra ' || {id}, null) on conflict do nothing; \
             delete from line where id = {id}"
        ),
        6 => format!("begin; update line set item = -1 where id < {id}; rollback"),
        _ => format!(
            "begin; savepoint s; update line set item = 0 where id = {id}; rollback to s;
                      update line set item = item + 1 where id = {id}; commit"
        ),
    };
    client.batch_execute(&sql)?;
    if id.is_multiple_of(200) {
        client.batch_execute("vacuum item; vacuum line")?;
    }
    Ok(())
}

/// Committed chunks with the time of their commit.
fn chunks(pair: &Pair) -> BTreeMap<String, String> {
    let sql = "select concat_ws(' ', table_name, relation, first_page, end_page), committed \
                 from londiste_rs.copy_chunk";
    let rows = pair.target.try_rows(sql).unwrap_or_default();
    rows.into_iter().filter_map(|mut row| Some((row.swap_remove(0)?, row.pop()??))).collect()
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
    let setup = Setup::in_chunks(&pair, PAGES, "3MB");
    let writer = Writer::start(&pair.source);
    setup.add_all();
    let mut transactions = BTreeSet::new();
    for kill in 0..kills {
        let known = chunks(&pair);
        wait_until(SETTLE, "another chunk is committed, or all are", || {
            // the source's oldest transaction of a copy, sampled
            let sql = "select pid || ' ' || xact_start from pg_stat_activity
                        where application_name like '% copy %' and backend_xmin is not null";
            transactions.extend(pair.source.admin().rows(sql).into_iter().filter_map(|mut row| row.pop()?));
            chunks(&pair).len() > known.len() || !copying(&setup)
        });
        if !copying(&setup) {
            setup.londiste(&["target.ini", "resync", "item", "line"]).expect_success();
            continue;
        }
        let known = chunks(&pair);
        setup.interrupt(&pair, kill);
        let kept = chunks(&pair);
        // tables whose rows have become complete meanwhile have no chunks any more
        let tables: BTreeSet<_> = kept.keys().filter_map(|chunk| chunk.split(' ').next()).collect();
        for (chunk, committed) in &known {
            if chunk.split(' ').next().is_some_and(|table| tables.contains(table)) {
                assert_eq!(
                    kept.get(chunk),
                    Some(committed),
                    "chunk {chunk} was copied again\n{}",
                    setup.logs()
                );
            }
        }
    }
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    assert!(writer.stop() > 0);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert_same(&definitions(&pair.target), &before);
    assert!(transactions.len() > 3, "chunks have transactions of their own: {transactions:?}");
    let left = "select (select count(*) from londiste_rs.copy_run) + (select count(*) from londiste_rs.copy_chunk)
                     + (select count(*) from londiste_rs.copy_index) + (select count(*) from londiste_rs.copy_progress)
                     + (select count(*) from pg_class where relname ~ '^copy_[0-9]+$')";
    wait_until(SETTLE, "nothing is left of the copies", || pair.target.number(left) == 0);
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over"), "{log}");
}

/// All that comes from the source is counted on its way.
#[test]
fn an_interruption_repeats_one_chunk_at_most() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    pair.both("create table line (id int primary key, pad text)");
    pair.source
        .execute(&format!("insert into line select i, repeat('x', 100) from generate_series(1, {ROWS}) i"));
    let proxy = Proxy::before(pair.source.port);
    let setup = Setup::in_chunks(&pair, PAGES, "0");
    setup.set("target.ini", "remote_extra_connstr", &format!("port={}", proxy.port()));
    setup.set("target.ini", "parallel_copies", "1");
    setup.set("target.ini", "copy_chunk_pages", "100");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.add_all();
    setup.wait_ok(SETTLE);
    let whole = proxy.answered();
    setup.set("target.ini", "copy_rate_limit", "3MB");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.londiste(&["target.ini", "resync", "line"]).expect_success();
    let largest = "select coalesce(max(bytes), 0)::int8 from londiste_rs.copy_chunk";
    let mut chunk = 0;
    for interruption in 0..4 {
        let known = chunks(&pair).len();
        wait_until(SETTLE, "another chunk is committed", || chunks(&pair).len() > known);
        // in the middle of the next one
        std::thread::sleep(Duration::from_millis(100));
        chunk = chunk.max(pair.target.number(largest));
        match interruption % 2 {
            0 => {
                proxy.refuse();
                proxy.heal();
            }
            _ => {
                setup.target_worker().kill();
                setup.start_daemon("target");
            }
        }
        assert!(copying(&setup), "the copy is interrupted, not over");
    }
    setup.wait_ok(SETTLE);
    let again = proxy.answered() - whole;
    // with each row comes the head of a message; with each interruption, what is asked of a new connection
    let (chunk, connecting) = (chunk.unsigned_abs() * 11 / 10, 150_000);
    assert!(chunk > 0 && whole > 4 * chunk, "a chunk is a part: {chunk} of {whole}");
    assert!(
        again <= whole + 4 * (chunk + connecting),
        "{again} bytes came with 4 interruptions, {whole} without, a chunk has {chunk}"
    );
    assert_eq!(compare::assert_equal(&pair).rows, u64::from(ROWS));
}

fn copying(setup: &Setup) -> bool {
    let states = "select count(*) from londiste.table_info where local and merge_state = 'in-copy'";
    setup.target.try_rows(states).is_ok_and(|rows| rows[0][0].as_deref() != Some("0"))
}

#[test]
fn limits_and_pauses_hold_for_running_copies() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let setup = Setup::in_chunks(&pair, PAGES, "100kB");
    setup.add_all();
    wait_until(SETTLE, "chunks are committed", || chunks(&pair).len() > 1);
    let rate = "select coalesce(max(bytes / extract(epoch from updated - began)), 0)::int8
                  from londiste_rs.copy_progress
                 where updated > began + interval '3 s'";
    wait_until(SETTLE, "progress is told", || pair.target.number(rate) > 0);
    let told = pair.target.number(rate);
    assert!(told < 200 * 1024, "{told} bytes a second");
    let told = setup.londiste(&["target.ini", "tables"]);
    let tables = &told.expect_success().stdout;
    assert!(tables.contains("public.item: copy: ") && tables.contains(" %"), "{tables}");
    setup.londiste(&["target.ini", "pause"]).expect_success();
    // copies look once a second whether they are held
    std::thread::sleep(Duration::from_secs(3));
    let known = chunks(&pair);
    setup.copy_unlimited();
    std::thread::sleep(Duration::from_secs(3));
    assert!(chunks(&pair).len() <= known.len() + 2, "at most the two chunks in hand");
    // what was dropped can be brought back by the stock worker too: by what it finds in its place
    let ddl = pair
        .target
        .value("select string_agg(dropped_ddl, ';') from londiste.table_info where dropped_ddl is not null");
    let mut target = pair.target.connect();
    target
        .batch_execute(&format!("begin; truncate item, line; {ddl}"))
        .unwrap_or_else(|error| panic!("{error:?}\n{ddl}"));
    let there: i64 = target
        .query_one(
            "select count(*) from pg_index where indrelid in ('item'::regclass, 'line'::regclass)",
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(there, 5);
    target.batch_execute("rollback").unwrap();
    setup.londiste(&["target.ini", "resume"]).expect_success();
    setup.wait_ok(SETTLE);
    assert_eq!(compare::assert_equal(&pair).tables, 2);
    let log = setup.target_worker().log();
    assert!(!log.contains("starting the parts anew") && !log.contains("starts over"), "{log}");
}

#[test]
fn a_table_that_is_rewritten_or_emptied_meanwhile_starts_over() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let setup = Setup::in_chunks(&pair, PAGES, "2MB");
    setup.add_all();
    let started_over = |times: usize| {
        wait_until(SETTLE, "the copy starts over", || {
            setup.target_worker().log().matches("the copy starts over").count() >= times
        });
    };
    let of_item = |pair: &Pair| chunks(pair).keys().filter(|chunk| chunk.starts_with("public.item ")).count();
    wait_until(SETTLE, "chunks are committed", || of_item(&pair) > 1);
    pair.source.execute("vacuum full item");
    started_over(1);
    wait_until(SETTLE, "chunks are committed", || of_item(&pair) > 1);
    pair.source.execute("truncate item; insert into item (id, part, name) values (1, 'one', 'one')");
    started_over(2);
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 1 + u64::from(ROWS));
}

#[test]
fn definitions_come_back_as_they_were_whenever_the_copy_is_killed() {
    let pair = Pair::start();
    let space = pair.target.cluster.directory().join("space");
    std::fs::create_dir(&space).unwrap();
    tests::installation::give_to_server_user(&space);
    let admin = pair.target.admin();
    admin.execute(&format!("create tablespace elsewhere location '{}'", space.display()));
    admin.execute(&format!("grant create on tablespace elsewhere to {}", pair.target.user));
    let table = "create table t (id int not null, a text not null, b int, r int4range, c text collate \"C\",
             x int generated always as (b * 2) stored);
         alter table t add constraint \"the key\" primary key (id) include (b) with (fillfactor = 70)";
    pair.both(table);
    pair.both("create table child (z int primary key) inherits (t)");
    let distinct = if pair.target.cluster.major() >= 15 { "nulls not distinct" } else { "" };
    pair.target.execute(&format!(
        r#"alter table t alter column c set not null;
           create unique index "Odd Index" on t (lower(a) desc nulls last, c text_pattern_ops) where b > 1;
           alter index "Odd Index" alter column 1 set statistics 77;
           create index spaced on t using hash (a) tablespace elsewhere;
           alter table t add constraint "late one" unique {distinct} (a, b) deferrable initially deferred;
           create unique index gone_elsewhere on t (c, id) with (fillfactor = 60) tablespace elsewhere;
           alter table t add constraint apart exclude using gist (r with &&) deferrable;
           alter table t cluster on "the key";
           alter table t replica identity using index gone_elsewhere;
           comment on index "Odd Index" is 'an odd one';
           comment on constraint "late one" on t is 'it''s late';
           alter table t alter column a set statistics 33"#
    ));
    pair.source.execute(
        "insert into t (id, a, b, r, c) select i, 'a' || i, i, int4range(i, i + 1), \
                                               'c' || i from generate_series(1, 20000) i",
    );
    pair.source
        .execute("insert into child (id, a, c, z) select i, 'child', 'c', i from generate_series(1, 100) i");
    let before = definitions(&pair.target);
    let setup = Setup::new(&pair);
    setup.set("target.ini", "copy_chunk_pages", "20");
    setup.start_nodes();
    setup.add_all();
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(fastrand::u64(100..900)));
        setup.target_worker().kill();
        setup.start_daemon("target");
    }
    setup.wait_ok(SETTLE);
    assert_same(&definitions(&pair.target), &before);
    // the child's rows count for both
    assert_eq!(compare::assert_equal(&pair).rows, 20_200);
    // a copy that is broken off for good gives back what can be given back
    setup.londiste(&["target.ini", "resync", "public.t"]).expect_success();
    setup.londiste(&["target.ini", "remove-table", "public.t"]).expect_success();
    assert_same(&definitions(&pair.target), &before);
}
