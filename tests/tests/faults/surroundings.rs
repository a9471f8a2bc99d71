//! The process lives through what becomes of the machines that it and the servers run on: clocks that jump, full disks,
//! names that nobody resolves.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::installation::give_to_server_user;
use tests::name_server::{Answer, NameServer};
use tests::{Invocation, Pair, Setup, Side, compare, wait_for, wait_until};

const QUICK: Duration = Duration::from_secs(30);
const ALL: [&str; 3] = ["pgqd.ini", "source.ini", "target.ini"];
const DAY: f64 = 86_400.0;

/// Two nodes whose daemons are stopped, and one table.
fn nodes(pair: &Pair) -> Setup {
    pair.both("create table t (id bigint primary key)");
    let setup = Setup::new(pair);
    setup.start_nodes();
    for name in ["target", "source", "pgqd"] {
        setup.stop_daemon(name);
    }
    setup
}

/// A new row of the source comes to the target.
#[track_caller]
fn goes_on(pair: &Pair, setup: &Setup, when: &str) {
    let row = pair.source.number("insert into t select coalesce(max(id), 0) + 1 from t returning id");
    wait_until(QUICK, &format!("a row arrives {when}\n{}", setup.target_worker().log_end()), || {
        pair.target.number(&format!("select count(*) from t where id = {row}")) == 1
    });
}

/// The only job of an ini file, or its worker, as `londisted status` sees it.
fn worker(setup: &Setup, ini: &str) -> Value {
    let output = setup.londisted(&["status", "--json", ini]);
    let status: Value = serde_json::from_str(&output.expect_success().stdout).unwrap();
    let parts = status["jobs"][0]["parts"].as_array().unwrap().clone();
    parts.into_iter().find(|part| part["part"] == "worker").unwrap_or_default()
}

/// Debian's libfaketime, where it is installed.
fn faketime() -> Option<PathBuf> {
    let libraries = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let mut libraries = libraries.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"));
    libraries.find(|path| path.exists())
}

#[test]
fn it_goes_on_when_clocks_jump_and_when_a_disk_was_full() {
    let pair = Pair::start();
    let setup = nodes(&pair);
    let clock = setup.directory().join("clock");
    let jump = |seconds: f64| std::fs::write(&clock, format!("{seconds:+}\n")).unwrap();
    jump(0.0);
    let library = faketime().map(|library| library.display().to_string());
    let file = clock.display().to_string();
    let environment: Vec<(&str, &str)> = match &library {
        Some(library) => vec![
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ],
        None => Vec::new(),
    };
    let mut daemon = setup.foreground_in("londisted", &ALL, "londisted", &environment);
    wait_until(QUICK, "it runs", || setup.target_worker().pid().is_some());
    setup.add_all();
    setup.wait_ok(QUICK);
    goes_on(&pair, &setup, "at first");

    if library.is_some() {
        for days in [1.0, -1.0, 0.0] {
            jump(days * DAY);
            goes_on(&pair, &setup, &format!("{days} days from now"));
            wait_for(QUICK, "an idle source has no lag, whatever the clock says", || {
                let lag = worker(&setup, "target.ini")["lag"].as_f64().unwrap();
                if lag < DAY - 100.0 { Ok(()) } else { Err(lag.to_string()) }
            });
        }
    } else {
        eprintln!("the process's own clock was left alone: no libfaketime here");
    }

    // What a clock leaves behind that was wrong by a day and has been set right.
    for was_wrong_by in ["1 day", "-1 day"] {
        let ticks = format!("update pgq.tick set tick_time = tick_time + '{was_wrong_by}'");
        pair.source.admin().execute(&ticks);
        // the position has been written with the tick's time as it was
        let position = format!("update londiste_rs.position set tick_time = tick_time + '{was_wrong_by}'");
        pair.target.admin().execute(&position);
        goes_on(&pair, &setup, &format!("after the source's clock was {was_wrong_by} wrong"));
    }

    a_full_disk(&pair, &setup);
    goes_on(&pair, &setup, "at last");
    setup.londisted(&["stop", "target.ini"]).expect_success();
    assert_eq!(daemon.wait(QUICK), 0, "it has lived through it");
}

