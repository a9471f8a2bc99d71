//! `init`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tests::{Invocation, Output, Pair, Setup};

fn init(setup: &Setup, words: &[&str]) -> Output {
    let mut command = setup.command(setup.executable("londiste", &["target.ini"]));
    command.arg("init").args(words);
    Invocation::new(command).run()
}

fn in_files(setup: &Setup, directory: &Path, program: &str, words: &[&str]) -> Output {
    let mut command = setup.command(setup.executable(program, &["target.ini"]));
    command.current_dir(directory).args(words);
    Invocation::new(command).run()
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn its_files_work_as_they_are_with_every_command() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let directory = setup.directory().join("100% (mine)");
    let shown = directory.display().to_string();
    // passwords that need escapes in a URL, in the password file and in the ini file
    let secret = r"p:w\ %(x)s@'1";
    let alter = |side: &tests::Side| {
        side.admin().execute(&format!("alter role {} password {}", side.user, quoted(secret)));
    };
    alter(&pair.source);
    alter(&pair.target);
    let encoded = "p%3Aw%5C%20%25(x)s%40%271";
    let url = |side: &tests::Side, scheme: &str| {
        format!(
            "{scheme}://{}:{encoded}@{}:{}/{}?sslmode=disable",
            side.user, side.host, side.port, side.dbname
        )
    };
    let source = url(&pair.source, "postgres");
    let conninfo = format!(
        "host={} port={} user={} dbname={} password='p:w\\\\ %(x)s@\\'1'",
        pair.target.host, pair.target.port, pair.target.user, pair.target.dbname
    );
    let wrong = format!("{}x", conninfo.trim_end_matches('\''));
    let refused = init(&setup, &["--source", &source, "--target", &format!("{wrong}'"), "--dir", &shown]);
    assert!(
        refused.code == 1 && refused.stderr.contains("the target does not answer"),
        "{}",
        refused.report()
    );
    assert!(!refused.report().contains("p:w") || !refused.stderr.contains("p:w"), "{}", refused.stderr);
    assert_eq!(names(&directory), Vec::<String>::new());

    let written = init(&setup, &["--source", &source, "--target", &conninfo, "--dir", &shown]);
    written.expect_success();
    assert!(!written.stdout.contains("p:w") && !written.stdout.contains("%40"), "{}", written.stdout);
    assert!(written.stdout.contains("londiste target.ini preflight"), "{}", written.stdout);
    let all = ["pgqd.ini", "source.ini", "source.pgpass", "target.ini", "target.pgpass"];
    assert_eq!(names(&directory), all);
    for name in all {
        let path = directory.join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let text = std::fs::read_to_string(&path).unwrap();
        let holds = name.ends_with(".pgpass");
        assert_eq!(
            (mode, text.contains("(x)s@")),
            (if holds { 0o600 } else { 0o644 }, holds),
            "{name}: {text}"
        );
    }
    let again = init(&setup, &["--source", &source, "--target", &conninfo, "--dir", &shown]);
    let there = format!("{shown}/pgqd.ini is there");
    assert!(again.code == 1 && again.stderr.contains(&there), "{}", again.report());

    if pair.can_be_dumped() {
        the_migration_page_with_them(&pair, &setup, &directory);
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The commands of docs/migration.md need no connect string any more.
fn the_migration_page_with_them(pair: &Pair, setup: &Setup, directory: &Path) {
    pair.source.admin().execute(&format!(
        "set role {}; create table item (id bigserial primary key, name text); insert into item (name) values ('one')",
        pair.source.user
    ));
    let run = |program: &str, words: &[&str]| in_files(setup, directory, program, words);
    run("londiste", &["target.ini", "schema", "--apply"]).expect_success();
    run("londiste", &["target.ini", "preflight", "--skip", "tools"]).expect_success();
    run("londiste", &["source.ini", "create-root"]).expect_success();
    run("londiste", &["target.ini", "create-leaf"]).expect_success();
    let files = ["pgqd.ini", "source.ini", "target.ini"];
    run("londisted", &[&["-d"], files.as_slice()].concat()).expect_success();
    for (ini, what) in [
        ("source.ini", "add-seq"),
        ("target.ini", "add-seq"),
        ("source.ini", "add-table"),
        ("target.ini", "add-table"),
    ] {
        run("londiste", &[ini, what, "--all"]).expect_success();
    }
    tests::wait_until(Duration::from_secs(60), "the row is copied", || {
        pair.target.admin().number("select count(*) from item") == 1
    });
    run("londiste", &["target.ini", "wait-sync"]).expect_success();
    run("londiste", &["target.ini", "compare"]).expect_success();
    run("londiste", &["target.ini", "schema"]).expect_success();
    run("londisted", &[&["stop"], files.as_slice()].concat()).expect_success();
}

#[test]
fn a_command_line_that_lacks_something_tells_no_secret() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let target = pair.target.uri();
    for (words, says) in [
        (vec!["--source", "postgres://u:sesame@h/", "--target", &target], "--source names no database"),
        (vec!["--source", "host=h dbname=d password=sesame", "--target", &target], "--source names no user"),
        (
            vec!["--source", "postgres://u:sesame@h:x/d", "--target", &target],
            "--source: invalid connect string",
        ),
        (vec!["--source", "u:sesame", "--target", &target], "--source: invalid connect string"),
        (vec!["--target", &target], "--source"),
        (vec!["--source", &target, "--target", &target, "--queue", "two words"], "--queue"),
    ] {
        let output = init(&setup, &words);
        assert!(output.code == 2 && output.stderr.contains(says), "{}", output.report());
        assert!(!output.stderr.contains("sesame"), "{}", output.stderr);
    }
    let ini = in_files(
        &setup,
        setup.directory(),
        "londiste",
        &["target.ini", "init", "--source", &target, "--target", &target],
    );
    assert!(ini.code == 2 && ini.stderr.contains("init takes no ini file"), "{}", ini.report());
    let nobody = "host=127.0.0.1 port=1 user=u dbname=d password=sesame";
    let away = init(&setup, &["--source", nobody, "--target", &target, "--dir", "new"]);
    assert!(away.code == 1 && away.stderr.contains("the source does not answer"), "{}", away.report());
    assert!(!away.stderr.contains("sesame") && !setup.directory().join("new").exists(), "{}", away.stderr);
}
