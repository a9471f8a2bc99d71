//! Two machines with the same ini files: one works, the other stands by and takes over.
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::http::{free_port, get};
use tests::load::pgbench;
use tests::process::signal;
use tests::{Pair, Setup, compare, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(60);
const IP: &str = "/sbin/ip";
const ALL: [&str; 3] = ["pgqd.ini", "source.ini", "target.ini"];

/// Nodes with nothing added, their daemons ended, and the run directory of a second machine with a status page.
fn two_machines(pair: &Pair) -> (Setup, Setup, u16) {
    let first = Setup::new(pair);
    first.start_nodes();
    for name in ["target", "source", "pgqd"] {
        first.stop_daemon(name);
    }
    let (second, port) = (first.on_another_machine(), free_port());
    second.set("pgqd.ini", "metrics_listen", &port.to_string());
    (first, second, port)
}

/// Whether each job of the process stands by; none where it does not answer.
fn standing_by(setup: &Setup) -> Vec<bool> {
    let output = setup.londisted(&[&["status", "--json"], &ALL[..]].concat());
    let processes = serde_json::Deserializer::from_str(&output.stdout).into_iter::<Value>().flatten();
    let jobs = processes.flat_map(|one| one["jobs"].as_array().cloned().unwrap_or_default());
    jobs.map(|job| job["standby"] == true).collect()
}

#[track_caller]
fn wait_until_all(setup: &Setup, standby: bool) {
    wait_until_these(setup, 3, standby);
}

#[track_caller]
fn wait_until_these(setup: &Setup, jobs: usize, standby: bool) {
    wait_for(SETTLE, &format!("{jobs} jobs have standby = {standby}"), || {
        let seen = standing_by(setup);
        if seen == vec![standby; jobs] { Ok(()) } else { Err(format!("{seen:?}\n{}", setup.logs())) }
    });
}

/// Changes on the source come over, and every row is there.
#[track_caller]
fn expect_work(pair: &Pair, at_work: &Setup) {
    pgbench::transactions(&pair.source, 2, 100);
    at_work.wait_caught_up(SETTLE);
    compare::assert_equal(pair);
}

#[test]
fn the_second_machine_takes_over_when_the_first_process_dies_and_the_first_stands_by_then() {
    let pair = Pair::start();
    pgbench::create(&pair, 3);
    let (first, second, port) = two_machines(&pair);
    for setup in [&first, &second] {
        setup.set("target.ini", "copy_rate_limit", "5MB");
    }
    let one = first.foreground("londisted", &ALL, "londisted");
    wait_until_all(&first, false);
    let two = second.foreground("londisted", &ALL, "londisted");
    wait_until_all(&second, true);
    let answer = get(port, "/readyz");
    assert!(answer.contains("200 OK") && answer.contains("standby: "), "{answer}");
    let metrics = get(port, "/metrics");
    assert!(metrics.contains("londiste_standby{job=\"target_app\",part=\"worker\"} 1"), "{metrics}");
    let words = second.londisted(&["status", "target.ini"]).expect_success().stdout.clone();
    assert!(words.contains("STANDBY") && words.contains("target_app node"), "{words}");

    // copies are the first one's, and gone on with by the second
    first.add_all();
    wait_until(SETTLE, "a copy runs", || first.table_states().iter().any(|(_, state)| state == "in-copy"));
    let copies = |setup: &Setup| {
        setup
            .londisted(&["status", "target.ini"])
            .stdout
            .lines()
            .filter(|line| line.contains("copy "))
            .count()
    };
    assert!(copies(&first) > 0 && copies(&second) == 0);
    drop(one);
    wait_until_all(&second, false);
    // from here it cannot be seen but by its lock
    std::fs::remove_file(first.target_worker().pidfile).unwrap();
    let rewind = first.londiste(&["target.ini", "worker", "--rewind"]);
    rewind.expect_failure(1, &["the worker runs elsewhere", "target_app node"]);
    second.wait_ok(Duration::from_secs(120));
    expect_work(&pair, &second);
    assert!(get(port, "/readyz").contains("ready: "));

    let _one = first.foreground("londisted", &ALL, "londisted-again");
    wait_until_all(&first, true);
    expect_work(&pair, &second);
    second.londisted(&["stop", "target.ini"]).expect_success();
    wait_until_all(&first, false);
    drop(two);
    expect_work(&pair, &first);
    for setup in [&first, &second] {
        assert!(!setup.logs().contains("another process works on this node as"), "{}", setup.logs());
    }
}

#[test]
fn a_process_that_stands_still_loses_its_nodes_and_stands_by_when_it_goes_on() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    let (first, second, _) = two_machines(&pair);
    let one = first.foreground("londisted", &ALL, "londisted");
    wait_until_all(&first, false);
    first.add_all();
    first.wait_ok(SETTLE);
    let _two = second.foreground("londisted", &ALL, "londisted");
    wait_until_all(&second, true);
    let load = pgbench::Pgbench::start(&first, 2, 100);
    signal("STOP", &one.pid().to_string());
    let still = Instant::now();
    wait_until_all(&second, false);
    eprintln!("taken over from a process that stands still after {:.1?}", still.elapsed());
    second.wait_caught_up(SETTLE);
    signal("CONT", &one.pid().to_string());
    wait_until_all(&first, true);
    load.stop();
    expect_work(&pair, &second);
    let sessions = "select count(*) from pg_stat_activity where application_name like 'target_app worker%'";
    assert_eq!(pair.target.admin().number(sessions), 1, "{}", first.logs());
}

