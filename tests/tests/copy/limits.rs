//! What slows copies down or lets them go faster: hours in which they may run, a brake, connections that nobody else
//! needs.
use std::collections::BTreeSet;
use std::time::Duration;

use tests::proxy::Proxy;
use tests::{Pair, Setup, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(120);

/// About 1 600 pages.
pub(crate) fn start() -> (Pair, Setup) {
    let pair = Pair::start();
    pair.both("create table big (id int primary key, pad text); create table small (id int primary key)");
    pair.source.execute(
        "insert into big select i, repeat('x', 180) from generate_series(1, 60000) i; \
         insert into small values (1)",
    );
    let setup = Setup::new(&pair);
    setup.set("target.ini", "copy_chunk_pages", "20");
    (pair, setup)
}

fn reload(setup: &Setup, key: &str, value: &str) {
    setup.set("target.ini", key, value);
    setup.londiste(&["-r", "target.ini"]).expect_success();
}

#[track_caller]
fn wait_told(setup: &Setup, words: &str) {
    wait_for(SETTLE, "tables and status tell it", || {
        for command in ["tables", "status"] {
            let said = setup.londiste(&["target.ini", command]).expect_success().stdout.clone();
            if !said.contains(words) {
                return Err(format!("{said}\n{}", setup.logs()));
            }
        }
        Ok(())
    });
}

fn chunks(pair: &Pair) -> i64 {
    pair.target.number("select count(*) from londiste_rs.copy_chunk")
}

/// Sessions of copies of `big`, but the probe.
const SESSIONS: &str = "select count(*) from pg_stat_activity where application_name like '%copy public.big'";

#[test]
fn copies_wait_for_their_window() {
    let (pair, setup) = start();
    // a minute of the day that is twelve hours away
    let hour =
        pair.source.number("select extract(hour from now() at time zone 'UTC' + interval '12 hours')::int");
    let closed = format!("{hour:02}:00-{hour:02}:01, {hour:02}:30-{hour:02}:31 UTC");
    setup.set("target.ini", "copy_window", "at night");
    setup
        .londiste(&["target.ini", "worker"])
        .expect_failure(1, &["copy_window", "expected hours as 22:00-06:00"]);
    setup.set("target.ini", "copy_window", &closed);
    setup.set("target.ini", "copy_rate_limit", "500kB");
    setup.start_nodes();
    setup.add_all();
    let waiting = "waiting for its window, which opens in 1";
    wait_told(&setup, &format!("public.big: copy; {waiting}"));
    for side in [&pair.source, &pair.target] {
        assert_eq!(side.admin().number(SESSIONS), 0, "nothing has begun");
    }
    if !pair.has_chunks() {
        return;
    }
    reload(&setup, "copy_window", "00:00-24:00");
    wait_until(SETTLE, "chunks are committed", || chunks(&pair) > 1);
    reload(&setup, "copy_window", &closed);
    wait_told(&setup, waiting);
    wait_until(SETTLE, "the last chunk has come to its end", || {
        pair.source.admin().number(&SESSIONS.replace("where", "where backend_xmin is not null and")) == 0
    });
    let known = chunks(&pair);
    // the queue can be rotated meanwhile
    let position = "select sub_last_tick from pgq.subscription join pgq.consumer on co_id = sub_consumer \
                     where co_name like '%.copy.public.big'";
    let before = pair.source.number(position);
    pair.source.execute("update big set pad = 'changed' where id % 1000 = 0");
    wait_until(SETTLE, "what is changed is drained", || pair.source.number(position) > before + 1);
    assert_eq!(chunks(&pair), known);
    setup.set("target.ini", "copy_rate_limit", "0");
    reload(&setup, "copy_window", "");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 60_001);
    let log = setup.target_worker().log();
    assert!(!log.contains("starting the parts anew") && !log.contains("starts over"), "{log}");
}

#[test]
fn copies_slow_down_while_the_source_suffers_and_spare_connections_help() {
    let (pair, setup) = start();
    if !pair.has_chunks() {
        return;
    }
    let proxy = Proxy::before(pair.source.port);
    setup.set("target.ini", "parallel_copies", "3");
    setup.set("target.ini", "copy_rate_limit", "500kB");
    setup.set("target.ini", "copy_brake_latency", "0.3");
    setup.start_nodes();
    reload(&setup, "remote_extra_connstr", &format!("port={}", proxy.port()));
    setup.add_all();
    // the small table is done soon; its connection and the third one help the large one
    let mut seen = BTreeSet::new();
    wait_for(SETTLE, "three connections copy one table", || {
        let sessions = [&pair.source, &pair.target].map(|side| side.admin().number(SESSIONS));
        seen.extend(sessions);
        if sessions == [3, 3] { Ok(()) } else { Err(format!("{seen:?}\n{}", setup.logs())) }
    });
    proxy.delay_requests(Duration::from_millis(700));
    wait_told(&setup, "held by copy_brake_latency: 0.7");
    let log = setup.target_worker().log();
    assert!(log.contains("copies are slowed down: copy_brake_latency: 0.7"), "{log}");
    wait_told(&setup, " s, limit 0.3 s; 64 kB/s");
    let status = setup.londisted(&["status", "--json", "target.ini"]).expect_success().stdout.clone();
    assert!(status.contains("\"limit_bytes_per_second\":65536"), "{status}");
    proxy.delay_requests(Duration::ZERO);
    wait_until(SETTLE, "the brake is released", || {
        setup.target_worker().log().contains("copies are not slowed down any more")
    });
    reload(&setup, "copy_rate_limit", "0");
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 60_001);
    assert!(seen.iter().all(|sessions| *sessions <= 3), "never more than parallel_copies: {seen:?}");
    let log = setup.target_worker().log();
    assert!(log.contains("connections=3") && !log.contains("starts over"), "{log}");
}
