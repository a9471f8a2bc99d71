//! What goes wrong at the start is said on the terminal; pidfiles, and the switches to a running daemon.

use std::time::Duration;

use tests::{Pair, Setup, process, wait_until};

const QUICK: Duration = Duration::from_secs(20);

#[test]
fn a_wrong_password_ends_the_start_and_leaves_no_pidfile() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    let wrong = pair.target.connstr().replace("cloud-Secret2", "not-The-secret");
    for name in ["source", "target"] {
        setup.londiste(&["-s", &format!("{name}.ini")]).expect_success();
    }
    setup.target_worker().wait_gone(QUICK);
    setup.set("target.ini", "db", &wrong);
    for words in [
        &["-d", "target.ini", "worker"][..],
        &["target.ini", "worker"],
        &["target.ini", "status"],
        &["target.ini", "add-table", "--all"],
    ] {
        let output = setup.londiste(words);
        output.expect_failure(1, &["password authentication failed", "cloud_owner"]);
        assert!(
            !output.stderr.contains("not-The-secret") && !output.stdout.contains("not-The-secret"),
            "{}",
            output.report()
        );
    }
    assert!(!setup.target_worker().pidfile.exists());

    setup.pgqd(&["-s", "pgqd.ini"]).expect_success();
    setup.ticker().wait_gone(QUICK);
    setup.set(
        "pgqd.ini",
        "base_connstr",
        &pair.source.base_connstr().replace("live-Secret1", "not-The-secret"),
    );
    let output = setup.pgqd(&["-d", "pgqd.ini"]);
    output.expect_failure(1, &["password authentication failed"]);
    assert!(!output.stderr.contains("not-The-secret"), "{}", output.report());
    assert!(!setup.ticker().pidfile.exists());
}

#[test]
fn a_missing_database_server_or_node_is_named() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let elsewhere = pair.source.connstr().replace("dbname=shop", "dbname=no_such_db");
    setup.set("source.ini", "db", &elsewhere);
    setup.londiste(&["source.ini", "create-root", "primary", &elsewhere]).expect_failure(1, &["no_such_db"]);

    let nobody = pair.source.connstr().replace(&format!("port={}", pair.source.port), "port=1");
    setup.set("source.ini", "db", &nobody);
    setup.londiste(&["-d", "source.ini", "worker"]).expect_failure(1, &["127.0.0.1"]);
    assert!(!setup.source_worker().pidfile.exists());

    // Installed by another role.
    setup.set("source.ini", "db", &pair.source.connstr());
    for step in tests::guide::install(&setup) {
        step.run(&setup).expect_success();
    }
    pair.source.admin().execute("create role guest login password 'guest'");
    let guest = |text: String| text.replace("user=shop_owner", "user=guest").replace("live-Secret1", "guest");
    setup.set("source.ini", "db", &guest(pair.source.connstr()));
    setup
        .londiste(&["-d", "source.ini", "worker"])
        .expect_failure(1, &["role \"guest\" may not use", "\"shop_owner\""]);
    setup.set("pgqd.ini", "base_connstr", &guest(pair.source.base_connstr()));
    setup.pgqd(&["-d", "pgqd.ini"]).expect_failure(1, &["role \"guest\" may not use", "\"shop_owner\""]);

    // Installed, but no node of this queue.
    setup.set("source.ini", "db", &pair.source.connstr());
    for command in ["worker", "status", "tables", "node-status"] {
        setup.londiste(&["source.ini", command]).expect_failure(1, &["migq"]);
    }
    setup.londiste(&["-d", "source.ini", "worker"]).expect_failure(1, &["migq"]);
    assert!(!setup.source_worker().pidfile.exists());
}

#[test]
fn a_bad_ini_file_is_refused_with_the_place() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.londiste(&["absent.ini", "status"]).expect_failure(1, &["absent.ini"]);
    setup.pgqd(&["absent.ini"]).expect_failure(1, &["absent.ini"]);
    let broken = |text: &str| std::fs::write(setup.directory().join("broken.ini"), text).unwrap();
    broken("[other]\nx = 1\n");
    setup.londiste(&["broken.ini", "status"]).expect_failure(1, &["broken.ini", "londiste"]);
    setup.pgqd(&["broken.ini"]).expect_failure(1, &["broken.ini", "pgqd"]);
    broken(&format!("[londiste]\ndb = {}\n", pair.source.connstr()));
    setup.londiste(&["broken.ini", "status"]).expect_failure(1, &["queue_name"]);
    broken("[londiste]\nqueue_name = q\n");
    setup.londiste(&["broken.ini", "status"]).expect_failure(1, &["db"]);
    broken(&format!("[londiste]\nqueue_name = q\ndb = {}\nloop_delay = soon\n", pair.source.connstr()));
    setup.londiste(&["broken.ini", "status"]).expect_failure(1, &["loop_delay", "soon"]);

    setup.set("source.ini", "paralel_copies", "2");
    let output = setup.londiste(&["source.ini", "create-root", "primary", &pair.source.connstr()]);
    output.expect_success();
    assert!(
        output.stderr.contains("paralel_copies") && output.stderr.contains("parallel_copies"),
        "{}",
        output.report()
    );
}

