//! While nothing happens on either server, workers ask them next to nothing; whatever happens then is noticed at once.
use std::thread::sleep;
use std::time::{Duration, Instant};

use tests::{Database, Pair, Setup, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(90);
/// Looks at everything come each five seconds while there is something to be seen.
const STILL: Duration = Duration::from_secs(8);

/// How often a worker has looked at everything.
fn looks(side: &Database, function: &str) -> i64 {
    side.number(&format!(
        "select coalesce(sum(calls), 0)::int8 from pg_stat_user_functions \
          where schemaname = 'londiste_rs' and funcname = '{function}'"
    ))
}

fn all_looks(pair: &Pair) -> (i64, i64) {
    (looks(&pair.source, "stale_captures"), looks(&pair.target, "compare_here"))
}

#[test]
fn a_still_server_is_left_alone_and_what_happens_then_is_noticed() {
    let pair = Pair::start();
    for side in [&pair.source, &pair.target] {
        let name = side.value("select quote_ident(current_database())");
        side.admin().execute(&format!("alter database {name} set track_functions = 'all'"));
    }
    pair.both("create table t (id int primary key); create table u (id int primary key)");
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(SETTLE);
    wait_until(SETTLE, "looks are counted", || all_looks(&pair).0 > 0 && all_looks(&pair).1 > 0);

    // servers that have just begun write for themselves: statistics, the first watermarks
    wait_for(2 * SETTLE, "both are left alone", || {
        let before = all_looks(&pair);
        let began = Instant::now();
        sleep(STILL);
        let after = all_looks(&pair);
        if after == before { Ok(()) } else { Err(format!("{before:?} {after:?} in {:?}", began.elapsed())) }
    });

    // until version 14 whoever asks what was written reads the counts of the whole database
    if pair.source.number("select current_setting('server_version_num')::int8") >= 150_000 {
        wait_for(2 * SETTLE, "ticks alone let nobody look at all definitions", || {
            let before = all_looks(&pair);
            for _ in 0..3 {
                setup.source.execute("select londiste_rs.tick_now('migq')");
                sleep(STILL / 2);
            }
            let after = all_looks(&pair);
            if after == before { Ok(()) } else { Err(format!("{before:?} {after:?}")) }
        });
    }

    pair.source.execute("insert into t values (1)");
    wait_until(SETTLE, "a row arrives", || pair.target.number("select count(*) from t") == 1);
    let before = all_looks(&pair);
    pair.target.execute("alter table u add column more text");
    wait_until(SETTLE, "the target is looked at again", || looks(&pair.target, "compare_here") > before.1);
    pair.source.execute("alter table t add column more text");
    wait_until(SETTLE, "the source is looked at again", || looks(&pair.source, "stale_captures") > before.0);
    // the worker answers
    setup.londiste(&["target.ini", "pause"]).expect_success();
    setup.londiste(&["target.ini", "resume"]).expect_success();
}
