//! Log files: what a start begins with, and how they are rotated, by the process or by logrotate.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::{Invocation, Pair, Setup, Shutdown, wait_for, wait_until};

const SETTLE: Duration = Duration::from_secs(60);

/// Lines that a start begins with.
fn starts(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" londiste-rs ")).collect()
}

#[test]
fn each_start_begins_with_what_is_started() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    // a warning comes behind it
    setup.set("target.ini", "compare_sql", "select 1");
    setup.start_nodes();
    setup.stop_daemon("target");
    setup.start_daemon("target");
    let version = |side: &tests::Side| {
        let number = side.number("select current_setting('server_version_num')::int");
        format!("{}.{}", number / 10_000, number % 10_000)
    };
    let (here, there) = (version(&pair.target), version(&pair.source));
    let directory = setup.directory().canonicalize().expect("it is there");
    let file = |name: &str| directory.join(name).display().to_string();
    let log = setup.target_worker().log();
    let told = starts(&log);
    assert_eq!(told.len(), 2, "{log}");
    assert_eq!(log.lines().next(), Some(told[0]));
    let (_, words) = told[1].split_once("londiste-rs ").expect("it says so");
    let pid = setup.target_worker().expect_pid();
    assert_eq!(
        words,
        format!(
            "{}, process {pid}, job target_app of {}: leaf subscriber of queue migq, on PostgreSQL {here}, \
             its provider on PostgreSQL {there}",
            env!("CARGO_PKG_VERSION"),
            file("target.ini")
        )
    );
    let after = log.lines().skip_while(|line| *line != told[1]).nth(1).expect("more");
    assert!(after.contains(" WARN ") && after.contains("compare_sql"), "{after}");
    let log = setup.source_worker().log();
    let first = log.lines().next().expect("a line");
    let end = format!(
        "job source_app of {}: root primary of queue migq, on PostgreSQL {there}",
        file("source.ini")
    );
    assert!(first.ends_with(&end), "{first}");
    let log = setup.ticker().log();
    assert!(
        log.lines().next().expect("a line").ends_with(&format!("job pgqd of {}", file("pgqd.ini"))),
        "{log}"
    );

    // a start that fails as well
    setup.stop_daemon("target");
    pair.source.cluster.stop(Shutdown::Fast);
    setup.londiste(&["-d", "target.ini", "worker"]).expect_failure(1, &["cannot connect to"]);
    let log = setup.target_worker().log();
    let told = starts(&log);
    assert_eq!(told.len(), 3, "{log}");
    assert!(told[2].ends_with(&file("target.ini")), "{}", told[2]);
    pair.source.cluster.start_again();
}

/// The log file and those that were rotated, the oldest first.
fn files(log: &Path) -> Vec<PathBuf> {
    let numbered = |number: u32| PathBuf::from(format!("{}.{number}", log.display()));
    let old = (1..).map(numbered).take_while(|path| path.exists());
    let mut files: Vec<PathBuf> = std::iter::once(log.to_owned()).chain(old).collect();
    files.reverse();
    files
}

#[test]
fn a_process_rotates_its_log_file_and_loses_no_line() {
    let pair = Pair::start();
    pair.both("create table t (id int primary key)");
    let setup = Setup::new(&pair);
    setup.set("target.ini", "log_size", "lots");
    setup.londiste(&["target.ini", "worker"]).expect_failure(1, &["log_size", "expected bytes, as 500kB"]);
    setup.set("target.ini", "log_size", "400");
    setup.set("target.ini", "log_count", "500");
    setup.set("source.ini", "log_size", "1");
    setup.set("source.ini", "log_count", "2");
    setup.set("pgqd.ini", "log_size", "0");
    setup.replicate();
    setup.stop_daemon("target");
    let target = files(&setup.target_worker().logfile);
    assert!(target.len() > 3, "{target:?}");
    let texts: Vec<String> =
        target.iter().map(|path| std::fs::read_to_string(path).expect("a log")).collect();
    let too_large = texts.iter().find(|text| text.len() > 400 && text.lines().count() > 1);
    assert_eq!(too_large, None);
    let all = texts.concat();
    let times: Vec<&str> = all.lines().map(|line| line.split(' ').next().expect("a time")).collect();
    assert!(
        times.is_sorted() && times.iter().all(|time| time.starts_with("20") && time.ends_with('Z')),
        "{all}"
    );
    let first = texts[0].lines().next().expect("a line");
    assert!(first.contains(" londiste-rs "), "the first line is the oldest file's: {first}");
    assert!(all.contains("table state") && all.lines().last().expect("a line").ends_with("stopped"), "{all}");

    wait_until(SETTLE, "older ones go", || files(&setup.source_worker().logfile).len() == 3);
    setup.londiste(&["-r", "source.ini"]).expect_success();
    wait_for(SETTLE, "it goes on", || {
        let files = files(&setup.source_worker().logfile);
        let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let all: String = files.iter().map(text).collect();
        if files.len() == 3 && all.contains("reload (SIGHUP)") { Ok(()) } else { Err(all) }
    });
    assert_eq!(files(&setup.ticker().logfile).len(), 1, "log_size = 0");
}

#[test]
fn the_packages_logrotate_file_rotates_what_a_process_writes() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let directory = setup.directory().display().to_string();
    let text = std::fs::read_to_string(tests::repository().join("etc/londiste.logrotate")).expect("the file");
    let text = text
        .replace("/var/log/londiste/*.log /var/lib/londiste/*.log", &format!("{directory}/*.log"))
        .replace("/run/londiste/*/*.pid /var/lib/londiste/*.pid", &format!("{directory}/*.pid"))
        .replace("    su londiste londiste\n", "");
    assert!(
        !text.contains("/var/") || !text.split("postrotate").nth(1).expect("a script").contains("/var/"),
        "{text}"
    );
    let before = setup.target_worker().log();
    let logrotate = Path::new("/usr/sbin/logrotate");
    if logrotate.exists() {
        let file = setup.directory().join("rotate.conf");
        std::fs::write(&file, &text).expect("it is written");
        let mut command = setup.command(logrotate);
        command.args(["--force", "--state", "state"]).arg(&file);
        Invocation::new(command).run().expect_success();
    } else {
        eprintln!("logrotate is not installed: its script alone is run");
        for name in ["pgqd", "source", "target"] {
            let path = setup.directory().join(format!("{name}.log"));
            std::fs::rename(&path, path.with_extension("log.1")).expect("it is renamed");
        }
        let script = text
            .split_once("postrotate\n")
            .expect("a script")
            .1
            .split_once("    endscript")
            .expect("an end")
            .0;
        let mut command = setup.command("/bin/sh");
        command.args(["-c", script]);
        Invocation::new(command).run().expect_success();
    }
    for daemon in [setup.ticker(), setup.source_worker(), setup.target_worker()] {
        wait_until(SETTLE, "it writes a new file", || daemon.log().contains("reload (SIGHUP)"));
    }
    let rotated = std::fs::read_to_string(setup.directory().join("target.log.1")).expect("it is rotated");
    assert!(rotated.starts_with(&before), "{rotated}");
}
