//! One process for ticker, workers and copies: systemd's protocol, status without a database, steering, giving up.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::Value;
use tests::http::{free_port, get};
use tests::load::pgbench;
use tests::{Pair, Setup, compare, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(30);
const ALL: [&str; 3] = ["pgqd.ini", "source.ini", "target.ini"];

/// systemd's end of `NOTIFY_SOCKET`.
struct Manager {
    socket: UnixDatagram,
    heard: String,
}

impl Manager {
    fn listen(setup: &Setup) -> (Manager, String) {
        let path = setup.directory().join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        (Manager { socket, heard: String::new() }, path.display().to_string())
    }

    /// Waits for a line that begins so, behind what was waited for before.
    #[track_caller]
    fn expect(&mut self, beginning: &str) -> String {
        wait_for(QUICK, &format!("systemd hears {beginning}"), || {
            let mut datagram = [0; 4096];
            while let Ok(length) = self.socket.recv(&mut datagram) {
                self.heard.push_str(&String::from_utf8_lossy(&datagram[..length]));
                self.heard.push('\n');
            }
            let start = self.heard.lines().position(|line| line.starts_with(beginning));
            let Some(start) = start else { return Err(self.heard.clone()) };
            let line = self.heard.lines().nth(start).unwrap_or_default().to_owned();
            self.heard = self.heard.lines().skip(start + 1).map(|line| format!("{line}\n")).collect();
            Ok(line)
        })
    }
}

fn status(setup: &Setup, ini: &str) -> Value {
    let output = setup.londisted(&["status", "--json", ini]);
    serde_json::from_str(&output.expect_success().stdout).unwrap()
}

fn part<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    status["jobs"][0]["parts"].as_array()?.iter().find(|part| part["part"] == name)
}

/// What is wrong in several files, and what fails in several start-up checks.
fn all_is_said_at_once(setup: &Setup) {
    for (name, text) in [
        ("one.ini", "[londiste]\ndb = dbname=x usr=y\nqueu_name = q\n"),
        ("two.ini", "[pgqd]\nticker_period = often\n"),
    ] {
        std::fs::write(setup.directory().join(name), text).unwrap();
    }
    let words = [
        "did you mean \"user\"?",
        "one.ini:3: unknown key queu_name",
        "queue_name: missing",
        "line 2, ticker_period = often",
    ];
    setup.londisted(&["one.ini", "two.ini"]).expect_failure(1, &words);
    std::fs::write(setup.directory().join("both.ini"), "[pgqd]\n[londiste]\n").unwrap();
    setup.londisted(&["both.ini"]).expect_failure(1, &["both [pgqd] and [londiste]"]);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    setup.set("pgqd.ini", "metrics_listen", &taken.local_addr().unwrap().port().to_string());
    setup
        .londisted(&["-d", "pgqd.ini"])
        .expect_failure(1, &["metrics_listen = 127.0.0.1:", "give another port"]);
    drop(taken);
    let good = setup.source.connstr();
    setup.set("source.ini", "db", &good.replace("live-Secret1", "wrong"));
    setup.set("target.ini", "db", "host=127.0.0.1 port=1 dbname=x user=y");
    let words = ["password authentication failed", "Connection refused"];
    setup.londisted(&["-d", "source.ini", "target.ini"]).expect_failure(1, &words);
    setup.set("source.ini", "db", &good);
    setup.set("target.ini", "db", &setup.target.connstr());
}

