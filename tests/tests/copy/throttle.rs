//! `throttle`: an operator's word to a worker that runs, about copies and comparisons; and what the brake looks at.
use std::time::Duration;

use tests::{Setup, compare, wait_for, wait_until};

use crate::limits::start;

const SETTLE: Duration = Duration::from_secs(120);

/// What `throttle` answers.
#[track_caller]
fn throttle(setup: &Setup, words: &[&str]) -> String {
    let words: Vec<&str> = ["target.ini", "throttle"].into_iter().chain(words.iter().copied()).collect();
    setup.londiste(&words).expect_success().stdout.trim_end().to_owned()
}

#[track_caller]
fn wait_told(setup: &Setup, words: &str) {
    wait_for(SETTLE, words, || {
        let of = |command| setup.londiste(&["target.ini", command]).expect_success().stdout.clone();
        let process = setup.londisted(&["status", "target.ini"]).expect_success().stdout.clone();
        for said in [of("tables"), of("status"), process] {
            if !said.contains(words) {
                return Err(format!("{said}\n{}", setup.logs()));
            }
        }
        Ok(())
    });
}

#[test]
fn a_worker_that_runs_is_told_and_forgets_it_unless_it_is_kept() {
    let (pair, setup) = start();
    setup.londiste(&["target.ini", "throttle"]).expect_failure(1, &["only a worker that runs can be told"]);
    setup.set("target.ini", "copy_rate_limit", "200kB");
    setup.start_nodes();
    setup.add_all();
    wait_told(&setup, "held by copy_rate_limit: 200 kB/s");
    let shown = throttle(&setup, &[]);
    assert!(
        shown.starts_with("rate: 200 kB/s (copy_rate_limit)\nbrake: released (disk_reserve 100 MB)"),
        "{shown}"
    );

    // no row comes any more, and the other table is replicated
    let paused = throttle(&setup, &["--pause"]);
    assert!(
        paused.contains("paused: by throttle (until the next start)")
            && paused.ends_with("now: held by throttle --pause"),
        "{paused}"
    );
    wait_told(&setup, "held by throttle --pause");
    let rows =
        || pair.target.admin().number("select coalesce(sum(rows), 0)::bigint from londiste_rs.copy_chunk");
    wait_until(SETTLE, "the small table is ok", || {
        pair.target.number("select count(*) from londiste.table_info where merge_state = 'ok'") == 1
    });
    let before = rows();
    pair.source.execute("insert into small values (2)");
    setup.wait_caught_up(SETTLE);
    wait_until(SETTLE, "it is replicated", || pair.target.number("select count(*) from small") == 2);
    assert_eq!(rows(), before);

    // kept or not
    let told = throttle(&setup, &["--rate", "100kB", "--keep"]);
    assert!(told.starts_with("rate: 100 kB/s (throttle, kept); copy_rate_limit: 200 kB/s"), "{told}");
    wait_told(&setup, "held by throttle --rate: 100 kB/s");
    setup.stop_daemon("target");
    setup.start_daemon("target");
    assert!(
        throttle(&setup, &[]).starts_with("rate: 100 kB/s (throttle, kept)"),
        "{}",
        throttle(&setup, &[])
    );
    // a reload is no start
    setup.set("target.ini", "copy_rate_limit", "150kB");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    wait_for(SETTLE, "the ini file is read again", || match throttle(&setup, &[]) {
        shown if shown.starts_with("rate: 100 kB/s (throttle, kept); copy_rate_limit: 150 kB/s") => Ok(()),
        shown => Err(shown),
    });
    let told = throttle(&setup, &["--rate", "50kB"]);
    assert!(told.starts_with("rate: 50 kB/s (throttle, until the next start)"), "{told}");
    setup.stop_daemon("target");
    setup.start_daemon("target");
    assert!(
        throttle(&setup, &[]).starts_with("rate: 150 kB/s (copy_rate_limit)"),
        "{}",
        throttle(&setup, &[])
    );

    throttle(&setup, &["--pause", "--keep"]);
    setup.stop_daemon("target");
    std::fs::write(setup.directory().join("target.pid.throttle"), "nonsense\n").expect("it is ours");
    setup.start_daemon("target");
    let log = setup.target_worker().log();
    assert!(log.contains("no throttle holds: cannot understand what throttle --keep has kept in"), "{log}");
    throttle(&setup, &["--pause", "--keep"]);
    assert!(throttle(&setup, &["--resume"]).starts_with("rate: 150 kB/s (copy_rate_limit)"));
    assert!(!setup.directory().join("target.pid.throttle").exists());
    assert!(
        throttle(&setup, &["--rate", "0"]).starts_with("rate: no limit (throttle, until the next start)")
    );
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 60_002);

    for (words, code, said) in [
        (&["--rate", "fast"][..], 2, "expected bytes a second"),
        (&["--rate", "1MB", "--pause"], 2, "cannot be used with"),
        (&["--keep"], 2, "required"),
        (&["--resume", "--keep"], 2, "cannot be used with"),
    ] {
        let words: Vec<&str> = ["target.ini", "throttle"].into_iter().chain(words.iter().copied()).collect();
        setup.londiste(&words).expect_failure(code, &[said]);
    }
}