#[test]
fn unknown_commands_and_options_are_refused() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let output = setup.londiste(&["source.ini", "ad-table", "x"]);
    assert!(
        output.code != 0 && output.stderr.contains("ad-table") && output.stderr.contains("add-table"),
        "{}",
        output.report()
    );
    let output = setup.londiste(&["source.ini", "add-table", "--no-such-option"]);
    assert!(output.code != 0 && output.stderr.contains("--no-such-option"), "{}", output.report());
    for program in ["londiste", "pgqd"] {
        let run = |word: &str| if program == "pgqd" { setup.pgqd(&[word]) } else { setup.londiste(&[word]) };
        assert!(run("-V").expect_success().stdout.contains(char::is_numeric));
        assert!(run("--help").expect_success().stdout.contains(program));
        assert!(run("--ini").expect_success().stdout.contains(&format!("[{program}]")));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    for words in [&["londisted", "--ini"][..], &["londisted", "config", "pgqd.ini"], &["pgqd", "--ini"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = setup.command(tests::executable(words[0]));
        let output = command.args(&words[1..]).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_second_start_is_refused_and_a_stale_pidfile_replaced() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for (name, daemon) in [("pgqd", setup.ticker()), ("target", setup.target_worker())] {
        let ini = format!("{name}.ini");
        let start = |background: bool| match (name, background) {
            ("pgqd", true) => setup.pgqd(&["-d", &ini]),
            ("pgqd", false) => setup.pgqd(&[&ini]),
            (_, true) => setup.londiste(&["-d", &ini, "worker"]),
            (_, false) => setup.londiste(&[&ini, "worker"]),
        };
        let pid = daemon.expect_pid();
        for background in [true, false] {
            start(background).expect_failure(1, &[&pid.to_string()]);
            assert_eq!(daemon.expect_pid(), pid, "{name}: the first one goes on");
        }
        daemon.kill();
        assert!(daemon.pidfile.exists(), "{name}: SIGKILL leaves the pidfile");
        start(true).expect_success();
        assert_ne!(daemon.expect_pid(), pid);

        daemon.kill();
        // A stale pid that by now is another program's.
        std::fs::write(&daemon.pidfile, format!("{}\n", std::process::id())).unwrap();
        start(true).expect_success();
        assert_ne!(daemon.expect_pid(), std::process::id());
    }
}

#[test]
fn commands_read_the_credentials_that_systemd_gave_to_the_worker() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.stop_daemon("target");
    let (connect, password) = (pair.target.connstr(), pair.target.password.clone().unwrap());
    setup.set("target.ini", "db", &connect.replace(&format!("password={password}"), ""));
    setup.set("target.ini", "password_file", "%d/cloud");
    let credentials = setup.directory().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let file = credentials.join("cloud");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();

    let nobody = ["%d is the directory", "LoadCredential", "--set"];
    setup.londiste(&["target.ini", "status"]).expect_failure(1, &nobody);
    let by_name = format!("password_file={}", file.display());
    setup.londiste(&["--set", &by_name, "target.ini", "status"]).expect_success();

    let given = [("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap())];
    let worker = setup.foreground_in("londisted", &["target.ini"], "londisted", &given);
    wait_until(QUICK, "it runs", || setup.londisted(&["status", "target.ini"]).stdout.contains("leaf"));
    assert!(setup.londiste(&["target.ini", "status"]).expect_success().stdout.contains("subscriber (leaf)"));
    drop(worker);
    setup.londiste(&["target.ini", "status"]).expect_failure(1, &nobody);
}

#[test]
fn switches_stop_kill_and_reload_a_running_daemon() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    for (name, daemon) in
        [("pgqd", setup.ticker()), ("source", setup.source_worker()), ("target", setup.target_worker())]
    {
        let ini = format!("{name}.ini");
        let switch = |word: &str| {
            if name == "pgqd" { setup.pgqd(&[word, &ini]) } else { setup.londiste(&[word, &ini]) }
        };
        for stop in ["-s", "-k"] {
            let pid = daemon.expect_pid();
            switch("-r").expect_success();
            wait_until(QUICK, &format!("{name}: SIGHUP in the log"), || daemon.log().contains("SIGHUP"));
            assert_eq!(daemon.expect_pid(), pid, "{name}: a reload is no restart");
            switch(stop).expect_success();
            daemon.wait_gone(QUICK);
            wait_until(QUICK, "the pidfile is removed", || !daemon.pidfile.exists());
            let output = switch(stop);
            // as the stock tools
            assert!(output.code == 0 && output.stderr.contains("there is no pidfile"), "{}", output.report());
            setup.start_daemon(name);
        }
        // From systemd the signals come directly.
        let pid = daemon.expect_pid();
        process::signal("TERM", &pid.to_string());
        daemon.wait_gone(QUICK);
    }
    // What is wrong with one file keeps nobody from stopping the others.
    setup.start_daemon("target");
    std::fs::write(setup.directory().join("wrong.ini"), "[londiste]\nqueue_name = migq\n").unwrap();
    let words = ["stop", "absent.ini", "wrong.ini", "source.ini", "target.ini"];
    let output = setup.londisted(&words);
    output.expect_failure(1, &["absent.ini", "wrong.ini: pidfile is not set", "source.ini: not running"]);
    assert_eq!(output.stderr.matches("wrong.ini").count(), 1, "{}", output.report());
    setup.target_worker().wait_gone(QUICK);
}

#[test]
fn in_the_foreground_it_stops_at_sigint_with_exit_code_0() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    setup.start_nodes();
    setup.londiste(&["-s", "target.ini"]).expect_success();
    setup.target_worker().wait_gone(QUICK);
    let mut worker = setup.foreground("londiste", &["target.ini", "worker"], "worker");
    wait_until(QUICK, "the pidfile is written", || setup.target_worker().pid() == Some(worker.pid()));
    process::signal("INT", &worker.pid().to_string());
    assert_eq!(worker.wait(QUICK), 0);
}