#[test]
fn one_process_runs_a_whole_migration() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    setup.londisted(&[]).expect_failure(2, &["no ini file is named"]);
    setup.londisted(&["target.ini", "target.ini"]).expect_failure(1, &["both have"]);
    all_is_said_at_once(&setup);
    setup.londisted(&["status", "target.ini"]).expect_failure(1, &["not running"]);

    let port = free_port();
    setup.set("pgqd.ini", "metrics_listen", &port.to_string());
    let config = setup.londisted(&["config", "pgqd.ini", "target.ini"]).expect_success().stdout.clone();
    assert!(
        config.contains(&format!("metrics_listen = {port}")) && config.contains("target.ini:"),
        "{config}"
    );
    assert!(!config.contains("cloud-Secret2"), "{config}");

    // each job's log file has a format of its own
    setup.set("source.ini", "log_format", "json");
    std::fs::remove_file(setup.source_worker().logfile).unwrap();

    let (mut manager, socket) = Manager::listen(&setup);
    let environment = [("NOTIFY_SOCKET", socket.as_str()), ("WATCHDOG_USEC", "600000")];
    let mut daemon = setup.foreground_in("londisted", &ALL, "londisted", &environment);
    manager.expect("READY=1");
    manager.expect("WATCHDOG=1");
    let pids = [setup.ticker(), setup.source_worker(), setup.target_worker()].map(|one| one.expect_pid());
    assert_eq!(pids, [daemon.pid(); 3]);
    setup.londisted(&["-d", "target.ini"]).expect_failure(1, &["already running"]);

    setup.add_all();
    setup.wait_ok(Duration::from_secs(60));
    setup.wait_caught_up(Duration::from_secs(60));
    compare::assert_equal(&pair);
    manager.expect("STATUS=pgqd: ");

    let metrics = get(port, "/metrics");
    for words in [
        "londiste_lag_seconds{job=\"target_app\",queue=\"migq\",node=\"subscriber\",type=\"leaf\"}",
        "londiste_tables{job=\"target_app\",queue=\"migq\",node=\"subscriber\",state=\"ok\"} 4",
        "pgqd_queue_bytes{job=\"pgqd\",database=\"shop\",queue=\"migq\"}",
        "pgqd_consumer_lag_seconds{job=\"pgqd\",database=\"shop\",queue=\"migq\",consumer=\"target_app\"}",
    ] {
        assert!(metrics.contains(words), "{words}\n{metrics}");
    }
    assert!(get(port, "/readyz").contains("200 OK"));
    let page = get(port, "/");
    for words in ["<td>subscriber", "<progress value=\"4\" max=\"4\">", "target_app"] {
        assert!(page.contains(words), "{words}\n{page}");
    }

    let control = setup.directory().join("target.pid.sock");
    assert_eq!(std::fs::metadata(control).unwrap().permissions().mode() & 0o777, 0o600);
    // The sockets answer while no database does.
    for side in [&pair.source, &pair.target] {
        side.cluster.stop(tests::Shutdown::Immediate);
    }
    let seen = wait_for(QUICK, "the worker's error is in its status", || {
        let status = status(&setup, "target.ini");
        let worker = part(&status, "worker").cloned().unwrap_or_default();
        if worker["last_error"].is_string() { Ok(worker) } else { Err(status.to_string()) }
    });
    assert_eq!((&seen["node"], &seen["node_type"]), (&Value::from("subscriber"), &Value::from("leaf")));
    assert!(
        seen["batch"]["tick"].as_i64().unwrap() > 0 && seen["tables"]["ok"].as_i64() == Some(4),
        "{seen}"
    );
    let words = setup.londisted(&["status", "pgqd.ini", "target.ini"]).expect_success().stdout.clone();
    assert!(words.contains("database shop") && words.contains("leaf subscriber of queue migq"), "{words}");
    assert!(words.contains("ERR:"), "{words}");
    for side in [&pair.source, &pair.target] {
        side.cluster.start_again();
    }
    setup.wait_caught_up(Duration::from_secs(60));

    setup.londisted(&["reload", "pgqd.ini", "target.ini"]).expect_success();
    manager.expect("RELOADING=1");
    manager.expect("READY=1");
    setup.londisted(&["stop", "target.ini"]).expect_success();
    manager.expect("STOPPING=1");
    assert_eq!(daemon.wait(QUICK), 0);
    let lines = |log: String, json: bool| {
        let differs = |line: &&str| serde_json::from_str::<Value>(line).is_ok() != json;
        assert_eq!(log.lines().find(differs), None);
        assert!(log.contains("SIGHUP") && log.contains("worker is ready"), "{log}");
    };
    lines(setup.source_worker().log(), true);
    lines(setup.target_worker().log(), false);
    let left: Vec<_> =
        std::fs::read_dir(setup.directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let ours = |path: &&std::path::PathBuf| path.to_string_lossy().contains(".pid");
    assert_eq!(left.iter().filter(ours).count(), 0, "{left:?}");
}

#[test]
fn a_file_that_is_new_in_the_directory_needs_a_restart() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.stop_daemon("target");
    let directory = setup.directory().join("jobs");
    std::fs::create_dir(&directory).unwrap();
    std::fs::rename(setup.directory().join("target.ini"), directory.join("target.ini")).unwrap();
    setup.londisted(&["-d", "jobs"]).expect_success();
    let log = setup.target_worker();
    std::fs::write(directory.join("more.ini"), "[pgqd]\n").unwrap();
    setup.londisted(&["reload", "jobs/target.ini"]).expect_success();
    wait_until(QUICK, &format!("the log says so\n{}", log.log_end()), || {
        log.log().contains("jobs/more.ini is new, which needs a restart of the process")
    });
    assert!(!log.log().contains("target.ini is new"), "{}", log.log());
    setup.londisted(&["stop", "jobs/target.ini"]).expect_success();
}

