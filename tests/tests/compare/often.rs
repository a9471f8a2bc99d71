//! Comparing again and again: by the worker, by the command, by what has changed; and whether a comparison finds what
//! it should.
use std::time::Duration;

use tests::http::{free_port, get};
use tests::load::pgbench::{self, Pgbench};
use tests::{Output, Pair, Setup, compare, wait_for};

const SETTLE: Duration = Duration::from_secs(90);

fn damage(pair: &Pair, sql: &str) {
    pair.target.admin().execute(&format!("set session_replication_role = replica; {sql}"));
}

fn compared(setup: &Setup, words: &[&str]) -> Output {
    let mut arguments = vec!["target.ini", "compare"];
    arguments.extend(words);
    setup.londiste(&arguments)
}

/// Waits until `status` says so.
#[track_caller]
fn told(setup: &Setup, word: &str) {
    wait_for(SETTLE, word, || {
        let status = setup.londiste(&["target.ini", "status"]).stdout.clone();
        if status.contains(word) { Ok(()) } else { Err(format!("{status}\n{}", setup.logs())) }
    });
}

#[test]
fn the_worker_compares_by_itself_and_says_what_differs_until_it_is_mended() {
    let pair = Pair::start();
    pair.both("create table a (id int primary key, v text); create table b (id int, v text)");
    pair.source.execute(
        "insert into a select i, 'v' || i from generate_series(1, 500) i; insert into b values (1, 'x'), (2, 'y')",
    );
    let setup = Setup::new(&pair);
    setup.set("target.ini", "compare_every", "1 second");
    let port = free_port();
    setup.set("target.ini", "metrics_listen", &port.to_string());
    setup.replicate();
    told(&setup, "Compared: 2 equal");
    damage(&pair, "update a set v = 'secret' where id = 77; insert into b values (3, 'alien')");
    told(&setup, "Compared: 2 DIFFER (2 rows)");
    let log = setup.target_worker().log();
    assert!(log.contains("comparison: row differs") && log.contains("id=77"), "{log}");
    assert!(!log.contains("secret") && !log.contains("alien"), "{log}");
    let process = setup.londisted(&["status", "--json", "target.ini"]);
    let shown: serde_json::Value = serde_json::from_str(&process.stdout).expect("JSON");
    let parts = shown["jobs"][0]["parts"].as_array().expect("parts").clone();
    let part = parts.iter().find(|part| part["part"] == "compare").expect("it compares");
    assert_eq!(
        (&part["comparison"]["differ"], &part["comparison"]["differing_rows"]),
        (&2.into(), &2.into())
    );
    let text = setup.londisted(&["status", "target.ini"]);
    assert!(text.stdout.contains("2 DIFFER (2 rows)"), "{}", text.stdout);
    let metrics = get(port, "/metrics");
    for line in [
        "londiste_compared_tables{job=\"target_app\",verdict=\"differs\"} 2",
        "londiste_differing_rows{job=\"target_app\"} 2",
        "londiste_oldest_comparison_timestamp_seconds{job=\"target_app\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    wait_for(SETTLE, "the page tells it", || {
        let page = get(port, "/");
        let tells = page.contains("<h2>Comparison</h2>") && page.contains("<td class=\"bad\">2<td>");
        if tells { Ok(()) } else { Err(page) }
    });
    wait_for(SETTLE, "the worker compares nothing at the moment", || {
        let repaired = setup.londiste(&["target.ini", "repair", "--apply"]);
        if repaired.code == 0 { Ok(()) } else { Err(repaired.report()) }
    });
    told(&setup, "Compared: 2 equal");
    compare::assert_equal(&pair);
    // a table that was never compared is compared first
    setup.stop_daemon("target");
    setup.set("target.ini", "compare_every", "0");
    pair.target.execute("delete from londiste_rs.comparison");
    setup.start_daemon("target");
    damage(&pair, "delete from a where id = 5");
    let repaired = setup.londiste(&["target.ini", "repair", "--apply"]);
    repaired.expect_success();
    assert!(repaired.stdout.contains("missing on target  public.a id=5"), "{}", repaired.stdout);
    compare::assert_equal(&pair);
    // a root has nothing to compare itself with
    setup.set("source.ini", "compare_every", "1");
    setup.stop_daemon("source");
    setup.start_daemon("source");
    pair.source.execute("insert into a values (501, 'more')");
    setup.wait_caught_up(SETTLE);
    assert!(!setup.source_worker().log().contains("comparison:"), "{}", setup.source_worker().log());
    setup.set("target.ini", "compare_every", "soon");
    setup.londiste(&["target.ini", "config"]).expect_failure(1, &["compare_every", "interval"]);
}