#[test]
fn comparisons_of_the_worker_keep_to_it_and_hold_no_snapshot_meanwhile() {
    let (pair, setup) = start();
    setup.replicate();
    throttle(&setup, &["--rate", "300kB"]);
    setup.set("target.ini", "compare_every", "1 second");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    let part = |words: &str| {
        wait_for(SETTLE, words, || {
            let status = setup.londisted(&["status", "target.ini"]).expect_success().stdout.clone();
            let said = status.lines().any(|line| line.starts_with("  compare ") && line.contains(words));
            if said { Ok(()) } else { Err(format!("{status}\n{}", setup.logs())) }
        });
    };
    part("held by throttle --rate: 300 kB/s");
    throttle(&setup, &["--pause"]);
    part("held by throttle --pause");
    let open = "select count(*) from pg_stat_activity \
                 where application_name like '% compare' and backend_xmin is not null";
    for side in [&pair.source, &pair.target] {
        wait_until(SETTLE, "no snapshot is open", || side.admin().number(open) == 0);
    }
    throttle(&setup, &["--rate", "0"]);
    wait_for(SETTLE, "both tables are compared", || {
        let status = setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone();
        if status.contains("Compared: 2 equal") { Ok(()) } else { Err(format!("{status}\n{}", setup.logs())) }
    });
    let log = setup.target_worker().log();
    assert!(
        log.contains("the comparison waits, and goes on where it was: held by throttle --pause"),
        "{log}"
    );
}

#[test]
fn the_brake_looks_at_sessions_and_at_the_disk() {
    let (pair, setup) = start();
    if !pair.has_chunks() {
        return;
    }
    setup.set("target.ini", "disk_reserve", "0");
    setup.set("target.ini", "copy_brake_sessions", "3");
    setup.set("target.ini", "copy_rate_limit", "400kB");
    setup.start_nodes();
    let sleepers: Vec<_> = (0..5)
        .map(|_| {
            let mut client = pair.source.connect();
            let cancel = client.cancel_token();
            let sleeping = std::thread::spawn(move || _ = client.batch_execute("select pg_sleep(600)"));
            (cancel, sleeping)
        })
        .collect();
    setup.add_all();
    wait_told(&setup, "held by copy_brake_sessions: 5 active, limit 3; 64 kB/s");
    for (cancel, sleeping) in sleepers {
        cancel.cancel_query(postgres::NoTls).expect("it is cancelled");
        sleeping.join().expect("it ends");
    }
    wait_told(&setup, "held by copy_rate_limit: 400 kB/s");
    setup.set("target.ini", "disk_reserve", "1000000GB");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    wait_told(&setup, "held by disk_reserve: ");
    let shown = throttle(&setup, &[]);
    assert!(shown.contains("MB of room, limit 1024000000 MB"), "{shown}");
    setup.set("target.ini", "disk_reserve", "100MB");
    setup.set("target.ini", "copy_rate_limit", "0");
    setup.londiste(&["-r", "target.ini"]).expect_success();
    setup.wait_ok(SETTLE);
    setup.wait_caught_up(SETTLE);
    assert_eq!(compare::assert_equal(&pair).rows, 60_001);
}
