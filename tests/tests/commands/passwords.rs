//! Passwords stay where people keep them: services, password files, variables; none gets into the databases, into logs
//! or onto a command line.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tests::{Database, Invocation, Output, Pair, Setup, wait_until};

const QUICK: Duration = Duration::from_secs(30);

fn without_password(database: &Database) -> Database {
    Database { password: None, ..database.clone() }
}

/// A file that only its owner can read.
fn kept(setup: &Setup, name: &str, text: &str) -> String {
    let path = setup.directory().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn they_are_found_where_they_are_kept_and_told_to_nobody() {
    let pair = Pair::start();
    pair.both("create table t (id bigint primary key)");
    let setup = Setup::new(&pair);
    let [live, cloud] = [&pair.source, &pair.target].map(|side| without_password(side.app()));
    let secrets = [&pair.source, &pair.target].map(|side| side.password.clone().unwrap());
    let pgpass = format!("127.0.0.1:{}:*:{}:{}\n", live.port, live.user, secrets[0]);
    kept(&setup, ".pgpass", &pgpass);
    let service = format!("[live]\nhost=127.0.0.1\nport={}\nuser={}\n", live.port, live.user);
    kept(&setup, ".pg_service.conf", &service);
    let home = setup.directory().display().to_string();

    setup.set("pgqd.ini", "base_connstr", "service=live");
    setup.set("source.ini", "db", &live.uri());
    setup.set("target.ini", "db", &cloud.connstr());
    setup.set("target.ini", "password_file", &kept(&setup, "cloud", &format!("{}\n", secrets[1])));
    setup.set("target.ini", "remote_password_file", &kept(&setup, "live", &format!("{}\n", secrets[0])));
    let run = |words: &[&str], home: &str| -> Output {
        let mut command = setup.command(tests::executable(words[0]));
        command.args(&words[1..]).env("HOME", home);
        Invocation::new(command).run()
    };
    let create_root = ["londiste", "source.ini", "create-root", "primary", &live.connstr()];
    run(&create_root, "/nowhere").expect_failure(1, &["password missing", "~/.pgpass"]);
    run(&create_root, &home).expect_success();
    // The source's password comes from target.ini from here on.
    let provider = format!("--provider={}", live.connstr());
    let create_leaf = ["londiste", "target.ini", "create-leaf", "subscriber", &cloud.connstr(), &provider];
    run(&create_leaf, "/nowhere").expect_success();
    run(&["londisted", "-d", "pgqd.ini", "source.ini"], &home).expect_success();
    run(&["londiste", "-d", "target.ini", "worker"], "/nowhere").expect_success();
    run(&["londiste", "source.ini", "add-table", "t"], &home).expect_success();
    run(&["londiste", "target.ini", "add-table", "t"], "/nowhere").expect_success();
    pair.source.execute("insert into t values (1)");
    wait_until(QUICK, &format!("a row arrives\n{}", setup.target_worker().log_end()), || {
        pair.target.number("select count(*) from t") == 1
    });

    let mut told = String::new();
    for words in [
        &["londiste", "target.ini", "status"][..],
        &["londiste", "target.ini", "members"],
        &["londiste", "target.ini", "config"],
        &["londisted", "status", "--json", "target.ini"],
        &["londisted", "config", "pgqd.ini", "source.ini", "target.ini"],
    ] {
        let output = run(words, "/nowhere");
        told += &output.stdout;
        told += &output.stderr;
    }
    for daemon in [setup.ticker(), setup.source_worker(), setup.target_worker()] {
        told += &daemon.log();
        told += &std::fs::read_to_string(format!("/proc/{}/cmdline", daemon.expect_pid())).unwrap();
    }
    for side in [&pair.source, &pair.target] {
        told += &side.psql("select node_name, node_location from pgq_node.node_location");
    }
    for secret in &secrets {
        assert!(told.contains("subscriber") && !told.contains(secret.as_str()), "{told}");
    }

    // characters that end a password too early where they are not escaped or quoted
    setup.londiste(&["-s", "target.ini"]).expect_success();
    for broken in [
        "postgresql://user:se/SECRET@host:5432/name",
        "postgresql://user:1/SECRET@host:5432/name",
        "postgresql://user:se?SECRET=x@host/name",
        "postgresql://us@er:se/SECRET@host/name",
        "host=h password=se SECRET user=u",
        "host=h password=se SECRET=x user=u",
        "host=h password='se SECRET user=u",
        "postgre://user:SECRET=x@host/name",
    ] {
        setup.set("target.ini", "db", broken);
        setup.set("target.ini", "password_file", "");
        for words in [&["config"][..], &["status"], &["worker"], &["--set", "loop_delay=x", "tables"]] {
            let words: Vec<&str> = ["londiste", "target.ini"].iter().chain(words).copied().collect();
            let output = run(&words, "/nowhere");
            let told = format!("{}{}", output.stdout, output.stderr);
            assert!(!told.contains("SECRET"), "{}", output.report());
            // one of them can be read: its password is all that stands before the host
            let refused = told.contains("connect string") || broken.contains("?SECRET");
            assert!(refused, "{}", output.report());
        }
    }
}