/// One table of the target lies on a disk of its own, which has no room for some time.
fn a_full_disk(pair: &Pair, setup: &Setup) {
    let disk = pair.target.cluster.directory().join("disk");
    if !mounted(&disk, 12) {
        eprintln!("skipped: no full disk, since nothing can be mounted here");
        return;
    }
    let admin = pair.target.admin();
    admin.execute(&format!("create tablespace disk location '{}'", disk.display()));
    admin.execute(&format!("grant create on tablespace disk to {}", pair.target.user));
    pair.source.execute("create table wide (id bigint primary key, pad text)");
    pair.target.execute("create table wide (id bigint primary key, pad text) tablespace disk");
    setup.londiste(&["source.ini", "add-table", "wide"]).expect_success();
    setup.londiste(&["target.ini", "add-table", "wide"]).expect_success();
    setup.wait_ok(QUICK);
    let fill = "create table ballast (pad text) with (autovacuum_enabled = off) tablespace disk; \
                alter table ballast alter pad set storage plain";
    admin.execute(fill);
    let filled = "insert into ballast select repeat('x', 1000) from generate_series(1, 20000)";
    let full = admin.connect().batch_execute(filled).unwrap_err();
    assert_eq!(full.code().map(|code| code.code()), Some("53100"), "{full}");

    pair.source.execute("insert into wide select i, repeat('y', 100) from generate_series(1, 20000) i");
    wait_until(QUICK, &format!("it says so\n{}", setup.target_worker().log_end()), || {
        setup.target_worker().log().contains("No space left on device")
    });
    goes_on(pair, setup, "while a disk is full");
    admin.execute("drop table ballast");
    wait_until(QUICK, &format!("the rows arrive\n{}", setup.target_worker().log_end()), || {
        pair.target.number("select count(*) from wide") == 20_000
    });
    setup.wait_ok(QUICK);
}

/// A new disk for the server.
fn mounted(at: &Path, megabytes: u32) -> bool {
    std::fs::create_dir(at).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(at);
    let mounted = mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
    give_to_server_user(at);
    mounted
}

#[test]
fn it_goes_on_when_a_server_had_no_room_for_its_log() {
    let pair = Pair::start();
    let disks = [&pair.source, &pair.target].map(|side| side.cluster.directory().join("disk"));
    if !disks.iter().all(|disk| mounted(disk, 100)) {
        eprintln!("skipped: no full disk, since nothing can be mounted here");
        return;
    }
    let setup = nodes(&pair);
    for (side, disk) in [&pair.source, &pair.target].into_iter().zip(&disks) {
        let admin = side.admin();
        for setting in ["min_wal_size = '32MB'", "max_wal_size = '48MB'", "wal_keep_size = 0"] {
            admin.execute(&format!("alter system set {setting}"));
        }
        side.cluster.move_log_to(disk);
    }
    let mut daemon = setup.foreground("londisted", &ALL, "londisted");
    wait_until(QUICK, "it runs", || setup.target_worker().pid().is_some());
    setup.add_all();
    setup.wait_ok(QUICK);
    goes_on(&pair, &setup, "at first");

    for (side, disk) in [(&pair.target, &disks[1]), (&pair.source, &disks[0])] {
        let full = Ballast::on(disk);
        let mut application = pair.source.connect();
        let many =
            "insert into t select m + i from generate_series(1, 100000) i, (select max(id) m from t) t";
        wait_until(QUICK * 2, "the server gives up for want of room", || {
            // on the source it is the application that meets the end of the server
            let written = application.batch_execute(many);
            full.was_felt_by(side) || written.is_err()
        });
        wait_until(QUICK, "its log says why", || full.was_felt_by(side));
        wait_until(QUICK, "the status tells of it", || {
            ALL.iter().any(|ini| setup.londisted(&["status", ini]).stdout.contains("ERR:"))
        });
        drop(full);
        side.cluster.come_back();
        wait_until(QUICK, "the server is there", || side.admin().try_rows("select 1").is_ok());
        goes_on(&pair, &setup, "when there is room again");
        setup.wait_caught_up(QUICK);
        compare::assert_equal(&pair);
    }
    setup.londisted(&["stop", "target.ini"]).expect_success();
    assert_eq!(daemon.wait(QUICK), 0, "it has lived through it");
}

