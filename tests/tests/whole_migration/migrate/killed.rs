//! Killed at each step, and between two tables within one, while the shop writes: given again it goes on. The target is
//! empty at the beginning.

use std::time::Duration;

use tests::load::shop;
use tests::{Pair, Setup, compare, installation};

use super::desk::{WHOLE, dies, foreign_keys, line, migrate, most_checks};

/// Places in the order in which they come; `:n` is the n-th time that a run comes there.
const FIRST: &[&str] = &[
    "migrate-preflight-before",
    "migrate-preflight-after",
    "schema-apply:20",
    "schema-apply:150",
    "migrate-schema-after",
];

const POINTS: &[&str] = &[
    "schemas-installed",
    "migrate-install-after",
    "node-created",
    "leaf-subscribed",
    "migrate-nodes-after",
    "daemon-started",
    "migrate-daemon-after",
    "collected-fkey-dropped:3",
    "migrate-drop-fkeys-after",
    "sequence-added:2",
    "sequence-added:12",
    "migrate-sequences-after",
    "table-added:3",
    "table-added:36",
    "migrate-tables-after",
];

/// Behind the death of the daemon.
const LATER: &[&str] = &[
    "migrate-copies-before",
    "migrate-copies-after",
    "collected-fkey-restored:3",
    "collected-fkey-validated:3",
    "migrate-restore-fkeys-after",
    "table-vacuumed:3",
    "migrate-vacuum-after",
    "migrate-compare-before",
    "migrate-compare-after",
];

#[test]
fn a_migration_that_is_killed_at_each_step_goes_on_and_ends_with_equal_rows() {
    let pair = Pair::start();
    let majors = [&pair.source, &pair.target].map(|side| side.cluster.major());
    // other versions than the system's bring no pg_dump along
    let dumps = majors.iter().all(|major| installation::client_major("pg_dump") >= *major);
    if dumps {
        shop::create_source(&pair)
    } else {
        shop::create(&pair)
    }
    let before = foreign_keys(&pair.source);
    assert!(before.len() > 20, "{before:?}");
    let setup = Setup::new(&pair);
    let writers = shop::Writers::start(&pair.source, 2, Duration::from_millis(20));
    let mut said = String::new();
    for point in FIRST.iter().filter(|point| dumps || !point.starts_with("schema-apply")) {
        said += &dies(&setup, &[], point).report();
    }
    let skipped = most_checks(&setup);
    for point in POINTS {
        said += &dies(&setup, &["--skip", &skipped], point).report();
    }
    // the daemon is killed as well: the next run starts another one
    for daemon in [setup.ticker(), setup.source_worker(), setup.target_worker()] {
        if daemon.pid().is_some() {
            daemon.kill();
        }
    }
    for point in LATER {
        said += &dies(&setup, &["--skip", &skipped], point).report();
    }
    let last = migrate(&setup, &[]);
    assert!(last.code == 0, "{}\n{}", last.report(), setup.target_worker().log());
    said += &last.report();
    for step in ["preflight", "schema", "install", "nodes", "daemon", "tables", "vacuum"] {
        line(&last, &[&format!("== {step}: done already")]);
    }
    line(&last, &["Migration of queue migq: ready to switch"]);
    line(&last, &["tables", "in sync", "with indexes"]);
    line(&last, &["comparison", "tables equal", "rows compared"]);
    line(&last, &["tables ", "attempts)"]);
    line(&last, &["next: the switch"]);

    writers.stop().expect_clean();
    setup.wait_caught_up(WHOLE);
    let equal = compare::assert_equal(&pair);
    assert!(equal.tables >= 30 && equal.rows > 1_000, "{equal:?}");
    assert_eq!(foreign_keys(&pair.target), before, "foreign keys are back and valid");
    let vacuumed = "select count(*) from pg_stat_user_tables
                     where schemaname = 'shop' and last_vacuum is null and last_autovacuum is null
                       and relid not in (select partrelid from pg_partitioned_table)";
    assert_eq!(pair.target.number(vacuumed), 0);
    for secret in [&pair.source.password, &pair.target.password] {
        assert!(!said.contains(secret.as_deref().unwrap()), "a password was printed");
    }
}
