//! Where a migration stands, from its beginning up to the switch: `londiste status`, `londisted status`, the page, and
//! metrics say the same.

use std::time::Duration;

use serde_json::Value;
use tests::http::{free_port, get};
use tests::{Pair, Setup, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(60);
const ALL: [&str; 3] = ["pgqd.ini", "source.ini", "target.ini"];
/// A name that is markup, for those who forget that it is none.
const SCRIPT: &str = "<script>alert(1)</script>";

fn schema(pair: &Pair) {
    pair.both(&format!(
        "create table big (id int primary key, t text); create table \"{SCRIPT}\" (id int primary key)"
    ));
    pair.source.execute(
        "insert into big select i, repeat(md5(i::text), 30) from generate_series(1, 4000) i; analyze",
    );
    pair.source.execute(&format!("insert into \"{SCRIPT}\" values (1)"));
}

fn migration(setup: &Setup) -> Value {
    let output = setup.londisted(&["status", "--json", "target.ini"]);
    let status: Value = serde_json::from_str(&output.expect_success().stdout).expect("JSON");
    status["migrations"][0].clone()
}

fn words(setup: &Setup) -> String {
    setup.londiste(&["target.ini", "status"]).expect_success().stdout.clone()
}

/// All who tell it say this.
#[track_caller]
fn all_say(setup: &Setup, port: u16, state: &str, line: &str) {
    let told = wait_for(QUICK, &format!("the process says {state}: {line}"), || {
        let told = migration(setup);
        let is = told["state"] == state && told["words"].as_str().unwrap_or_default().contains(line);
        if is { Ok(told) } else { Err(told.to_string()) }
    });
    let text = setup.londisted(&["status", "target.ini"]).expect_success().stdout.clone();
    assert!(text.contains(&format!("state: {}", state_begins(state))), "{told}\n{text}");
    let page = get(port, "/");
    assert!(page.contains(&line.replace('<', "&lt;").replace('>', "&gt;")), "{line}\n{page}");
    let words = words(setup);
    let first = words.lines().nth(1).unwrap_or_default();
    assert!(first.starts_with(&format!("state: {}", state_begins(state))) && first.contains(line), "{words}");
}

fn state_begins(state: &str) -> &str {
    if state == "uncompared" { "in sync" } else { state }
}

/// The figure behind the page, of `status`, of `/metrics`, and of `londiste status`.
fn lags(setup: &Setup, port: u16) -> [String; 3] {
    let output = setup.londisted(&["status", "--json", "target.ini"]);
    let status: Value = serde_json::from_str(&output.expect_success().stdout).expect("JSON");
    let parts = status["jobs"][0]["parts"].as_array().cloned().unwrap_or_default();
    let worker = parts.iter().find(|part| part["part"] == "worker").cloned().unwrap_or_default();
    let metrics = get(port, "/metrics");
    let metric =
        metrics.lines().find_map(|line| line.strip_prefix("londiste_lag_seconds{")).unwrap_or_default();
    let leaf = words(setup)
        .lines()
        .skip_while(|line| !line.contains("(leaf)"))
        .find(|line| line.contains("Lag:"))
        .unwrap_or_default()
        .to_owned();
    let leaf =
        leaf.split("Lag: ").nth(1).unwrap_or_default().split(',').next().unwrap_or_default().to_owned();
    [worker["lag"].to_string(), metric.rsplit(' ').next().unwrap_or_default().to_owned(), leaf]
}

#[test]
fn everybody_says_where_the_migration_stands() {
    let pair = Pair::start();
    schema(&pair);
    let setup = Setup::new(&pair);
    let port = free_port();
    setup.set("pgqd.ini", "metrics_listen", &port.to_string());
    setup.set("target.ini", "copy_rate_limit", "100kB");
    setup.start_nodes();
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    let mut daemon = setup.foreground("londisted", &ALL, "londisted");
    wait_until(QUICK, "it answers", || {
        setup.londisted(&["status", "target.ini"]).stdout.contains("leaf subscriber")
    });
    all_say(&setup, port, "not begun", "no table is replicated");
    assert!(words(&setup).contains("next:  londiste target.ini migrate"), "{}", words(&setup));

    setup.add_all();
    let line = "ready in about";
    all_say(&setup, port, "copying", line);
    let told = migration(&setup);
    assert_eq!((&told["tables"], &told["queue"]), (&Value::from(2), &Value::from("migq")), "{told}");
    assert!(told["seconds_to_go"].as_f64().is_some_and(|seconds| seconds > 0.0), "{told}");
    let page = get(port, "/");
    assert!(page.contains("public.big") && page.contains("/s<td"), "the copy has its rate: {page}");
    setup.copy_unlimited();
    setup.wait_ok(QUICK);
    setup.wait_caught_up(QUICK);
    all_say(&setup, port, "uncompared", "2 tables not compared yet");
    setup.londiste(&["target.ini", "compare"]).expect_success();
    all_say(&setup, port, "ready", "last comparison");
    assert!(words(&setup).contains("next:  londiste target.ini switchover"), "{}", words(&setup));

    // nothing is written: nobody is behind, though ticks come seldom
    let none = ["0.0".to_owned(), "0.0".to_owned(), "0s".to_owned()];
    // nodes write to each other now and then: what they write waits for a moment, too
    let age = "select extract(epoch from clock_timestamp() - max(tick_time))::int8 from pgq.tick";
    wait_for(QUICK, "an idle source has no lag, however old its last tick is", || {
        let (age, lags) = (pair.source.number(age), lags(&setup, port));
        if age > 3 && lags == none { Ok(()) } else { Err(format!("tick {age} s ago, {lags:?}")) }
    });
    // a worker that is told to wait is behind whatever is written meanwhile
    setup.londiste(&["target.ini", "pause"]).expect_success();
    all_say(&setup, port, "blocked", "the worker of subscriber is paused");
    pair.source.execute("insert into big values (0, 'new')");
    wait_for(QUICK, "what waits is lag", || {
        let lags = lags(&setup, port);
        if lags.iter().all(|lag| !none.contains(lag)) { Ok(()) } else { Err(format!("{lags:?}")) }
    });
    setup.londiste(&["target.ini", "resume"]).expect_success();
    setup.wait_caught_up(QUICK);

    pair.target.execute("alter table big add check (id < 10000)");
    pair.source.execute("insert into big values (10000, 'refused')");
    all_say(&setup, port, "blocked", "1 table parked");
    let words = words(&setup);
    assert!(words.contains("state: blocked: 1 table parked: londiste target.ini tables"), "{words}");
    setup.londisted(&["stop", "target.ini"]).expect_success();
    assert_eq!(daemon.wait(QUICK), 0);
}