/// A file that leaves no room on a disk, until it is dropped.
struct Ballast(PathBuf);

impl Ballast {
    fn on(disk: &Path) -> Ballast {
        let path = disk.join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        let full = std::io::copy(&mut std::io::repeat(0), &mut file).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull, "{full}");
        Ballast(path)
    }

    /// Whether the server has given up for it.
    fn was_felt_by(&self, side: &Side) -> bool {
        let log = side.cluster.log();
        log.lines().any(|line| line.contains("PANIC") && line.contains("No space left on device"))
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn names_that_are_not_resolved_hold_up_nobody_else() {
    let Some(names) = NameServer::start() else {
        eprintln!("skipped: port 53 is not permitted here");
        return;
    };
    let pair = Pair::start();
    let setup = nodes(&pair);
    let by_name = pair.target.connstr().replace("host=127.0.0.1", "host=target.test connect_timeout=2");
    setup.set("target.ini", "db", &by_name);
    let file = |name: &str, text: &str| {
        let path = setup.directory().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let resolver = file("resolv.conf", &names.resolv_conf());
    let switch = file("nsswitch.conf", "hosts: dns\n");
    let script = format!(
        "mount --bind {resolver} /etc/resolv.conf && mount --bind {switch} /etc/nsswitch.conf && exec \"$@\""
    );
    // a mount namespace of its own has another resolver; commands outside cannot resolve the name
    let within = |words: &[&str]| {
        let mut command = setup.command("unshare");
        command.args(["--mount", "--propagation=private", "sh", "-c", &script, "sh"]);
        command.arg(tests::executable(words[0])).args(&words[1..]);
        Invocation::new(command).run()
    };
    if within(&["londisted", "-V"]).code != 0 {
        eprintln!("skipped: no mount namespace here");
        return;
    }
    within(&["londisted", "-d", "pgqd.ini", "source.ini", "target.ini"]).expect_success();
    setup.londiste(&["source.ini", "add-table", "t"]).expect_success();
    within(&["londiste", "target.ini", "add-table", "t"]).expect_success();
    setup.wait_ok(QUICK);
    goes_on(&pair, &setup, "by name");

    for (answer, words) in [
        (Answer::Late(Duration::from_secs(12)), "no answer within 2 s (connect_timeout)"),
        (Answer::Unknown, "cannot resolve the host name"),
    ] {
        names.answers(answer);
        pair.target.cluster.terminate_sessions();
        wait_until(QUICK, &format!("{words}\n{}", setup.target_worker().log_end()), || {
            worker(&setup, "target.ini")["last_error"].as_str().is_some_and(|error| error.contains(words))
        });
        let tick = "select max(tick_id) from pgq.tick";
        let progress = || worker(&setup, "source.ini")["last_progress"].as_f64().unwrap_or_default();
        let before = (pair.source.number(tick), progress());
        pair.source.execute("insert into t select max(id) + 1 from t");
        wait_until(QUICK, "the others go on", || {
            pair.source.number(tick) > before.0 && progress() > before.1
        });
        assert!(worker(&setup, "source.ini")["last_error"].is_null());
        assert!(worker(&setup, "target.ini")["last_error"].is_string(), "nobody has answered meanwhile");
        names.answers(Answer::Here);
        goes_on(&pair, &setup, "when names are resolved again");
    }
    setup.londisted(&["stop", "target.ini"]).expect_success();
}