#[test]
fn a_root_that_no_pgqd_ticks_is_ticked_by_the_machine_at_work() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    let (first, second, _) = two_machines(&pair);
    let nodes = ["source.ini", "target.ini"];
    let one = first.foreground("londisted", &nodes, "londisted");
    wait_until_these(&first, 2, false);
    first.add_all();
    first.wait_ok(SETTLE);
    let _two = second.foreground("londisted", &nodes, "londisted");
    wait_until_these(&second, 2, true);
    expect_work(&pair, &first);
    let stand_ins = "select count(*) from pg_stat_activity where application_name = 'pgqd stand-in'";
    assert_eq!(pair.source.admin().number(stand_ins), 1);
    drop(one);
    expect_work(&pair, &second);
    wait_until_these(&second, 2, false);
    assert_eq!(pair.source.admin().number(stand_ins), 1);
    let words = second.londisted(&["status", "source.ini"]).expect_success().stdout.clone();
    assert!(words.contains("ticks by stand-in") && words.contains("ticker shop"), "{words}");
}

/// A network of its own for the first machine, whose cable can be pulled: nobody is told of the end of a connection.
struct Cable {
    name: String,
    host: String,
}

impl Cable {
    /// `None` where networks cannot be made.
    fn lay() -> Option<Cable> {
        let number = std::process::id();
        let (name, net) = (format!("lr{number}"), format!("10.{}.{}", 180 + number % 60, number / 60 % 250));
        let cable = Cable { host: format!("{net}.1"), name };
        let (inside, outside) = (format!("{}i", cable.name), format!("{}o", cable.name));
        let there = ip(&["netns", "add", &cable.name])
            && ip(&["link", "add", &outside, "type", "veth", "peer", "name", &inside, "netns", &cable.name])
            && ip(&["addr", "add", &format!("{net}.1/30"), "dev", &outside])
            && ip(&["link", "set", &outside, "up"])
            && ip(&["-n", &cable.name, "addr", "add", &format!("{net}.2/30"), "dev", &inside])
            && ip(&["-n", &cable.name, "link", "set", "lo", "up"])
            && cable.plug("up");
        there.then_some(cable)
    }

    /// `up` or `down`.
    fn plug(&self, state: &str) -> bool {
        ip(&["-n", &self.name, "link", "set", &format!("{}i", self.name), state])
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.name]);
        ip(&["link", "del", &format!("{}o", self.name)]);
    }
}

fn ip(arguments: &[&str]) -> bool {
    let output = std::process::Command::new(IP).args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn a_machine_that_vanishes_without_a_word_is_noticed_and_stands_by_when_it_is_back() {
    let Some(cable) = Cable::lay() else {
        eprintln!("no machine vanishes: no network of its own can be made here");
        return;
    };
    let pair = Pair::start_with(&[("listen_addresses", "*")]);
    pgbench::create(&pair, 1);
    let (first, second, _) = two_machines(&pair);
    let moved = |text: String| text.replace("127.0.0.1", &cable.host);
    first.set("pgqd.ini", "base_connstr", &moved(pair.source.base_connstr()));
    first.set("source.ini", "db", &moved(pair.source.connstr()));
    first.set("target.ini", "db", &moved(pair.target.connstr()));
    first.set("target.ini", "remote_extra_connstr", &format!("host={}", cable.host));
    let londisted = tests::executable("londisted").display().to_string();
    let arguments = [&["netns", "exec", cable.name.as_str(), londisted.as_str()], &ALL[..]].concat();
    let _one = first.foreground(IP, &arguments, "londisted");
    wait_until_all(&first, false);
    second.add_all();
    second.wait_ok(SETTLE);
    let _two = second.foreground("londisted", &ALL, "londisted");
    wait_until_all(&second, true);
    let load = pgbench::Pgbench::start(&second, 2, 100);
    assert!(cable.plug("down"));
    let gone = Instant::now();
    wait_until_all(&second, false);
    eprintln!("taken over from a machine that has vanished after {:.1?}", gone.elapsed());
    second.wait_caught_up(SETTLE);
    assert!(cable.plug("up"));
    wait_until_all(&first, true);
    load.stop();
    expect_work(&pair, &second);
}
