//! The harness itself: clusters, crashes, comparison.
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use tests::load::pgbench;
use tests::{Pair, Setup, Shutdown, compare, wait_until};

#[test]
fn ordinary_roles_own_their_databases_and_a_crash_loses_nothing() {
    let pair = Pair::start();
    for side in [&pair.source, &pair.target] {
        assert_eq!(
            side.value(
                "select rolsuper or rolreplication or rolcreaterole from pg_roles \
                  where rolname = current_user"
            ),
            "f"
        );
        assert_eq!(side.psql("create table t (a int); insert into t values (1); select a from t"), "1");
        side.cluster.kill();
        side.cluster.start_again();
        assert_eq!(side.value("select a from t"), "1");
        side.cluster.restart(Shutdown::Immediate);
        side.cluster.restart(Shutdown::Fast);
        assert_eq!(side.number("select count(*) from t"), 1);
    }
}

#[test]
fn a_single_differing_row_is_found() {
    let pair = Pair::start();
    pair.both(
        r#"create table "Odd.name" (a int, "B b" text);
           insert into "Odd.name" select i, 'x' from generate_series(1, 1000) i"#,
    );
    pair.both(
        "create table parts (id int, v numeric) partition by list (id); \
         create table p1 partition of parts default",
    );
    pair.target.execute(
        "alter table parts drop column v; alter table parts add v0 int; alter table parts add v numeric",
    );
    pair.source.execute("alter table parts add v0 int; insert into parts values (1, 2.50, 3)");
    pair.target.execute("insert into parts (id, v, v0) values (1, 2.50, 3)");
    assert_eq!(compare::assert_equal(&pair).rows, 1001);

    pair.target.execute(r#"update "Odd.name" set a = 7 where a = 8"#);
    let difference = compare::databases(&pair.source.admin(), &pair.target.admin()).unwrap_err();
    assert!(difference.contains(r#"public."Odd.name""#), "{difference}");
    assert!(difference.contains("1 more on the source: (x,8)"), "{difference}");
    assert!(!difference.contains("parts"), "{difference}");
}

#[test]
fn pgbench_runs_until_stopped_and_reports_its_errors() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    let setup = Setup::new(&pair);
    let load = pgbench::Pgbench::start(&setup, 2, 200);
    wait_until(Duration::from_secs(20), "pgbench writes", || {
        pair.source.number("select count(*) from pgbench_history") > 50
    });
    load.stop().expect_clean();

    let load = pgbench::Pgbench::start(&setup, 2, 200);
    wait_until(Duration::from_secs(20), "pgbench writes", || {
        pair.source.number("select count(*) from pg_stat_activity where application_name = 'pgbench'") > 1
    });
    pair.source.admin().execute("alter table pgbench_history rename column delta to d");
    std::thread::sleep(Duration::from_millis(500));
    assert!(!load.stop().errors.is_empty());
}

#[test]
fn what_a_test_started_is_gone_when_its_process_is_killed() {
    let mut own = std::process::Command::new(std::env::current_exe().unwrap());
    own.args(["--exact", "harness::holds_everything_open", "--ignored", "--nocapture"]);
    let mut held = own.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(held.stdout.take().unwrap()).lines();
    let mut paths = lines
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("holds ").map(|(_, path)| PathBuf::from(path)));
    let [run, cluster, process] =
        [paths.next(), paths.next(), paths.next()].map(|path| path.expect("a path"));
    assert!(run.exists() && cluster.exists() && process.exists());

    held.kill().unwrap();
    held.wait().unwrap();
    for path in [run, cluster, process] {
        wait_until(Duration::from_secs(20), &format!("{} is gone", path.display()), || !path.exists());
    }
}

#[test]
#[ignore = "run by the test above, which kills it"]
fn holds_everything_open() {
    let pair = Pair::start();
    let setup = Setup::new(&pair);
    let mut child = setup.command("sleep").arg("600").spawn().unwrap();
    println!("\nholds {}", setup.directory().display());
    println!("holds {}", pair.source.cluster.directory().display());
    println!("holds /proc/{}", child.id());
    child.wait().unwrap();
}
