//! Large values that updates leave out (`rec.L`) are there all the same: in replay, and in copies in chunks whatever
//! state the row is in.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::{Database, Pair, Setup, compare, wait_until};

const SETTLE: Duration = Duration::from_secs(180);
const ROWS: u32 = 3000;

/// Seven rows a page, and a body of 3 kB out of line.
fn create(pair: &Pair) {
    // the application's own operator on a type of the key holds for all values
    pair.both(
        "create type part as enum ('a', 'b');
         create function same(part, part) returns boolean language sql as 'select true';
         create operator = (leftarg = part, rightarg = part, function = same);
         create table doc (id int, part part, n int, pad text, body text, data bytea, primary key (id, part));
         alter table doc alter pad set storage plain, alter body set storage external",
    );
    pair.source.execute(&format!(
        "insert into doc
         select i, 'a', 0, repeat('x', 1000),
                (select string_agg(md5(i || ' ' || j), '') from generate_series(1, 100) j), null
           from generate_series(1, {ROWS}) i"
    ));
    pair.source.execute("analyze doc");
}

fn chunks(pair: &Pair) -> i64 {
    pair.target.number("select count(*) from londiste_rs.copy_chunk")
}

/// Events that leave something out.
fn light(pair: &Pair) -> i64 {
    pair.source.number("select count(*) from pgq.event_1 where ev_type = 'rec.L'")
}

fn equal(pair: &Pair, setup: &Setup) {
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(pair);
    let log = setup.target_worker().log();
    assert!(!log.contains("starts over"), "{log}");
}

#[test]
fn a_copy_finds_what_was_left_out_wherever_the_row_is() {
    let pair = Pair::start();
    if !pair.has_chunks() {
        return;
    }
    create(&pair);
    let setup = Setup::in_chunks(&pair, 40, "700kB");
    setup.add_all();
    wait_until(SETTLE, "chunks are committed", || chunks(&pair) >= 2);
    setup.londiste(&["target.ini", "pause"]).expect_success();
    // copies look once a second whether they are held
    std::thread::sleep(Duration::from_secs(3));
    let copied = pair.target.number("select max(end_page)::int8 from londiste_rs.copy_chunk");
    let last = pair.source.number("select pg_relation_size('doc') / 8192");
    assert!(copied < last / 2, "{copied} of {last} pages: the copy is not far yet");
    let change = |sql: &str| pair.source.execute(sql);
    // room in the pages that are copied, and rows that move there before their own pages are
    change("delete from doc where id <= 100");
    let moved =
        format!("select count(*) from doc where id > {} and (ctid::text::point)[0] < {copied}", ROWS - 50);
    wait_until(SETTLE, "rows have moved to where the copy has been", || {
        change("vacuum doc");
        change(&format!("update doc set n = n + 1 where id > {}", ROWS - 50));
        pair.source.number(&moved) > 0
    });
    assert!(light(&pair) >= 50, "values are left out");
    // rows that a chunk has brought, and rows that one will bring; changed before and after they are told in full,
    // deleted, given another key
    for id in [150, ROWS - 100] {
        change(&format!("update doc set n = 1 where id between {id} and {id} + 9"));
        change(&format!(
            "update doc set body = body || 'changed' where id = {id} + 1; update doc set n = 2 where id = {id} + 1"
        ));
        change(&format!(
            "update doc set n = 3, data = decode(repeat(md5('x'), 200), 'hex') where id = {id} + 2"
        ));
        change(&format!("delete from doc where id = {id} + 3"));
        change(&format!(
            "update doc set part = 'b' where id = {id} + 4; update doc set n = 4 where id = {id} + 4"
        ));
        change(&format!(
            "update doc set body = null where id = {id} + 5; update doc set n = 5 where id = {id} + 5"
        ));
        change(&format!(
            "delete from doc where id = {id} + 6; \
             insert into doc values ({id} + 6, 'a', 6, null, repeat('again', 1000)); \
             update doc set n = 7 where id = {id} + 6"
        ));
    }
    setup.londiste(&["target.ini", "resume"]).expect_success();
    setup.copy_unlimited();
    equal(&pair, &setup);
}

/// Changes rows until told to stop; goes on over lost connections.
fn write(source: &Database, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(mut client) = source.try_connect() else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        while !stop.load(Ordering::Relaxed) {
            let id = fastrand::u32(1..=ROWS);
            let sql = match fastrand::u8(0..12) {
                0 => format!("update doc set body = body || 'x' where id = {id}"),
                1 => {
                    format!(
                        "update doc set part = case part::text when 'a' then 'b'::part else 'a' end where id = {id}"
                    )
                }
                2 => format!("delete from doc where id = {id}"),
                3 => format!(
                    "insert into doc values ({id}, 'a', 0, repeat('y', 1000), repeat(md5('{id}'), 100)) \
                         on conflict (id, part) do update set n = doc.n + 1"
                ),
                4 => format!("update doc set n = n + 1 where id between {id} and {id} + 20"),
                5 => format!(
                    "begin; update doc set n = 0 where id = {id}; update doc set body = null where id = {id}; rollback"
                ),
                6 => format!("do $$ begin update doc set n = n + 1 where id = {id}; end $$"),
                7 => "vacuum doc".to_owned(),
                _ => format!("update doc set n = n + 1, data = null where id = {id}"),
            };
            if client.batch_execute(&sql).is_err() {
                break;
            }
        }
    }
}

#[test]
fn copies_that_are_killed_and_replay_bring_the_same_rows() {
    let pair = Pair::start();
    create(&pair);
    let setup = Setup::in_chunks(&pair, 40, "2MB");
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let (source, stop) = (pair.source.clone(), stop.clone());
            std::thread::spawn(move || write(&source, &stop))
        })
        .collect();
    setup.add_all();
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(fastrand::u64(500..2500)));
        setup.target_worker().kill();
        setup.start_daemon("target");
    }
    setup.copy_unlimited();
    setup.wait_ok(SETTLE);
    std::thread::sleep(Duration::from_secs(3));
    stop.store(true, Ordering::Relaxed);
    writers.into_iter().for_each(|writer| writer.join().expect("the writer ends"));
    assert!(light(&pair) > 100, "values are left out");
    equal(&pair, &setup);
}

#[test]
fn a_row_that_is_missing_on_the_target_is_an_error_not_half_a_row() {
    let pair = Pair::start();
    create(&pair);
    let setup = Setup::in_chunks(&pair, 40, "0");
    setup.add_all();
    setup.wait_ok(SETTLE);
    pair.target.admin().execute("set session_replication_role = replica; delete from doc where id = 7");
    pair.source.execute("update doc set n = 1 where id = 7");
    wait_until(SETTLE, "the table is parked", || {
        setup.londiste(&["target.ini", "tables"]).stdout.contains("parked")
    });
    assert_eq!(pair.target.number("select count(*) from doc where id = 7"), 0);
    setup.londiste(&["target.ini", "resync", "doc"]).expect_success();
    equal(&pair, &setup);
}