#[test]
fn it_gives_up_where_it_is_told_to() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.stop_daemon("target");
    setup.set("target.ini", "on_failure", "exit");
    setup.set("target.ini", "max_failures", "3");
    setup.set("target.ini", "stop_timeout", "5");
    let mut worker = setup.foreground("londisted", &["target.ini"], "londisted");
    wait_until(QUICK, "the worker works", || {
        setup.londisted(&["status", "target.ini"]).stdout.contains("leaf subscriber")
    });
    pair.target.cluster.stop(tests::Shutdown::Fast);
    assert_eq!(worker.wait(QUICK), 1);
    let said = std::fs::read_to_string(setup.directory().join("londisted.out")).unwrap();
    assert!(said.contains("3 failures in a row without progress"), "{said}");
    assert!(!setup.target_worker().pidfile.exists());
}

/// A session of the superuser that keeps the target's table for itself until it is dropped.
fn lock(pair: &Pair, table: &str) -> postgres::Client {
    let mut session = pair.target.admin().connect();
    session.batch_execute(&format!("begin; lock table {table}")).unwrap();
    session
}

#[test]
fn a_reload_says_what_it_applies_and_a_stop_what_it_leaves() {
    let pair = Pair::start();
    pair.both("create table t (id bigint primary key)");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "log_format", "json");
    setup.start_nodes();
    setup.add_all();
    setup.wait_ok(Duration::from_secs(60));
    let says = |words: &str| {
        let log = setup.target_worker();
        wait_until(QUICK, &format!("the log says {words:?}\n{}", log.log_end()), || {
            log.log().contains(words)
        });
    };
    let reloaded = |key: &str, value: &str, words: &str| {
        setup.set("target.ini", key, value);
        setup.londiste(&["-r", "target.ini"]).expect_success();
        says(words);
    };
    reloaded("parallel_copies", "3", "parallel_copies changed, from now on");
    reloaded("loop_delay", "soon", "the settings stay as they were");
    reloaded("loop_delay", "0.5", "loop_delay changed: starting the parts anew");
    reloaded("syslog", "1", "unknown key syslog");
    reloaded("log_format", "text", "log_format changed, which needs a restart of the process");
    reloaded("stop_timeout", "1", "stop_timeout changed");
    reloaded("job_name", "other", "makes it another job");
    reloaded("job_name", "target_app", "SIGHUP");

    // A worker that takes no part in the standby (an older version) is kept from the same batch all the same.
    let mut rival = pair.target.admin().connect();
    let batch =
        "begin; select pg_advisory_xact_lock(hashtext('londiste_rs.worker'), hashtext('migq target_app'))";
    rival.batch_execute(batch).unwrap();
    pair.source.execute("insert into t values (0)");
    says("another process works on this node as consumer");
    drop(rival);
    wait_until(QUICK, "the row arrives", || pair.target.number("select count(*) from t") == 1);

    let locked = lock(&pair, "t");
    pair.source.execute("insert into t values (1)");
    wait_until(QUICK, "the worker waits for the table", || {
        let waiting = "select count(*) from pg_stat_activity \
                        where wait_event_type = 'Lock' and application_name like 'target_app worker%'";
        pair.target.admin().number(waiting) == 1
    });
    // A second worker of the node, which no pidfile keeps from starting, stands by.
    let other = std::fs::read_to_string(setup.directory().join("target.ini")).unwrap();
    let other = other.replace("target.pid", "other.pid").replace("target.log", "other.log");
    std::fs::write(setup.directory().join("other.ini"), other).unwrap();
    setup.londiste(&["-d", "other.ini", "worker"]).expect_success();
    wait_until(QUICK, "the second names the first", || {
        let log = std::fs::read_to_string(setup.directory().join("other.log")).unwrap();
        log.contains("standby: another process works on this node") && log.contains("target_app node")
    });
    setup.londiste(&["-s", "other.ini"]).expect_success();

    setup.londiste(&["-s", "target.ini"]).expect_success();
    says("stop_timeout (1 s) is over: worker left in the middle of its work, which is rolled back");
    drop(locked);
    for line in setup.target_worker().log().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    setup.start_daemon("target");
    wait_until(QUICK, "the row arrives", || pair.target.number("select count(*) from t") == 2);
}