/// Rows that differ do so until the comparison that finds them equal has ended: neither a comparison that begins, nor
/// one that is cut short, makes a table look well, and nothing is repaired by halves beside one.
#[test]
fn what_differs_does_so_until_the_next_comparison_has_ended() {
    let pair = Pair::start();
    pair.both("create table a (id int primary key, v text)");
    pair.source.execute("insert into a select i, 'v' || i from generate_series(1, 500) i");
    let setup = Setup::new(&pair);
    setup.replicate();
    damage(&pair, "update a set v = 'other' where id in (77, 78)");
    compared(&setup, &[]).expect_failure(1, &["2 rows of 1 tables differ"]);
    // the next one begins, and waits for a target that stands still
    setup.stop_daemon("target");
    pair.source.execute("insert into a values (501, 'more')");
    let mut waiting = setup.foreground("londiste", &["target.ini", "compare"], "waiting");
    wait_for(SETTLE, "it has begun", || {
        let begun = "select count(*) from londiste_rs.comparison where finished is null";
        if pair.target.number(begun) == 1 { Ok(()) } else { Err("not begun".to_owned()) }
    });
    let refused = setup.londiste(&["target.ini", "repair", "--apply"]);
    refused.expect_failure(1, &["another comparison of queue migq is at work", "compare --stop"]);
    let differs = |word: &str| {
        let status = setup.londiste(&["target.ini", "status"]).stdout.clone();
        assert!(status.contains("1 DIFFERS (2 rows)"), "{word}: {status}");
        let json = setup.londiste(&["target.ini", "status", "--json"]);
        assert!(json.stdout.contains("2 rows of 1 table differ"), "{word}: {}", json.report());
        let listed = compared(&setup, &["--status"]);
        assert!(listed.stdout.contains("2 DIFFERED the last time"), "{word}: {}", listed.report());
    };
    differs("at work");
    compared(&setup, &["--stop"]).expect_success();
    assert_eq!(waiting.wait(SETTLE), 1);
    differs("cut short");
    setup.start_daemon("target");
    setup.wait_caught_up(SETTLE);
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    compare::assert_equal(&pair);
    compared(&setup, &[]).expect_success();
    told(&setup, "Compared: 1 equal");
}

#[test]
fn the_command_goes_on_until_it_is_told_to_stop() {
    let pair = Pair::start();
    pair.both("create table a (id int primary key)");
    pair.source.execute("insert into a select generate_series(1, 100)");
    let setup = Setup::new(&pair);
    setup.replicate();
    compared(&setup, &["--every", "soon"]).expect_failure(2, &["interval"]);
    compared(&setup, &["--every", "0"]).expect_failure(2, &["6h"]);
    let mut often = setup.foreground("londiste", &["target.ini", "compare", "--every", "1"], "every");
    let said = || std::fs::read_to_string(setup.directory().join("every.out")).unwrap_or_default();
    wait_for(SETTLE, "it has compared three times", || {
        if said().matches("none differs").count() >= 3 { Ok(()) } else { Err(said()) }
    });
    damage(&pair, "insert into a values (-1)");
    wait_for(SETTLE, "it says so, and goes on", || {
        if said().matches("missing on source").count() >= 2 { Ok(()) } else { Err(said()) }
    });
    // whether it compares just now, or waits
    compared(&setup, &["--stop"]).expect_success();
    assert_eq!(often.wait(SETTLE), 0);
    assert!(said().contains("ended by compare --stop"), "{}", said());
}

#[test]
fn the_self_test_finds_what_it_has_planted_and_touches_nothing() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    pair.both("create table bare (id int primary key)");
    pair.source.execute(
        "create table parts (id int, k text collate \"C\", v int not null, \
             primary key (id, k)) partition by range (id); \
         create table parts_1 partition of parts for values from (0) to (1000); \
         create table words (w text collate \"en-x-icu\" primary key, n int)",
    );
    pair.target.execute(
        "create table parts (id int, k text collate \"C\", v int not null, primary key (id, k)); \
                         create table words (w text collate \"de-x-icu\" primary key, n int)",
    );
    pair.source.execute(
        "insert into parts select i, 'k', i from generate_series(1, 300) i; \
         insert into words select md5(i::text), i from generate_series(1, 300) i",
    );
    let setup = Setup::new(&pair);
    setup.replicate();
    let bench = Pgbench::start(&setup, 2, 100);
    compared(&setup, &["--self-test", "bare"]).expect_failure(1, &["self-test"]);
    for table in ["parts", "words", "pgbench_tellers"] {
        pair.source.execute("analyze");
        let tested = compared(&setup, &["--self-test", table]);
        tested.expect_success();
        for part in [&*format!("copy of public.{table} "), "missing on target", "all of it was found"] {
            assert!(tested.stdout.contains(part), "{part}: {}", tested.stdout);
        }
    }
    compared(&setup, &["--self-test"]).expect_success();
    bench.stop().expect_clean();
    let left = "select count(*) from pg_class where relname ~ 'self_test'";
    assert_eq!(pair.target.number(left), 0);
    assert_eq!(pair.target.number("select count(*) from londiste_rs.comparison"), 0);
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
}

/// The same rules on both sides sort alike: such a table is read range by range, by its index.
#[test]
fn texts_under_the_same_collation_are_compared_in_ranges() {
    let pair = Pair::start();
    pair.both(
        "create table names (n text collate \"en-x-icu\", i int, v int, primary key (n, i)); \
         create table others (n text collate \"en-x-icu\" primary key, v int)",
    );
    pair.target.execute("alter table others alter n type text collate \"sv-x-icu\"");
    pair.source.execute(
        "insert into names select n || i % 900, i, i from generate_series(1, 30000) i, \
                (values ('a'), ('Ä'), ('z'), ('É x'), ('-b'), ('')) w (n) where i % 6 = length(n || 'zzz') % 6; \
         insert into others select n, min(v) from names group by n; analyze",
    );
    let setup = Setup::new(&pair);
    setup.replicate();
    compared(&setup, &[]).expect_success();
    let way = "select split_part(definition, ' ', 1) from londiste_rs.comparison order by table_name";
    let ways: Vec<_> =
        pair.target.rows(way).into_iter().map(|row| row[0].clone().unwrap_or_default()).collect();
    assert_eq!(ways, ["ranges", "buckets"]);
    damage(
        &pair,
        "update names set v = -1 where i = 10; delete from names where i = 20003; \
         update others set v = -1 where n ~ 'Ä'",
    );
    let found = compared(&setup, &[]);
    found.expect_failure(1, &["differ"]);
    let count = pair.target.number("select count(*) from names where v = -1") + 1;
    assert!(found.stdout.contains(&format!("{count} DIFFER")), "{}", found.stdout);
    setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
    compared(&setup, &[]).expect_success();
    compare::assert_equal(&pair);
}

/// Rows that replay has written since, and rows that it has not.
#[test]
fn what_was_changed_since_is_compared_to_its_end() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    let setup = Setup::new(&pair);
    setup.replicate();
    compared(&setup, &[]).expect_success();
    for round in 0..4 {
        let bench = Pgbench::start(&setup, 2, 100);
        std::thread::sleep(Duration::from_millis(500));
        let changed = compared(&setup, &["--changed"]);
        changed.expect_success();
        // without a key a table is read as a whole
        assert_eq!(changed.stdout.matches("all rows:").count(), 1, "{}", changed.stdout);
        bench.stop().expect_clean();
        setup.wait_caught_up(SETTLE);
        let aid = pair.source.value("select aid from pgbench_history order by mtime desc limit 1");
        damage(&pair, &format!("update pgbench_accounts set filler = 'broken {round}' where aid = {aid}"));
        let found = compared(&setup, &["--changed", "pgbench_accounts"]);
        found.expect_failure(1, &["1 rows of 1 tables differ"]);
        assert!(found.stdout.contains(&format!("aid={aid}")), "{}", found.stdout);
        setup.londiste(&["target.ini", "repair", "--apply"]).expect_success();
        compared(&setup, &["pgbench_accounts"]).expect_success();
    }
}

/// Random damage, round after round, while the application writes the same rows: none of its changes is overtaken.
#[test]
fn random_damage_is_repaired_under_load() {
    let pair = Pair::start();
    pgbench::create(&pair, 1);
    pair.both(
        "create table heap (a int, b text); create table still (id int primary key, v text, n numeric)",
    );
    pair.source.execute(
        "insert into heap select i % 40, 'row' from generate_series(1, 400) i;
         insert into still select i, repeat('x', i % 60), i / 3.0 from generate_series(1, 5000) i; analyze",
    );
    let setup = Setup::new(&pair);
    setup.replicate();
    let bench = Pgbench::start(&setup, 2, 200);
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..5 {
        let mut sql = String::new();
        for _ in 0..20 {
            let (aid, id, a) = (random.u32(1..=100_000), random.u32(1..=5000), random.u32(0..40));
            sql += &match random.u32(0..6) {
                0 => format!("update pgbench_accounts set filler = 'r{round}' where aid = {aid};"),
                1 => {
                    format!("insert into pgbench_accounts values (-{aid}, 1, 0, '') on conflict do nothing;")
                }
                2 => format!("delete from still where id = {id};"),
                3 => format!("update still set v = v || '?', n = null where id = {id};"),
                4 => format!("delete from heap where ctid = (select ctid from heap where a = {a} limit 1);"),
                _ => format!("insert into heap values ({a}, 'row'), ({a}, null);"),
            };
        }
        damage(&pair, &sql);
        let found = compared(&setup, &[]);
        assert_eq!(found.code, 1, "seed {seed}\n{}", found.report());
        let repaired = setup.londiste(&["target.ini", "repair", "--apply"]);
        assert_eq!(repaired.code, 0, "seed {seed}\n{}", repaired.report());
        let now = compared(&setup, &[]);
        assert_eq!(now.code, 0, "seed {seed}\n{}", now.report());
    }
    bench.stop().expect_clean();
    setup.wait_caught_up(SETTLE);
    compare::assert_equal(&pair);
    assert!(!setup.londiste(&["target.ini", "tables"]).stdout.contains("ERR"));
}
